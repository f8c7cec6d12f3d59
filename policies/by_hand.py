"""How to do by hand what a rollout has left behind: commands of the AWS CLI. Words only."""

import json
import shlex
from collections.abc import Iterator, Mapping
from typing import Any, Final

from policies.blueprint.model import type_policy
from policies.commands import DeleteConfig, DisarmSwitch, RemoveGuard, ReplaceScaling, SetScaling
from policies.facts import ScalingTarget
from policies.leftovers import Leftover
from policies.plan import Plan

_SCALING: Final = "application-autoscaling"


def by_hand(plan: Plan, left: Leftover) -> tuple[str, ...]:
    """Return the commands that do a task by hand, in this order; none for what has to stay."""
    if left.is_final:
        return ()
    return tuple(f"{command}{_region(plan)}" for command in _commands(plan, left))


def _commands(plan: Plan, left: Leftover) -> Iterator[str]:
    match left.task:
        case DeleteConfig():
            yield _aws("sagemaker", "delete-endpoint-config", "--endpoint-config-name", left.task.config)
        case DisarmSwitch():
            switch = left.task.switch
            yield _aws("scheduler", "delete-schedule", "--group-name", switch.group, "--name", switch.name)
        case RemoveGuard():
            names = (alarm.name for alarm in left.task.guard.alarms)
            yield _aws("cloudwatch", "delete-alarms", "--alarm-names", *names)
        case SetScaling():
            yield _register(plan.endpoint, left.task.scaling)
        case ReplaceScaling():
            yield from _replace(left.task)
            yield from _remove_others(plan, left.task)
        case _ if original := plan.surroundings.target(plan.baseline.variant):
            yield _register(plan.endpoint, original)
        case _:
            ids = f"endpoint/{plan.endpoint}/variant/{plan.baseline.variant}"
            yield _aws(_SCALING, "describe-scalable-targets", "--service-namespace", "sagemaker", "--resource-ids", ids)


def _replace(task: ReplaceScaling) -> Iterator[str]:
    if task.registration is None:
        yield _input("deregister-scalable-target", _identity(task.endpoint, task.variant))
        return
    due, identity = task.registration.without_past(task.at), _identity(task.endpoint, task.variant)
    yield _register(task.endpoint, due.target(task.variant))
    for name, policy in due.scaling.policies.items():
        yield _input("put-scaling-policy", {"PolicyName": name} | identity | type_policy(policy))
    for name, action in due.scaling.scheduled.items():
        yield _input("put-scheduled-action", {"ScheduledActionName": name} | identity | action)


def _remove_others(plan: Plan, task: ReplaceScaling) -> Iterator[str]:
    """Yield the commands that remove what this rollout's other registrations have brought, and the wanted one does not have."""
    if task.registration is None or plan.scaling is None:
        return
    wanted, identity = task.registration.scaling, _identity(task.endpoint, task.variant)
    ours = [each.scaling for each in (plan.scaling.before, plan.scaling.after) if each]
    for name in sorted({name for each in ours for name in each.policies} - wanted.policies.keys()):
        yield _input("delete-scaling-policy", {"PolicyName": name} | identity)
    for name in sorted({name for each in ours for name in each.scheduled} - wanted.scheduled.keys()):
        yield _input("delete-scheduled-action", {"ScheduledActionName": name} | identity)


def _register(endpoint: str, target: ScalingTarget) -> str:
    suspended = {
        "DynamicScalingInSuspended": "scale_in" in target.suspended,
        "DynamicScalingOutSuspended": "scale_out" in target.suspended,
        "ScheduledScalingSuspended": "scheduled" in target.suspended,
    }
    bounds = {"MinCapacity": target.minimum, "MaxCapacity": target.maximum, "SuspendedState": suspended}
    return _input("register-scalable-target", _identity(endpoint, target.variant) | bounds)


def _identity(endpoint: str, variant: str) -> dict[str, Any]:
    return {
        "ServiceNamespace": "sagemaker",
        "ResourceId": f"endpoint/{endpoint}/variant/{variant}",
        "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
    }


def _input(verb: str, members: Mapping[str, Any]) -> str:
    return _aws(_SCALING, verb, "--cli-input-json", json.dumps(members, default=str))


def _aws(*words: str) -> str:
    return shlex.join(["aws", *words])


def _region(plan: Plan) -> str:
    """Return the option that names the endpoint's Region; older journals do not have it."""
    region = plan.endpoint_arn.split(":")[3] if plan.endpoint_arn else ""
    return f" --region {region}" if region else ""
