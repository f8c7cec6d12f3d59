"""What a look at the endpoint changes of what the rollout believes, beside the stories in ``golden``."""

from policies.commands import SetShares
from policies.decide import decide
from policies.lifecycle import Phase, Placement, begin, enter
from policies.observation import Observation
from tests.policies.building import BASELINE, CANDIDATE, MINUTE, START, make_endpoint, make_rollout

PLAN = make_rollout()
BESIDE, COUNTS = PLAN.side_by_side.name, {BASELINE: 4, CANDIDATE: 1}


def test_an_endpoint_at_work_is_not_taken_for_what_the_rollout_wanted() -> None:
    """Whoever deploys just then may yet be taken back by AWS: only an endpoint at rest shows that a shift has been carried out."""
    placement = Placement(config=BESIDE, shares=PLAN.split(0))
    shifting = enter(begin(PLAN), Phase.SHIFTING, START).model_copy(update={"placement": placement, "switch": "armed"})
    moving = make_endpoint(BESIDE, PLAN.split(5), COUNTS, status="Updating", pending_config="foreign")

    seen = decide(PLAN, shifting, Observation(moving, surroundings=PLAN.surroundings), START + MINUTE).state
    after = make_endpoint(BESIDE, PLAN.split(0), COUNTS)
    then = decide(PLAN, seen, Observation(after, surroundings=PLAN.surroundings), START + 2 * MINUTE)

    assert seen.placement == placement
    assert then.state.drift is None
    assert [each for each in then.commands if isinstance(each, SetShares)] == [
        SetShares(endpoint=PLAN.endpoint, shares=PLAN.split(5))
    ]
