"""What an A/B test sets out to compare, settled before its data are seen."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Literal

from policies.compare.fixed.difference import Difference
from policies.compare.fixed.means import compare_means
from policies.compare.fixed.rates import compare_rates
from policies.compare.fixed.ratio import compare_ratio
from policies.compare.fixed.sample import Sample
from policies.compare.fixed.shape import compare_shape
from policies.compare.fixed.shift import compare_shift

Kind = Literal["mean", "rate", "ratio", "shift", "distribution"]
"""What is compared of a metric, and so by which test: see ``TESTS``."""

TESTS: Final[Mapping[Kind, Callable[[Sample, Sample, float], Difference]]] = {
    "mean": compare_means,
    "rate": compare_rates,
    "ratio": compare_ratio,
    "shift": compare_shift,
    "distribution": compare_shape,
}
"""The test of each kind, from control, treatment and confidence level."""


@dataclass(frozen=True)
class Metric:
    """One metric of an A/B test.

    Attributes:
        name: what reports call it.
        kind: what is compared of it.
        column: the column of its values; 0 or 1 for a rate.
        trials: for a rate that arrives as counts: the column of trials, where ``column`` counts the events among them.
        better: which way is better; None where neither is, or where a difference has no direction.
    """

    name: str
    kind: Kind
    column: str
    trials: str | None = None
    better: Literal["lower", "higher"] | None = None

    def __post_init__(self) -> None:
        """Refuse a declaration that contradicts itself.

        Raises:
            ValueError: when it does.
        """
        if self.kind not in TESTS:
            raise ValueError(f"metric {self.name!r}: there is no kind {self.kind!r}; write one of {', '.join(TESTS)}")
        if self.trials is not None and self.kind != "rate":
            raise ValueError(f"metric {self.name!r}: only a rate has trials, and this is a {self.kind}; leave them out")
        if self.better is not None and self.kind == "distribution":
            raise ValueError(f"metric {self.name!r}: a gap between distributions is never better; leave `better` out")


@dataclass(frozen=True)
class Design:
    """What is compared with what, and at which risk.

    Attributes:
        control: the variant that the others are compared with.
        treatments: the other variants. All of them are named here, so that one without any request is seen to be missing.
        metrics: what is measured.
        alpha: the risk of any false claim in the whole report.
        variant_column: the column that names each row's variant.
        count_column: the column that says for how many requests of exactly these values a row stands; None when each is one request. An
            average over many requests is no such value: taken for one, it would hide how much single requests vary.
    """

    control: str
    treatments: tuple[str, ...]
    metrics: tuple[Metric, ...]
    alpha: float = 0.05
    variant_column: str = "variant"
    count_column: str | None = None

    def __post_init__(self) -> None:
        """Refuse a design that cannot be carried out.

        Raises:
            ValueError: when it cannot.
        """
        if not 0 < self.alpha < 1:
            raise ValueError(f"alpha is {self.alpha}; write a fraction between 0 and 1, for example 0.05")
        for what, names in (("variant", self.variants), ("metric", tuple(metric.name for metric in self.metrics))):
            if repeated := sorted({name for name in names if names.count(name) > 1}):
                raise ValueError(f"{what} {repeated[0]!r} is named more than once; give each {what} a name of its own")
        if not self.treatments or not self.metrics:
            raise ValueError("the design names no treatment or no metric; name at least one of each")

    @property
    def variants(self) -> tuple[str, ...]:
        """The control and the treatments."""
        return (self.control, *self.treatments)

    def metric(self, name: str) -> Metric:
        """Look a metric up.

        Raises:
            ValueError: when there is none of that name.
        """
        for metric in self.metrics:
            if metric.name == name:
                return metric
        raise ValueError(
            f"the design has no metric {name!r}; it has {', '.join(metric.name for metric in self.metrics)}"
        )
