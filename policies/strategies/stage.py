"""A stage, planned: what a strategy hands to the loop."""

from policies.approvals.spec import Approval
from policies.values import Duration, Frozen


class Stage(Frozen):
    """One rung: a traffic split, its capacity, a bake, its gates.

    Attributes:
        share: percent of traffic that the candidate gets.
        instances: how many instances the candidate has by then; the control twin, where there is one, has as many.
        bake: least time at this share, as seen in the metrics.
        gates: names of the gates that must pass.
        approval: how a person has to approve before the candidate gets more; None where nobody has to.
        shadow: whether the candidate gets copies of that percentage of the requests, and its answers nobody.
        guarded: whether SageMaker itself moves that percentage to the new fleet, and goes on by its own clock.
        watch: whether this is the watch after the promotion: the candidate serves alone, under the baseline's name.
        why: what the number of instances rests on.
    """

    share: float
    instances: int
    bake: Duration
    gates: tuple[str, ...]
    approval: Approval = None
    shadow: bool = False
    guarded: bool = False
    watch: bool = False
    why: str = ""
