"""What a gate says in a policy file. Which kind it is shows in what it asks for; no gate needs a ``type``.

``no_worse_than`` compares the candidate with the baseline, ``at_most`` and ``at_least`` hold a metric against a fixed limit,
``requests_at_least`` asks for a minimum sample, ``share_within`` checks that the traffic really is split as ordered, ``better_by`` asks an
A/B test's challenger to be better, ``agree_at_least`` asks that a shadow answers like the baseline.
"""

import re
from datetime import timedelta
from typing import Annotated, Final, Literal, cast

from pydantic import Discriminator, Field, Tag, field_validator, model_validator

from policies.strata.names import KNOWN_COLUMNS
from policies.values import Duration, Frozen, Percent, parse_percent

LEAST_LATENCY_RATIO: Final = 1.1 - 1e-9
_POINTER: Final = re.compile(r"(?:/(?:[^~/]|~[01])*)+")
CountMetric = Literal["errors_5xx", "errors_4xx", "model_errors"]
PairedBy = Literal["inference_id", "event_id", "input"]


class Margin(Frozen):
    """How much worse than the baseline the candidate may be; where both are given, the wider one counts.

    Attributes:
        ratio: tolerated multiple of the baseline's value; 1.1 is ten percent more.
        or_absolute: tolerated difference in percentage points, as a fraction; for error rates only.
    """

    ratio: Annotated[float, Field(gt=1, le=100)]
    or_absolute: Annotated[Percent, Field(ge=0, lt=1)] = 0.0


def read_margin(value: object) -> object:
    """Read ``10%`` as the ratio 1.1; leave a margin written out as it is."""
    return {"ratio": 1 + parse_percent(value)} if isinstance(value, str) else value


class CountComparison(Frozen):
    """The candidate's error rate against the baseline's, within the same minutes.

    Attributes:
        metric: which errors are counted.
        no_worse_than: the tolerated margin.
    """

    metric: CountMetric
    no_worse_than: Margin

    _read_margin = field_validator("no_worse_than", mode="before")(read_margin)


class LatencyComparison(Frozen):
    """The candidate's model latency against the baseline's, within the same minutes.

    Attributes:
        metric: always ``latency``, SageMaker's ``ModelLatency``.
        quantile: which quantile is compared, for example 0.99; the whole distribution by default.
        no_worse_than: the tolerated margin; a ratio. CloudWatch's histogram has bins of 10 %, so a margin between two bins is rounded: up
            against a rollback, down against a promotion. 10 %, 21 %, 33 %, 46 %, 61 % need no rounding.
    """

    metric: Literal["latency"]
    quantile: Annotated[float, Field(ge=0.5, le=0.999)] | None = None
    no_worse_than: Margin

    _read_margin = field_validator("no_worse_than", mode="before")(read_margin)

    @field_validator("no_worse_than")
    @classmethod
    def _is_ratio(cls, margin: Margin) -> Margin:
        if margin.or_absolute:
            raise ValueError("or_absolute is for error rates; give latency a ratio, for example 10%")
        if margin.ratio < LEAST_LATENCY_RATIO:
            raise ValueError(f"{margin.ratio - 1:.3g} is less than CloudWatch's histogram can tell; write 10% or more")
        return margin


class AverageComparison(Frozen):
    """Any CloudWatch metric of the candidate against the baseline's, of which only an average per minute is known.

    Attributes:
        metric: CloudWatch's name; in a file of observations, the column's.
        namespace: CloudWatch namespace; it tells this gate from the others that compare.
        statistic: CloudWatch statistic.
        no_worse_than: the tolerated ratio; higher values are the worse ones.
    """

    metric: Annotated[str, Field(min_length=1, max_length=255)]
    namespace: Annotated[str, Field(min_length=1)]
    statistic: str = "Average"
    no_worse_than: Margin

    _read_margin = field_validator("no_worse_than", mode="before")(read_margin)

    @field_validator("metric")
    @classmethod
    def _has_a_name_of_its_own(cls, metric: str) -> str:
        if metric in KNOWN_COLUMNS:
            raise ValueError(
                f"{metric!r} is measured by Rollway itself; leave out the namespace, or use CloudWatch's name"
            )
        return metric

    @field_validator("no_worse_than")
    @classmethod
    def _is_ratio(cls, margin: Margin) -> Margin:
        if margin.or_absolute:
            raise ValueError("or_absolute is for error rates; give any other metric a ratio, for example 10%")
        return margin


