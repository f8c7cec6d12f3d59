"""Planning: from a policy and the facts about an endpoint to everything that a rollout will need.

A plan is complete before anything is touched: the configurations it will create are in it, named by their content.
"""

from collections.abc import Sequence
from datetime import datetime

from policies.endpoint_config import (
    CANDIDATE_NAMES,
    CONTROL_NAMES,
    EndpointConfig,
    choose_name,
    creatable,
    mark,
    put_beside,
    replace_model,
)
from policies.errors import PreflightError
from policies.facts import Facts, Surroundings
from policies.preflight import find_obstacles
from policies.spec import Policy
from policies.strategies import plan_stages
from policies.strategies.stage import Stage
from policies.switch import Switch, make_switch
from policies.values import Frozen


class Contender(Frozen):
    """One of those that serve beside one another.

    Attributes:
        variant: name of its variant.
        model: name of its SageMaker model.
        instances: how many instances serve it when the rollout begins.
    """

    variant: str
    model: str
    instances: int


class Plan(Frozen):
    """All that a rollout will do, decided beforehand.

    Attributes:
        rollout_id: unique name of the rollout.
        endpoint: the endpoint's name.
        baseline: what serves now.
        candidate: what may replace it.
        control: a fresh twin of the baseline that the candidate is compared with; None where it is compared with the baseline itself.
        original: the configuration that the endpoint runs on now, and returns to if anything fails.
        side_by_side: that configuration with the candidate, and the control if there is one, beside the baseline.
        promoted: that configuration with the baseline's model replaced by the candidate's.
        stages: the ladder, and the watch after the promotion if there is one.
        policy: the policy that all this follows from.
        surroundings: the endpoint's tags and scaling when the rollout began.
        switch: the dead-man's switch; None when the policy wants none.
        started_at: when the rollout begins; its deadline counts from here.
    """

    rollout_id: str
    endpoint: str
    baseline: Contender
    candidate: Contender
    control: Contender | None = None
    original: EndpointConfig
    side_by_side: EndpointConfig
    promoted: EndpointConfig
    stages: tuple[Stage, ...]
    policy: Policy
    started_at: datetime
    surroundings: Surroundings = Surroundings()
    switch: Switch | None = None

    @property
    def compared(self) -> Contender:
        """Whom the candidate is compared with."""
        return self.control or self.baseline

    @property
    def newcomers(self) -> tuple[Contender, ...]:
        """Who serves beside the baseline while the rollout lasts."""
        return (self.control, self.candidate) if self.control else (self.candidate,)

    def split(self, candidate_share: float) -> dict[str, float]:
        """Return the shares of all variants for a share of the candidate, in percent; the control gets as much as the candidate."""
        shares = {newcomer.variant: candidate_share for newcomer in self.newcomers}
        return {self.baseline.variant: 100 - sum(shares.values()), **shares}


def make_plan(policy: Policy, facts: Facts, rollout_id: str, started_at: datetime) -> Plan:
    """Plan a rollout.

    Raises:
        PreflightError: with every reason why this rollout cannot start as things stand.
    """
    obstacles = find_obstacles(facts)
    if obstacles:
        raise PreflightError(obstacles)
    (live,) = facts.endpoint.variants
    stages = plan_stages(policy, live.instances)
    model = facts.config.variant(live.name)["ModelName"]
    baseline = Contender(variant=live.name, model=model, instances=live.wanted_instances)
    candidate = _newcomer(facts, CANDIDATE_NAMES, facts.model, stages[0])
    control = _newcomer(facts, CONTROL_NAMES, model, stages[0]) if policy.strategy == "control_twin" else None
    return Plan(
        rollout_id=rollout_id,
        endpoint=facts.endpoint.name,
        baseline=baseline,
        candidate=candidate,
        control=control,
        original=creatable(facts.config),
        side_by_side=mark(_side_by_side(facts, baseline, *([control] if control else []), candidate), rollout_id),
        promoted=mark(replace_model(facts.config, facts.endpoint.name, facts.model), rollout_id),
        stages=stages,
        policy=policy,
        started_at=started_at,
        surroundings=facts.surroundings,
        switch=make_switch(policy.dead_mans_switch, rollout_id, facts.endpoint.arn),
    )


def _newcomer(facts: Facts, names: Sequence[str], model: str, first: Stage) -> Contender:
    return Contender(variant=choose_name(facts.config, names), model=model, instances=first.instances)


def _side_by_side(facts: Facts, baseline: Contender, *newcomers: Contender) -> EndpointConfig:
    models = {newcomer.variant: newcomer.model for newcomer in newcomers}
    instances = {contender.variant: contender.instances for contender in (baseline, *newcomers)}
    return put_beside(facts.config, facts.endpoint.name, models, instances)
