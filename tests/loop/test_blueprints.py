"""A blueprint as a rollout: what it declares besides its configuration comes true with the promotion, and leaves with a rollback."""

import asyncio
import copy
from typing import Any

import pytest

from policies.blueprint.model import Blueprint
from policies.decision import Decision
from policies.errors import PreflightError
from policies.lifecycle import Outcome, Phase
from policies.loading import parse_policy
from policies.spec import Policy
from rollway.aws.variant_scaling import ScaledVariant, read_variant_scaling
from rollway.loop.hands import PlainHands
from rollway.loop.rollout import Rollout
from rollway.loop.starting import Request, plan_rollout, start
from rollway.loop.taking_up import take_up
from rollway.loop.wanted import declared_config
from tests.loop.rehearsal import CONFIG, ENDPOINT, POLICY, QUICK, ROLE, SCALABLE, Rehearsal, model

VARIANT = ScaledVariant(ENDPOINT, "AllTraffic", "instances")
SAME, LARGER = "ml.m6i.xlarge", "ml.m6i.2xlarge"
NEW = {
    "PrimaryContainer": {"Image": "123456789012.dkr.ecr.us-east-1.amazonaws.com/fraud:2", "Environment": {"A": "1"}},
    "ExecutionRoleArn": ROLE,
    "Tags": [{"Key": "team", "Value": "risk"}],
}
LOAD = {
    "TargetTrackingScalingPolicyConfiguration": {
        "TargetValue": 900.0,
        "PredefinedMetricSpecification": {"PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"},
    }
}
CPU = {
    "TargetTrackingScalingPolicyConfiguration": {
        "TargetValue": 60.0,
        "CustomizedMetricSpecification": {
            "MetricName": "CPUUtilization",
            "Namespace": "/aws/sagemaker/Endpoints",
            "Statistic": "Average",
            "Dimensions": [{"Name": "EndpointName", "Value": ENDPOINT}, {"Name": "VariantName", "Value": "AllTraffic"}],
        },
        "ScaleInCooldown": 600,
    }
}
MORNING = {"Schedule": "rate(5 days)", "ScalableTargetAction": {"MinCapacity": 4}}
SCALING: dict[str, Any] = {
    "min": 1,
    "max": 9,
    "policies": {"load": LOAD, "cpu": CPU},
    "scheduled": {"morning": MORNING},
}
SHORT = QUICK | {"stages": [{"share": 60, "bake": "2m"}]}
WATCHED = SHORT | {
    "watch": "2m",
    "guardrails": {"slo": {"metric": "Invocation5XXErrors", "at_most": 0.1, "breaches": 2, "of": 3}},
}


def blueprint(scaling: dict[str, Any] | None = None, **variant: Any) -> Blueprint:
    """The live configuration with a model that is not there yet, and whatever is said of its variant and its scaling."""
    fields = {
        name: copy.deepcopy(value) for name, value in CONFIG.items() if name not in {"EndpointConfigName", "Tags"}
    }
    fields["ProductionVariants"][0] |= {"ModelName": "fraud-v8"} | variant
    parts = {"endpoint": ENDPOINT, "models": {"fraud-v8": NEW}, "config": fields, "tags": {"team": "risk"}}
    return Blueprint.model_validate(parts | ({"scaling": {"AllTraffic": scaling}} if scaling else {}))


def request(declared: Blueprint, policy: Policy) -> Request:
    """The request for a rollout of a blueprint."""
    return Request(ENDPOINT, "", policy, declared_config(declared), blueprint=declared)


def begin(rehearsal: Rehearsal, declared: Blueprint, policy: dict[str, Any] = SHORT) -> Rollout:
    """Start a rollout of a blueprint."""
    rehearsal.rate_per_s = 1.0
    rehearsal.models.setdefault("fraud-v8", model(5))
    plan = plan_rollout(rehearsal.aws, request(declared, parse_policy(POLICY | policy)), rehearsal.now())
    rehearsal.rollout = start(plan, rehearsal.store, PlainHands(rehearsal.aws, rehearsal.timing))
    return rehearsal.rollout


def scaling_of(rehearsal: Rehearsal) -> tuple[Any, Any]:
    """The variant's scaling as it reads back, and what is suspended of it; nothing without a registration."""
    found = read_variant_scaling(rehearsal.aws, VARIANT)
    return (None, None) if found is None else (found.model_dump(), rehearsal.scaling()["SuspendedState"])


def models_of(rehearsal: Rehearsal) -> set[str]:
    """The models that SageMaker knows."""
    return {each["ModelName"] for each in rehearsal.aws.sagemaker.list_models()["Models"]}


def register_own(rehearsal: Rehearsal) -> None:
    """Have autoscaling look after the endpoint before the rollout: a policy and a scheduled action that no blueprint declares."""
    rehearsal.register_scaling(2, 6)
    client = rehearsal.aws.application_autoscaling
    tracking = LOAD["TargetTrackingScalingPolicyConfiguration"] | {"TargetValue": 300.0}
    client.put_scaling_policy(
        PolicyName="old",
        PolicyType="TargetTrackingScaling",
        **SCALABLE,
        TargetTrackingScalingPolicyConfiguration=tracking,
    )
    client.put_scheduled_action(
        ScheduledActionName="evening",
        Schedule="at(2026-07-01T20:00:00)",
        ScalableTargetAction={"MaxCapacity": 3},
        **SCALABLE,
    )


