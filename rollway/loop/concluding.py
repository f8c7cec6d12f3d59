"""What a rollout leaves in its endpoint's lease, when it begins and when it has ended."""

from policies.attempts import list_tried
from policies.lifecycle import Ending, State, follow_the_winner
from policies.plan import Plan
from rollway.journal.lease import Conclusion
from rollway.journal.leases import Bid


def make_bid(plan: Plan, by: str) -> Bid:
    """Return what a rollout asks of its endpoint's lease.

    Args:
        plan: the rollout's plan.
        by: who asks, as user@host.
    """
    several = tuple(each.model for each in plan.challengers) if plan.rivals else ()
    return Bid(
        rollout_id=plan.rollout_id,
        model=plan.candidate.model,
        by=by,
        lasts=plan.policy.take_over_after,
        models=several,
        wish=plan.origin.wish if plan.origin else "",
    )


def conclude(plan: Plan, state: State, ending: Ending) -> Conclusion:
    """Return what is kept of a rollout that has ended."""
    ended = state.model_copy(update={"ending": ending})
    return Conclusion(
        model=follow_the_winner(plan, ended).candidate.model,
        tried=list_tried(plan, ended),
        serving=ending.serving,
        left=len(ending.left),
    )
