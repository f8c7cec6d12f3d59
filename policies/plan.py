"""Planning: from a policy and the facts about an endpoint to everything that a rollout will need.

A plan is complete before anything is touched: the configurations it will create are in it, named by their content.
"""

from datetime import datetime

from policies.endpoint_config import EndpointConfig, add_candidate, candidate_name, creatable, mark, replace_model
from policies.errors import PreflightError
from policies.facts import Facts, Surroundings
from policies.preflight import find_obstacles
from policies.spec import Policy
from policies.strategies import plan_stages
from policies.strategies.stage import Stage
from policies.switch import Switch, make_switch
from policies.values import Frozen


class Contender(Frozen):
    """One of the two that compete.

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
        original: the configuration that the endpoint runs on now, and returns to if anything fails.
        side_by_side: that configuration with the candidate beside the baseline.
        promoted: that configuration with the baseline's model replaced by the candidate's.
        stages: the ladder.
        policy: the policy that all this follows from.
        surroundings: the endpoint's tags and scaling when the rollout began.
        switch: the dead-man's switch; None when the policy wants none.
        started_at: when the rollout begins; its deadline counts from here.
    """

    rollout_id: str
    endpoint: str
    baseline: Contender
    candidate: Contender
    original: EndpointConfig
    side_by_side: EndpointConfig
    promoted: EndpointConfig
    stages: tuple[Stage, ...]
    policy: Policy
    started_at: datetime
    surroundings: Surroundings = Surroundings()
    switch: Switch | None = None

    def split(self, candidate_share: float) -> dict[str, float]:
        """Return the shares of both variants for a share of the candidate, in percent."""
        return {self.baseline.variant: 100 - candidate_share, self.candidate.variant: candidate_share}


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
    baseline = Contender(
        variant=live.name, model=facts.config.variant(live.name)["ModelName"], instances=live.wanted_instances
    )
    candidate = Contender(variant=candidate_name(facts.config), model=facts.model, instances=stages[0].instances)
    instances = {contender.variant: contender.instances for contender in (baseline, candidate)}
    return Plan(
        rollout_id=rollout_id,
        endpoint=facts.endpoint.name,
        baseline=baseline,
        candidate=candidate,
        original=creatable(facts.config),
        side_by_side=mark(add_candidate(facts.config, facts.endpoint.name, facts.model, instances), rollout_id),
        promoted=mark(replace_model(facts.config, facts.endpoint.name, facts.model), rollout_id),
        stages=stages,
        policy=policy,
        started_at=started_at,
        surroundings=facts.surroundings,
        switch=make_switch(policy.dead_mans_switch, rollout_id, facts.endpoint.arn),
    )
