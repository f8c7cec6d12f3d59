"""SageMaker's data capture, as an endpoint configuration asks for it: what a comparison of answers needs of it, and what it lacks.

This speaks SageMaker's own member names, because the document is SageMaker's own.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final, cast

from policies.endpoint_config import EndpointConfig
from policies.errors import Problem
from policies.facts import Facts
from policies.spec import Policy
from policies.values import Frozen, format_percent

_BOTH: Final = frozenset({"Input", "Output"})
_REMEDY: Final = (
    "roll out a configuration that turns it on, under config in a blueprint: DataCaptureConfig: {EnableCapture: true, "
    "InitialSamplingPercentage: 100, DestinationS3Uri: s3://BUCKET/PREFIX, CaptureOptions: [{CaptureMode: Input}, {CaptureMode: Output}]}"
)
_SAMPLE: Final = "set config.DataCaptureConfig.InitialSamplingPercentage: 100 in a blueprint"


class Capture(Frozen):
    """What is captured of an endpoint's requests.

    Attributes:
        on: whether anything is.
        sampled: which part of the requests, 0 to 1.
        destination: where to, ``s3://bucket/prefix``.
        modes: of ``Input`` and ``Output``, what is kept.
    """

    on: bool
    sampled: float
    destination: str
    modes: frozenset[str]


def read_capture(config: EndpointConfig) -> Capture:
    """Read what a configuration asks for; a member of another form than SageMaker's counts as not given."""
    given = config.fields.get("DataCaptureConfig")
    document: Mapping[str, Any] = cast("Mapping[str, Any]", given) if isinstance(given, Mapping) else {}
    options = cast("list[Mapping[str, Any]]", document.get("CaptureOptions") or [])
    modes = {str(option.get("CaptureMode")) for option in options}
    return Capture(
        on=bool(document) and document.get("EnableCapture", True) is not False,
        sampled=float(document.get("InitialSamplingPercentage") or 0) / 100,
        destination=str(document.get("DestinationS3Uri") or ""),
        modes=_BOTH if "InputAndOutput" in modes else frozenset(modes & _BOTH),
    )


def find_capture_obstacles(policy: Policy, facts: Facts) -> Iterator[Problem]:
    """Yield why a shadow's answers could not be compared under the wanted configuration, which the shadow's is derived from."""
    if policy.agreement is None:
        return
    name, gate = policy.agreement
    capture, where = read_capture(facts.wanted), f"gates.{name}"
    if not capture.on:
        yield Problem(where, "compares captured answers, and data capture is off in the wanted configuration", _REMEDY)
        return
    for mode in sorted(_BOTH - capture.modes):
        what = f"compares captured answers by their requests, and data capture leaves out the {mode.lower()}"
        yield Problem(
            where, what, f"add {{CaptureMode: {mode}}} to config.DataCaptureConfig.CaptureOptions in a blueprint"
        )
    if not capture.sampled:
        yield Problem(where, "compares captured answers, and data capture keeps 0 % of them", _SAMPLE)
    elif 1 - capture.sampled > gate.unpaired_at_most and not gate.sampled_alike:
        what = (
            f"data capture keeps {format_percent(capture.sampled)} of each variant's requests; if it draws them for each variant apart, "
            f"{format_percent(round(1 - capture.sampled, 4))} of them have no other half, and unpaired_at_most is "
            f"{format_percent(gate.unpaired_at_most)}"
        )
        yield Problem(where, what, f"{_SAMPLE}; or say sampled_alike: true if you know that it draws the same of both")