def differing(rehearsal: Rehearsal, wanted: dict[str, Any]) -> dict[str, Any]:
    """What of the variant's scaling is not as a blueprint declares it."""
    found, _ = scaling_of(rehearsal)
    declared = Blueprint.model_validate(blueprint(wanted)).scaling["AllTraffic"].model_dump()
    typed = {name: {"PolicyType": "TargetTrackingScaling"} | each for name, each in declared["policies"].items()}
    return {key: found[key] for key, value in (declared | {"policies": typed}).items() if found[key] != value}


@pytest.mark.parametrize(
    ("scaled", "kind"), [(True, SAME), (True, LARGER), (False, SAME)], ids=["replaced", "moved", "new"]
)
def test_a_promoted_endpoint_is_scaled_as_declared(rehearsal: Rehearsal, scaled: bool, kind: str):  # noqa: FBT001 - a case
    """Exactly that stands when the rollout first counts as promoted, and in the end nothing of it is suspended."""
    if scaled:
        register_own(rehearsal)
    found: list[dict[str, Any]] = []

    def watch(rehearsal: Rehearsal, decision: Decision) -> None:
        if decision.state.ending:
            found.append(differing(rehearsal, SCALING))

    rehearsal.watch = watch
    ending = rehearsal.drive(begin(rehearsal, blueprint(SCALING, InstanceType=kind)))

    assert ending.outcome is Outcome.PROMOTED, ending.reason
    assert found[0] == {}
    assert differing(rehearsal, SCALING) == {}
    assert not any(scaling_of(rehearsal)[1].values())
    assert "fraud-v8" in models_of(rehearsal)


@pytest.mark.parametrize(
    ("scaled", "kind"), [(True, SAME), (False, LARGER)], ids=["scaled before", "not scaled before, and moved"]
)
def test_a_promotion_that_the_watch_takes_back_leaves_the_earlier_scaling(
    rehearsal: Rehearsal,
    scaled: bool,  # noqa: FBT001 - a case
    kind: str,
):
    """The endpoint's own scaling is as it was to the last member, or there is none again; the model stays, and that is said."""
    if scaled:
        register_own(rehearsal)
    before, seen = scaling_of(rehearsal), list[dict[str, Any]]()

    def watch(rehearsal: Rehearsal, decision: Decision) -> None:
        if decision.state.phase is Phase.BAKING and decision.state.registration == "after":
            seen.append(differing(rehearsal, SCALING))
            rehearsal.models["fraud-v8"] = model(6, failing=0.5)

    rehearsal.watch = watch
    ending = rehearsal.drive(begin(rehearsal, blueprint(SCALING, InstanceType=kind), WATCHED))

    assert ending.outcome is Outcome.ROLLED_BACK
    assert seen[0] == {}
    assert scaling_of(rehearsal) == before
    assert rehearsal.endpoint()["EndpointConfigName"] == CONFIG["EndpointConfigName"]
    assert "model fraud-v8, created for this rollout, stays" in ending.reason
    assert "fraud-v8" in models_of(rehearsal)


def test_a_rollback_before_the_promotion_never_touches_the_policies(rehearsal: Rehearsal):
    """A candidate that fails its gates leaves bounds, policies, scheduled actions and suspensions as they were."""
    register_own(rehearsal)
    before = scaling_of(rehearsal)
    rehearsal.models["fraud-v8"] = model(3, failing=0.5)

    ending = rehearsal.drive(begin(rehearsal, blueprint(SCALING)))

    assert ending.outcome is Outcome.ROLLED_BACK
    assert scaling_of(rehearsal) == before


def test_a_blueprint_that_says_nothing_of_scaling_carries_it_over(rehearsal: Rehearsal):
    """Policies and scheduled actions are as before, though AWS moves a variant to another instance type only without them."""
    register_own(rehearsal)
    before = scaling_of(rehearsal)

    ending = rehearsal.drive(begin(rehearsal, blueprint(InstanceType=LARGER)))

    assert ending.outcome is Outcome.PROMOTED, ending.reason
    assert scaling_of(rehearsal) == before


def test_scaling_that_aws_turns_down_takes_the_promotion_back(rehearsal: Rehearsal):
    """A policy that AWS does not take is no promotion: model and scaling go back together."""
    register_own(rehearsal)
    before = scaling_of(rehearsal)
    bad = copy.deepcopy(LOAD) | {"TargetTrackingScalingPolicyConfiguration": {"TargetValue": -1.0}}

    ending = rehearsal.drive(begin(rehearsal, blueprint(SCALING | {"policies": {"load": LOAD, "bad": bad}})))

    assert ending.outcome is Outcome.ROLLED_BACK
    assert "PutScalingPolicy" in ending.reason
    assert scaling_of(rehearsal) == before