class Threshold(Frozen):
    """A CloudWatch metric held against a fixed limit, the way a CloudWatch alarm does: M of the last N periods.

    Attributes:
        metric: CloudWatch's name, for example ``ModelLatency`` (microseconds) or ``CPUUtilization``.
        statistic: any CloudWatch statistic: ``Average``, ``p99``, ``TM(:95%)``, ``PR(:300000)``.
        at_most: upper limit, in the metric's own unit.
        at_least: lower limit, in the metric's own unit.
        namespace: CloudWatch namespace.
        arm: whose dimensions are asked for.
        dimensions: dimensions to ask for instead of the arm's.
        breaches: how many periods beyond the limit fail the gate ...
        of: ... among this many, the newest.
    """

    metric: Annotated[str, Field(min_length=1, max_length=255)]
    statistic: Annotated[
        str, Field(pattern=r"^(Average|Sum|Minimum|Maximum|SampleCount|IQM|[a-zA-Z]{1,2}[(\d].*)$")
    ] = "Average"
    at_most: float | None = None
    at_least: float | None = None
    namespace: str = "AWS/SageMaker"
    arm: Literal["candidate", "baseline"] = "candidate"
    dimensions: dict[str, str] | None = None
    breaches: Annotated[int, Field(ge=1)] = 3
    of: Annotated[int, Field(ge=1, le=1440)] = 5

    @model_validator(mode="after")
    def _has_one_limit(self) -> "Threshold":
        if (self.at_most is None) == (self.at_least is None):
            raise ValueError("give either at_most or at_least, not both")
        if self.breaches > self.of:
            raise ValueError(f"breaches ({self.breaches}) cannot be more than the periods looked at ({self.of})")
        return self


class MinimumSample(Frozen):
    """How many requests each arm must have answered within the stage.

    Attributes:
        requests_at_least: the least number, for the candidate and for the baseline each.
    """

    requests_at_least: Annotated[int, Field(ge=1)]


class TrafficSplit(Frozen):
    """Whether the candidate really gets the share that it was given.

    Attributes:
        share_within: tolerated relative deviation of the observed share.
    """

    share_within: Annotated[Percent, Field(gt=0, le=1)]


class Superiority(Frozen):
    """Whether a challenger is better than the baseline by the metric that the business goes by; for the strategy ``ab_test``.

    The application publishes the metric to CloudWatch, one value for each unit that it counts, also where nothing came of it: 0 or 1
    makes a rate, an amount a mean.

    Attributes:
        metric: CloudWatch's name.
        namespace: CloudWatch namespace.
        better_by: the least relative effect worth shipping; a challenger has to be shown better than the baseline by more than that.
        better: which values are the better ones.
        dimensions: exact CloudWatch dimensions; ``{endpoint}`` and ``{variant}`` stand for the names. One of them must tell the variant.
        looks: ``any``: looked at again and again, by evidence that allows for it, so the test may end before its time; ``once``: looked at
            once, when the bake has been measured, which shows smaller effects and never ends early.
        risk: probability of declaring any challenger better that is not, over the whole test.
        values_at_least: least number of values in each arm.
    """

    metric: Annotated[str, Field(min_length=1, max_length=255)]
    namespace: Annotated[str, Field(min_length=1)]
    better_by: Annotated[Percent, Field(ge=0, lt=1)]
    better: Literal["higher", "lower"] = "higher"
    dimensions: dict[str, str] = {"EndpointName": "{endpoint}", "VariantName": "{variant}"}
    looks: Literal["any", "once"] = "any"
    risk: Annotated[Percent, Field(gt=0, lt=0.5)] = 0.05
    values_at_least: Annotated[int, Field(ge=2)] = 100

    @field_validator("dimensions")
    @classmethod
    def _tell_the_variant(cls, dimensions: dict[str, str]) -> dict[str, str]:
        if not any("{variant}" in value for value in dimensions.values()):
            raise ValueError("no dimension tells the arms apart; write for example VariantName: '{variant}'")
        return dimensions

    def name_dimensions(self, endpoint: str, variant: str) -> dict[str, str]:
        """Return the dimensions of one arm."""
        return {
            name: value.replace("{endpoint}", endpoint).replace("{variant}", variant)
            for name, value in self.dimensions.items()
        }


class Tolerance(Frozen):
    """By how much two numbers may differ and still agree; the wider of both counts.

    Attributes:
        relative: as a part of the greater of their magnitudes.
        absolute: in their own unit.
    """

    relative: Annotated[float, Field(ge=0, lt=1)] = 1e-6
    absolute: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0.0


