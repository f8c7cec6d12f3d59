"""What Application Auto Scaling asks of the scaling of a variant as a whole, which no shape says."""

import re
from collections.abc import Iterator
from typing import Final

from policies.blueprint.model import POLICY_TYPES
from policies.blueprint.reading import Members, items, members, named, number
from policies.errors import Problem

_SCHEDULE: Final = re.compile(r"(at|cron|rate)\(.+\)")
_OFFERED: Final = ("TargetTrackingScalingPolicyConfiguration", "StepScalingPolicyConfiguration")
_METRICS: Final = ("PredefinedMetricSpecification", "CustomizedMetricSpecification")
_VARIANT_METRIC: Final = "SageMakerVariant"


def scaling_problems(scaling: Members, config: Members, path: str = "scaling") -> Iterator[Problem]:
    """Yield what is wrong with the scaling of each variant."""
    variants = {variant.get("VariantName"): variant for variant in items(config.get("ProductionVariants"))}
    for name, scaled in named(scaling).items():
        where, variant = f"{path}.{name}", variants.get(name)
        if variant is None:
            known = ", ".join(str(each) for each in variants if each)
            yield Problem(where, "there is no production variant of that name", f"there is {known}" if known else "")
        else:
            yield from _capacities(scaled, variant, asynchronous="AsyncInferenceConfig" in config, path=where)
        yield from _bounds(scaled, ("min", "max"), where)
        for policy, content in named(members(scaled.get("policies"))).items():
            yield from _policy(content, f"{where}.policies.{policy}")
        for action, content in named(members(scaled.get("scheduled"))).items():
            yield from _action(content, f"{where}.scheduled.{action}")


def _bounds(document: Members, names: tuple[str, str], path: str) -> Iterator[Problem]:
    least, most = (number(document.get(name)) for name in names)
    if least is not None and most is not None and least > most:
        yield Problem(f"{path}.{names[0]}", f"is {least:g}, more than {names[1]}, {most:g}")


def _capacities(scaled: Members, variant: Members, *, asynchronous: bool, path: str) -> Iterator[Problem]:
    serverless = variant.get("ServerlessConfig")
    if serverless is not None:
        yield from _concurrency(scaled, members(serverless), path)
    elif scaled.get("min") == 0 and "ModelName" in variant and not asynchronous:
        yield Problem(f"{path}.min", "is 0; a variant that answers at once keeps an instance", "write 1 or more")


def _concurrency(scaled: Members, serverless: Members, path: str) -> Iterator[Problem]:
    """Of a serverless variant the provisioned concurrency is scaled, so there has to be some."""
    if "ProvisionedConcurrency" not in serverless:
        what = "what scales of a serverless variant is its ProvisionedConcurrency, and it has none"
        yield Problem(path, what, "give it some, or remove its scaling")
    highest, most = number(scaled.get("max")), number(serverless.get("MaxConcurrency"))
    if highest is not None and most is not None and highest > most:
        yield Problem(f"{path}.max", f"is {highest:g}, more than the variant's MaxConcurrency, {most:g}")


def _policy(policy: Members, path: str) -> Iterator[Problem]:
    given = [member for member in POLICY_TYPES if member in policy]
    if len(given) != 1 or given[0] not in _OFFERED:
        told = " and ".join(given) or "none"
        yield Problem(path, f"exactly one of {' and '.join(_OFFERED)} is possible, not {told}")
        return
    fitting, typed = POLICY_TYPES[given[0]], policy.get("PolicyType")
    if typed is not None and typed != fitting:
        yield Problem(f"{path}.PolicyType", f"is {typed!r} with {given[0]}", f"write {fitting}, or leave it out")
    if given[0] == _OFFERED[0]:
        yield from _tracking(members(policy[given[0]]), f"{path}.{given[0]}")


def _tracking(tracking: Members, path: str) -> Iterator[Problem]:
    given = [member for member in _METRICS if member in tracking]
    if len(given) != 1:
        told = "both are" if given else "neither is"
        yield Problem(path, f"exactly one of {' and '.join(_METRICS)} is possible, and {told} there")
    kind = members(tracking.get(_METRICS[0])).get("PredefinedMetricType")
    if isinstance(kind, str) and not kind.startswith(_VARIANT_METRIC):
        where = f"{path}.{_METRICS[0]}.PredefinedMetricType"
        what = f"{kind!r} is no metric of a SageMaker variant"
        yield Problem(where, what, f"write one that begins with {_VARIANT_METRIC}")


def _action(action: Members, path: str) -> Iterator[Problem]:
    schedule = action.get("Schedule")
    if schedule is None:
        yield Problem(f"{path}.Schedule", "is required")
    elif isinstance(schedule, str) and not _SCHEDULE.fullmatch(schedule):
        remedy = "write at(2026-01-31T12:00:00), cron(0 8 * * ? *) or rate(1 day)"
        yield Problem(f"{path}.Schedule", f"{schedule!r} is no schedule", remedy)
    wanted = members(action.get("ScalableTargetAction"))
    if not wanted:
        yield Problem(f"{path}.ScalableTargetAction", "is required", "give MinCapacity, MaxCapacity, or both")
    yield from _bounds(wanted, ("MinCapacity", "MaxCapacity"), f"{path}.ScalableTargetAction")
