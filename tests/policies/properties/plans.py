"""Plans of all kinds, small enough to be played through in moments."""

from hypothesis import strategies as st

from policies.blueprint.model import VariantScaling
from policies.facts import ScalingTarget
from policies.plan import Plan
from policies.registration import Registration, ScalingChange
from tests.policies.building import BASELINE, make_policy, make_rollout, make_scaling

TIMES = {"deadline": "45m", "timeouts": {"update": "10m", "rollback": "30m"}, "metrics": {"look_every": "1m"}}
PLAN = make_rollout(make_policy(**TIMES))
SCALED = make_rollout(make_policy(**TIMES), 4, make_scaling())

SCALINGS: tuple[tuple[ScalingTarget, ...], ...] = (
    (),
    (make_scaling(),),
    (make_scaling("scheduled"),),
    (make_scaling("scale_in", "scheduled"),),
)


SLO = {"slo": {"metric": "ModelLatency", "statistic": "p99", "at_most": 1e6}}
WATCHES = ({}, {"watch": "3m", "guardrails": SLO})
METRIC = {"gates": {"purchases": {"metric": "Purchase", "namespace": "Shop", "better_by": "0%"}}}
RIVALS = ((), ("fraud-v8",), ("fraud-v8", "fraud-v9"))
BLUEPRINTS = ((False, False), (True, False), (False, True), (True, True))
CLOSED = ({}, {}, {"windows": {"hours": "12:05-12:01"}}, {"windows": {"hours": "12:20-12:08", "days": "sat-sun"}})
"""Windows that close for a few minutes soon after the start, which is at noon on a Sunday."""
APPROVALS = (False, False, True, {"within": "4m"}, {"within": "4m", "otherwise": "roll_back"})
PROBES = ({}, {"probes": {"body": "1,2,3"}})


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    """Any strategy, of one to three rungs, with or without probes, watch, scaling, blueprint and switch, for any fleet."""
    strategy = draw(st.sampled_from(["canary", "blue_green", "control_twin", "shadow", "ab_test"]))
    highest = 50 if strategy == "control_twin" else 100
    shares = sorted(draw(st.sets(st.integers(1, highest), min_size=strategy != "shadow", max_size=3)))
    ladder = [{"share": share, "bake": "2m", "approval": draw(st.sampled_from(APPROVALS))} for share in shares]
    if strategy == "shadow":
        ladder.insert(0, {"share": 100, "bake": "2m", "shadow": True})
    rivals: tuple[str, ...] = ()
    if strategy == "ab_test":
        ladder = [rung | {"share": share} for rung, share in zip(ladder[:2], (30, 90), strict=False)]
        rivals = draw(st.sampled_from(RIVALS))
    policy = make_policy(
        strategy=strategy,
        stages=ladder,
        keep_control=False,
        on_drift=draw(st.sampled_from(["hold", "abort"])),
        on_crash=draw(st.sampled_from(["resume", "roll_back"])),
        dead_mans_switch={"mode": draw(st.sampled_from(["required", "none"]))},
        **draw(st.sampled_from(WATCHES)),
        **draw(st.sampled_from(PROBES)),
        **draw(st.sampled_from(CLOSED)),
        **(METRIC if strategy == "ab_test" else {}),
        **TIMES,
    )
    plan = make_rollout(policy, draw(st.sampled_from([1, 2, 7])), *draw(st.sampled_from(SCALINGS)), rivals=rivals)
    return plan if rivals else of_blueprint(plan, *draw(st.sampled_from(BLUEPRINTS)))


def of_blueprint(plan: Plan, declares: bool, moves: bool) -> Plan:  # noqa: FBT001 - drawn
    """The plan of a blueprint with a new model that declares other scaling, moves to another instance type, or both."""
    if not (declares or moves):
        return plan
    live = plan.surroundings.target(BASELINE)
    before = _registered(live) if live else None
    after = Registration(scaling=VariantScaling(min=1, max=30)) if declares else before
    scaling = ScalingChange(before=before, after=after, aside=moves, declared=declares) if after else None
    return plan.model_copy(update={"new_models": {"fraud-v7": {"Containers": []}}, "scaling": scaling})


def _registered(target: ScalingTarget) -> Registration:
    return Registration(scaling=VariantScaling(min=target.minimum, max=target.maximum), suspended=target.suspended)


@st.composite
def unattended_plans(draw: st.DrawFn) -> Plan:
    """A plan that asks nobody for an approval."""
    plan = draw(plans())
    stages = tuple(stage.model_copy(update={"approval": None}) for stage in plan.stages)
    return plan.model_copy(update={"stages": stages})


WATCHED = make_rollout(make_policy(**WATCHES[1], **TIMES), 4, make_scaling("scheduled"))
