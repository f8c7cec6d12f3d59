"""What Application Auto Scaling asks of the scaling of a variant as a whole, which no shape says."""

import re
from collections.abc import Iterator
from functools import partial
from typing import Final

from policies.blueprint.document import Named, Section, as_mapping
from policies.blueprint.faults import Fault, Found, Wrong, apply
from policies.blueprint.model import POLICY_TYPES

_SCHEDULE: Final = re.compile(r"(at|cron|rate)\(.+\)")
_OFFERED: Final = ("TargetTrackingScalingPolicyConfiguration", "StepScalingPolicyConfiguration")
_METRICS: Final = ("PredefinedMetricSpecification", "CustomizedMetricSpecification")
_VARIANT_METRIC: Final = "SageMakerVariant"


def find_scaling_faults(scaling: Section, config: Section) -> Iterator[Found]:
    """Yield what is wrong with the scaling of each variant."""
    for name, content in scaling.members.items():
        scaled = Section(scaling.at(Named(name)), as_mapping(content))
        yield from apply(Fault.SCALING, partial(_variant, str(name), scaled, config))
        yield from apply(Fault.SCALING, partial(_bounds, scaled, ("min", "max")))
        for part, rule in (("policies", _policy), ("scheduled", _action)):
            held = Section(scaled.at(part), as_mapping(scaled.members.get(part)))
            for key, value in held.members.items():
                yield from apply(Fault.SCALING, partial(rule, Section(held.at(str(key)), as_mapping(value))))


def _bounds(document: Section, names: tuple[str, str]) -> Iterator[Wrong]:
    least, most = (document.number(name) for name in names)
    if least is not None and most is not None and least > most:
        yield document.at(names[0]), f"is {least:g}, more than {names[1]}, {most:g}", ""


def _variant(name: str, scaled: Section, config: Section) -> Iterator[Wrong]:
    variants = {variant.text("VariantName"): variant for variant in config.items("ProductionVariants")}
    variant = variants.get(name)
    if variant is None:
        known = ", ".join(each for each in variants if each)
        yield scaled.path, "there is no production variant of that name", f"there is {known}" if known else ""
    elif variant.has("ServerlessConfig"):
        yield from _concurrency(scaled, variant.section("ServerlessConfig"))
    elif scaled.number("min") == 0 and variant.has("ModelName") and not config.has("AsyncInferenceConfig"):
        yield scaled.at("min"), "is 0; a variant that answers at once keeps an instance", "write 1 or more"


def _concurrency(scaled: Section, serverless: Section) -> Iterator[Wrong]:
    """Of a serverless variant the provisioned concurrency is scaled, so there has to be some."""
    if not serverless.has("ProvisionedConcurrency"):
        what = "what scales of a serverless variant is its ProvisionedConcurrency, and it has none"
        yield scaled.path, what, "give it some, or remove its scaling"
    highest, most = scaled.number("max"), serverless.number("MaxConcurrency")
    if highest is not None and most is not None and highest > most:
        yield scaled.at("max"), f"is {highest:g}, more than the variant's MaxConcurrency, {most:g}", ""


def _policy(policy: Section) -> Iterator[Wrong]:
    given = [member for member in POLICY_TYPES if policy.has(member)]
    if len(given) != 1 or given[0] not in _OFFERED:
        found = " and ".join(given) or "none"
        yield policy.path, f"exactly one of {' and '.join(_OFFERED)} is possible, not {found}", ""
        return
    fitting, typed = POLICY_TYPES[given[0]], policy.get("PolicyType")
    if typed is not None and typed != fitting:
        yield policy.at("PolicyType"), f"is {typed!r} with {given[0]}", f"write {fitting}, or leave it out"
    if given[0] == _OFFERED[0]:
        yield from _tracking(policy.section(given[0]))


def _tracking(tracking: Section) -> Iterator[Wrong]:
    given = [member for member in _METRICS if tracking.has(member)]
    if len(given) != 1:
        found = "both are" if given else "neither is"
        yield tracking.path, f"exactly one of {' and '.join(_METRICS)} is possible, and {found} there", ""
    predefined = tracking.section(_METRICS[0])
    kind = predefined.text("PredefinedMetricType")
    if kind and not kind.startswith(_VARIANT_METRIC):
        what = f"{kind!r} is no metric of a SageMaker variant"
        yield predefined.at("PredefinedMetricType"), what, f"write one that begins with {_VARIANT_METRIC}"


def _action(action: Section) -> Iterator[Wrong]:
    schedule = action.get("Schedule")
    if schedule is None:
        yield action.at("Schedule"), "is required", ""
    elif isinstance(schedule, str) and not _SCHEDULE.fullmatch(schedule):
        remedy = "write at(2026-01-31T12:00:00), cron(0 8 * * ? *) or rate(1 day)"
        yield action.at("Schedule"), f"{schedule!r} is no schedule", remedy
    wanted = action.section("ScalableTargetAction")
    if not wanted.members:
        yield wanted.path, "is required", "give MinCapacity, MaxCapacity, or both"
    yield from _bounds(wanted, ("MinCapacity", "MaxCapacity"))
