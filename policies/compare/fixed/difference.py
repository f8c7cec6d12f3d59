"""What every two-sample test answers: how large the difference is, how sure that is, and the same in one sentence."""

from dataclasses import dataclass
from enum import StrEnum


class Measure(StrEnum):
    """What a difference is measured in."""

    MEANS = "difference of means"
    SHIFT = "typical shift"
    RATES = "difference of rates"
    RATIO = "ratio of means"
    DISTANCE = "largest gap between the distributions"

    @property
    def neutral(self) -> float:
        """The value that says "no difference"."""
        return 1.0 if self is Measure.RATIO else 0.0

    def show(self, value: float) -> str:
        """Write a value of this measure."""
        match self:
            case Measure.MEANS | Measure.SHIFT:
                return f"{value:+.4g}"
            case Measure.RATES:
                return f"{100 * value:+.3g} points"
            case Measure.RATIO:
                return f"× {value:.4g}"
            case Measure.DISTANCE:
                return f"{100 * value:.3g} points"


@dataclass(frozen=True)
class Interval:
    """A confidence interval; an end that the sample cannot bound is infinite.

    Attributes:
        low: lower end.
        high: upper end.
        level: confidence, a fraction.
    """

    low: float
    high: float
    level: float

    def __contains__(self, value: float) -> bool:
        return self.low <= value <= self.high


@dataclass(frozen=True)
class Ratio:
    """Treatment over control.

    Attributes:
        estimate: the point estimate.
        interval: its confidence interval.
    """

    estimate: float
    interval: Interval


@dataclass(frozen=True)
class Difference:
    """Treatment against control, by one test.

    Attributes:
        test: name of the test.
        measure: what the estimate measures.
        estimate: treatment minus control, or treatment over control for a ratio.
        interval: confidence interval of the estimate.
        p_value: two-sided.
        statistic: the test's own statistic.
        control_size: requests of the control.
        treatment_size: requests of the treatment.
        ratio: treatment over control where the test gives it besides; None otherwise.
    """

    test: str
    measure: Measure
    estimate: float
    interval: Interval
    p_value: float
    statistic: float
    control_size: int
    treatment_size: int
    ratio: Ratio | None = None

    @property
    def sentence(self) -> str:
        """The difference in plain words, with its numbers."""
        show, interval = self.measure.show, self.interval
        return (
            f"{self.measure} {show(self.estimate)} ({100 * interval.level:.4g} % interval {show(interval.low)} to "
            f"{show(interval.high)}), p = {self.p_value:.2g} by {self.test} on {self.treatment_size} against "
            f"{self.control_size} requests"
        )