class Agreement(Frozen):
    """Whether a shadow answers copies of requests as the baseline answers the requests, by what data capture kept; for shadow stages.

    Attributes:
        agree_at_least: the least part of the answers that has to agree. It passes when it is shown to be more, and fails when it is shown
            to be less.
        compare: what agreeing means. ``exact``: equal values. ``numbers``: the same, but numbers may differ by the tolerance. ``label``:
            the same label, which is the answer itself, or of several scores the place (in JSON objects: the name) of the greatest.
        tolerance: by how much numbers may differ; a bare number is a relative one.
        path: JSON pointer (RFC 6901) to the part of an answer that counts, such as ``/predictions/0/score``; by default all of it. In CSV
            a pointer names row and cell: ``/0/1``.
        unpaired_at_most: tolerated part of the copied requests of which not both answers are there, because a side failed or nothing was
            captured; beyond it the gate cannot tell.
        sampled_alike: whether data capture of less than 100 % keeps the same requests of both variants, which SageMaker does not document.
        pair_by: by what two captured answers are known to belong to one request; each is tried on those that are left: the caller's
            inference id, SageMaker's event id, or an input that came only once in its minute.
        delivered_within: how long captured data may take to reach S3; younger minutes are not counted yet.
        records_per_minute: how many captured answers of each arm are compared for each minute; of more, a part is drawn by hash.
    """

    agree_at_least: Annotated[Percent, Field(gt=0, lt=1)]
    compare: Literal["exact", "numbers", "label"] = "numbers"
    tolerance: Tolerance = Tolerance()
    path: str = ""
    unpaired_at_most: Annotated[Percent, Field(ge=0, lt=1)] = 0.05
    sampled_alike: bool = False
    pair_by: Annotated[tuple[PairedBy, ...], Field(min_length=1)] = ("inference_id", "event_id", "input")
    delivered_within: Duration = timedelta(minutes=5)
    records_per_minute: Annotated[int, Field(ge=10, le=100_000)] = 1000

    @field_validator("tolerance", mode="before")
    @classmethod
    def _read_tolerance(cls, value: object) -> object:
        bare = isinstance(value, int | float | str) and not isinstance(value, bool)  # YAML takes 1e-6 for a text
        return {"relative": value} if bare else value

    @field_validator("path")
    @classmethod
    def _is_pointer(cls, path: str) -> str:
        if path and not _POINTER.fullmatch(path):
            raise ValueError(f"{path!r} is no JSON pointer; write for example /predictions/0/score")
        return path

    @field_validator("pair_by")
    @classmethod
    def _names_each_once(cls, pair_by: tuple[PairedBy, ...]) -> tuple[PairedBy, ...]:
        if len({*pair_by}) < len(pair_by):
            raise ValueError(f"{', '.join(pair_by)} names something twice; name each once")
        return pair_by


_KINDS: Final = {
    "better_by": "gate:better",
    "agree_at_least": "gate:agreement",
    "at_most": "gate:threshold",
    "at_least": "gate:threshold",
    "requests_at_least": "gate:sample",
    "share_within": "gate:split",
}
_CLASSES: Final[dict[type, str]] = {
    CountComparison: "gate:count",
    AverageComparison: "gate:average",
    LatencyComparison: "gate:latency",
    Threshold: "gate:threshold",
    MinimumSample: "gate:sample",
    TrafficSplit: "gate:split",
    Superiority: "gate:better",
    Agreement: "gate:agreement",
}


def kind_of(gate: object) -> str | None:
    """Tell a gate's kind by what it asks for."""
    if isinstance(gate, dict):
        fields = cast("dict[str, object]", gate)
        if "no_worse_than" in fields:
            if "namespace" in fields:
                return "gate:average"
            return "gate:latency" if fields.get("metric") == "latency" else "gate:count"
        return next((kind for field, kind in _KINDS.items() if field in fields), None)
    return _CLASSES.get(type(gate))


Gate = Annotated[
    Annotated[CountComparison, Tag("gate:count")]
    | Annotated[LatencyComparison, Tag("gate:latency")]
    | Annotated[AverageComparison, Tag("gate:average")]
    | Annotated[Threshold, Tag("gate:threshold")]
    | Annotated[MinimumSample, Tag("gate:sample")]
    | Annotated[TrafficSplit, Tag("gate:split")]
    | Annotated[Superiority, Tag("gate:better")]
    | Annotated[Agreement, Tag("gate:agreement")],
    Discriminator(
        kind_of,
        custom_error_type="unknown_gate",
        custom_error_message=(
            "a gate says one of no_worse_than (compare with the baseline), at_most or at_least (fixed limit), "
            "requests_at_least (minimum sample), share_within (traffic split), better_by (an A/B test's metric), "
            "agree_at_least (a shadow's answers)"
        ),
    ),
]
