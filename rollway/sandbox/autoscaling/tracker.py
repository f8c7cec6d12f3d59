"""Lets target tracking policies act: each new minute of metrics is judged once, and the variants' policies decide together.

After a pause only the latest minute is judged. The decision itself is ``tracking``.
"""

from datetime import datetime, timedelta
from typing import Final

from rollway.sandbox.autoscaling.acting import Acting, Reach
from rollway.sandbox.autoscaling.activities import Activities, Trigger
from rollway.sandbox.autoscaling.loads import latest_minute, read_loads
from rollway.sandbox.autoscaling.policies import TARGET_TRACKING
from rollway.sandbox.autoscaling.registry import Policy, Registry, Target
from rollway.sandbox.autoscaling.tracking import agree, tracks_invocations, wanted_count

_COOLDOWN_S: Final = 300  # AWS's default for SageMaker


class Tracker:
    """The target tracking of one account."""

    def __init__(self, registry: Registry, reach: Reach, acting: Acting, activities: Activities) -> None:
        self._registry = registry
        self._reach = reach
        self._acting = acting
        self._activities = activities
        self._since = reach.account.clock.now()  # before there was a simulated AWS, nobody could call it
        self._judged = self._since

    def tick(self, now: datetime) -> None:
        """Judge the latest minute, if it is a new one."""
        minute = latest_minute(self._reach.metrics, now)
        if minute <= self._judged:
            return
        self._judged = minute
        for target in self._registry.targets.all():
            self._judge(target, minute)

    def _judge(self, target: Target, minute: datetime) -> None:
        instances = self._acting.count(target.of)
        policies = [policy for policy in self._registry.policies.all() if policy.of == target.of and _acts(policy)]
        if not instances or not policies:
            return
        votes = {policy.name: self._vote(policy, minute, instances) for policy in policies}
        heard = [votes[policy.name] for policy in policies if _is_heard(policy, votes[policy.name], instances)]
        wanted = agree(heard, instances)
        if wanted is None:
            return
        bounded = target.clamp(wanted)
        direction = "DynamicScalingOutSuspended" if bounded > instances else "DynamicScalingInSuspended"
        if direction not in target.suspended:
            name = next(name for name, vote in votes.items() if vote == wanted)
            self._acting.set_count(target.of, bounded, Trigger.POLICY, f"target tracking triggered policy {name}")

    def _vote(self, policy: Policy, minute: datetime, instances: int) -> int | None:
        """Return the count that a policy wants now; None while its metric is on target or it cools down."""
        loads = read_loads(self._reach.metrics, policy.of, minute, max(policy.updated, self._since))
        wanted = wanted_count(loads, instances, policy.configuration["TargetValue"])
        if wanted is None or self._cools_down(policy, grows=wanted > instances):
            return None
        return wanted

    def _cools_down(self, policy: Policy, *, grows: bool) -> bool:
        last = self._activities.last_by_policy(policy.of, grows=grows)
        if last is None:
            return False
        member = "ScaleOutCooldown" if grows else "ScaleInCooldown"
        cooldown = timedelta(seconds=policy.configuration.get(member, _COOLDOWN_S))
        return self._reach.account.clock.now() < last + cooldown


def _acts(policy: Policy) -> bool:
    return policy.kind == TARGET_TRACKING and tracks_invocations(policy.configuration)


def _is_heard(policy: Policy, vote: int | None, instances: int) -> bool:
    """Whether a vote counts: a policy that never scales in has no say in whether the others do."""
    return not policy.configuration.get("DisableScaleIn") or (vote or 0) > instances
