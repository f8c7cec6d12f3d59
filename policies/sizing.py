"""Giving the stages of a plan their instances: what the strategy wants, raised to what the measured load calls for."""

from collections.abc import Iterable

from policies.capacity import Count, Sizing
from policies.spec import Policy
from policies.strategies.canary import share_of
from policies.strategies.stage import Stage

_WHOLE = 100.0


def size_stages(policy: Policy, stages: Iterable[Stage], sizing: Sizing, alone: Count) -> tuple[Stage, ...]:
    """Return the stages with their instances and what these rest on; the count never falls on the way up.

    Args:
        policy: the policy that the stages are of.
        stages: as the strategy wants them.
        sizing: what counts follow from.
        alone: what the candidate has once it serves alone.
    """
    sized: list[Stage] = []
    for index, stage in enumerate(stages):
        count = alone if stage.watch else _count(policy, index, stage, sizing)
        if sized and not (sized[-1].shadow or stage.watch) and count.instances < sized[-1].instances:
            count = Count(instances=sized[-1].instances, why="no fewer than at the stage before")
        sized.append(stage.model_copy(update=count.model_dump()))
    return tuple(sized)


def _count(policy: Policy, index: int, stage: Stage, sizing: Sizing) -> Count:
    given = policy.stages[index].instances
    if given is not None:
        return Count(instances=stage.instances, why="as the policy says")
    whole = policy.strategy == "blue_green"
    return sizing.raise_to_load(_unmeasured(stage, sizing.baseline), _WHOLE if whole else stage.share)


def _unmeasured(stage: Stage, baseline: int) -> Count:
    """Say what the strategy's count rests on."""
    if stage.instances == baseline:
        why = f"as many as the baseline, {baseline}"
    elif stage.instances == share_of(baseline, stage.share):
        why = f"{stage.share:g} % of the baseline's {baseline}"
    else:
        why = "no fewer than at the stage before"
    return Count(instances=stage.instances, why=why)