def test_scaling_survives_the_death_of_every_process(rehearsal: Rehearsal):
    """A process dies after every request that changes the scaling, on the way up and back; the next one ends with it as it must be."""
    register_own(rehearsal)
    before, promoted, killed = scaling_of(rehearsal), list[dict[str, Any]](), set[str]()
    rollout = begin(rehearsal, blueprint(SCALING, InstanceType=LARGER), WATCHED)

    def watch(rehearsal: Rehearsal, decision: Decision) -> None:
        if decision.state.registration == "after":
            promoted.append(differing(rehearsal, SCALING))
            rehearsal.models["fraud-v8"] = model(6, failing=0.5)

    rehearsal.watch = watch
    outcome = _outlive_deaths(rehearsal, rollout, killed)

    assert {f"DeregisterScalableTarget while {phase}" for phase in ("promoting", "rolling back")} <= killed
    assert {f"PutScheduledAction while {phase}" for phase in ("promoting", "cleaning up")} <= killed
    assert promoted[0] == {}
    assert (outcome, scaling_of(rehearsal)) == (Outcome.ROLLED_BACK, before)


def test_a_model_with_other_content_is_refused_before_anything(rehearsal: Rehearsal):
    """It is told in what they differ and what to do; nothing is created."""
    other = copy.deepcopy(NEW) | {"EnableNetworkIsolation": True}
    rehearsal.aws.sagemaker.create_model(ModelName="fraud-v8", **other)
    before = len(rehearsal.cloud.request_log.entries())

    with pytest.raises(
        PreflightError, match=r"models\.fraud-v8: exists already with other content: EnableNetworkIsolation"
    ):
        begin(rehearsal, blueprint())

    asked = {entry.operation for entry in rehearsal.cloud.request_log.entries()[before:]}
    assert not any(name.startswith(("Create", "Update", "Put", "Register")) for name in asked)


def test_a_declared_model_that_is_there_is_used_as_it_is(rehearsal: Rehearsal):
    """The same content under the same name is no obstacle, and nothing that this rollout has created."""
    rehearsal.aws.sagemaker.create_model(ModelName="fraud-v8", **NEW)

    rollout = begin(rehearsal, blueprint())

    assert (rollout.plan.new_models, rollout.plan.candidate.model) == ({}, "fraud-v8")


def test_everything_that_a_blueprint_cannot_have_is_told_at_once(rehearsal: Rehearsal):
    """Bounds that would change the count at once, and an action that is never due again, are told together."""
    past = {"Schedule": "at(2026-05-01T00:00:00)", "ScalableTargetAction": {"MinCapacity": 4}}
    declared = blueprint(SCALING | {"min": 3, "scheduled": {"launch": past}})

    with pytest.raises(PreflightError) as refused:
        begin(rehearsal, declared)

    assert [problem.where for problem in refused.value.problems] == [
        "scaling.AllTraffic",
        "scaling.AllTraffic.scheduled.launch",
    ]


def test_a_stranger_who_changes_the_declared_scaling_keeps_his(rehearsal: Rehearsal):
    """Bounds that somebody sets during the watch hold the rollout; aborted, it does not put the earlier ones in their place."""
    register_own(rehearsal)
    held: list[str] = []

    def watch(rehearsal: Rehearsal, decision: Decision) -> None:
        if decision.state.phase is Phase.BAKING and decision.state.registration == "after" and not held:
            rehearsal.aws.application_autoscaling.register_scalable_target(**SCALABLE, MinCapacity=1, MaxCapacity=7)
        if decision.action == "hold" and not held:
            held.append(decision.reason)
            rehearsal.signal("abort")

    rehearsal.watch = watch
    ending = rehearsal.drive(begin(rehearsal, blueprint(SCALING), WATCHED))

    assert ending.outcome is Outcome.ABORTED
    assert "changed the scaling of AllTraffic to 1 to 7 instances; this rollout left it at 1 to 9 instances" in held[0]
    assert (rehearsal.scaling()["MinCapacity"], rehearsal.scaling()["MaxCapacity"]) == (1, 7)


class Death(Exception):
    """The process is gone, in the middle of what it was doing."""


def _outlive_deaths(rehearsal: Rehearsal, rollout: Rollout, killed: set[str]) -> Outcome:
    """Drive a rollout, of which a process dies after each kind of changing request in each phase; the next one takes it up."""

    def die(model: Any, **_: Any) -> None:
        death = f"{model.name} while {rollout.state.phase}"
        if not model.name.startswith("Describe") and rollout.state.phase is not Phase.PREPARING and death not in killed:
            killed.add(death)
            raise Death

    rehearsal.aws.application_autoscaling.meta.events.register("after-call", die)
    while True:
        try:
            decision = asyncio.run(rollout.tick(rehearsal.now()))
        except Death:
            taken_up = take_up(rehearsal.store, ENDPOINT, rehearsal.hands(), rehearsal.now(), force=True)
            assert taken_up is not None
            rollout = taken_up
            continue
        rehearsal.see(rollout.plan, decision, rehearsal.now())
        if decision.action == "finish" and decision.state.ending:
            return decision.state.ending.outcome
        rehearsal.pass_time(decision.next_look)
