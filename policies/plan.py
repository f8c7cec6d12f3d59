"""Planning: from a policy and the facts about an endpoint to everything that a rollout will need.

A plan is complete before anything is touched: the configurations it will create are in it, named by their content.
"""

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from functools import cached_property
from typing import Any

from policies.baseline import find_notes
from policies.bindings.origin import Origin
from policies.blueprint_obstacles import find_blueprint_obstacles
from policies.capacity import Count, Sizing
from policies.endpoint_config import (
    CANDIDATE_NAMES,
    CONTROL_NAMES,
    EndpointConfig,
    choose_name,
    copy_config,
    creatable,
    make,
    put_beside,
    put_in_shadow,
    replace_model,
)
from policies.errors import PreflightError
from policies.facts import Facts, Surroundings
from policies.guard import Guard, make_guard
from policies.identity import ModelIdentity, identify_model
from policies.preflight import find_obstacles, find_rival_obstacles
from policies.registration import ScalingChange, plan_scaling
from policies.sizing import size_stages
from policies.spec import Policy
from policies.strategies import plan_stages
from policies.strategies.stage import Stage
from policies.switch import Switch, make_switch
from policies.values import Frozen
from policies.windows.running_out import find_calendar_doubts


class Contender(Frozen):
    """One of those that serve beside one another.

    Attributes:
        variant: name of its variant.
        model: name of its SageMaker model; where more than the model changes, followed by the name of the new configuration.
        instances: how many instances serve it when the rollout begins.
    """

    variant: str
    model: str
    instances: int


class Rival(Frozen):
    """A further challenger of an A/B test.

    Attributes:
        contender: who it is.
        promoted: the configuration that the endpoint gets if it wins.
    """

    contender: Contender
    promoted: EndpointConfig


class Plan(Frozen):
    """All that a rollout will do, decided beforehand.

    Attributes:
        rollout_id: unique name of the rollout.
        endpoint: the endpoint's name.
        baseline: what serves now.
        candidate: what may replace it.
        rivals: the further challengers of an A/B test, who may replace it instead.
        control: a fresh twin of the baseline that the candidate is compared with; None where it is compared with the baseline itself.
        original: the configuration that the endpoint runs on now, and returns to if anything fails.
        side_by_side: that configuration with the candidate, and the control if there is one, beside the baseline. Where SageMaker's own
            guardrails move the traffic between two fleets of one variant, the same as ``promoted``.
        shadowed: that configuration with the candidate as the baseline's shadow; None where there is no such stage.
        promoted: that configuration with the baseline's model replaced by the candidate's.
        alone: how many instances the candidate has before it serves alone; None in journals from before that was planned.
        stages: the ladder, and the watch after the promotion if there is one.
        policy: the policy that all this follows from.
        surroundings: the endpoint's tags and scaling when the rollout began.
        switch: the dead-man's switch; None when the policy wants none, or a guard takes its place.
        guard: SageMaker's guardrails around the update, where they move the traffic; else None.
        new_models: models that are created first: members of ``CreateModel`` by name.
        scaling: the change of the promoted variant's scaling; None where the endpoint's own is carried over as it is.
        started_at: when the rollout begins; its deadline counts from here.
        origin: the registered version that it is for; None where a person started it.
        endpoint_arn: the endpoint's ARN; empty in older journals.
        notes: what could not be verified of the names that it relies on, a sentence each.
    """

    rollout_id: str
    endpoint: str
    baseline: Contender
    candidate: Contender
    rivals: tuple[Rival, ...] = ()
    control: Contender | None = None
    original: EndpointConfig
    side_by_side: EndpointConfig
    shadowed: EndpointConfig | None = None
    promoted: EndpointConfig
    alone: Count | None = None
    stages: tuple[Stage, ...]
    policy: Policy
    started_at: datetime
    surroundings: Surroundings = Surroundings()
    switch: Switch | None = None
    guard: Guard | None = None
    new_models: dict[str, dict[str, Any]] = {}
    scaling: ScalingChange | None = None
    origin: Origin | None = None
    endpoint_arn: str = ""
    notes: tuple[str, ...] = ()

    @property
    def compared(self) -> Contender:
        """Whom the candidate is compared with."""
        return self.control or self.baseline

    @property
    def newcomers(self) -> tuple[Contender, ...]:
        """Who serves beside the baseline while the rollout lasts."""
        return (*((self.control,) if self.control else ()), *self.challengers)

    @property
    def challengers(self) -> tuple[Contender, ...]:
        """Who may replace the baseline: the candidate, and in an A/B test its rivals."""
        return (self.candidate, *(rival.contender for rival in self.rivals))

    @property
    def models(self) -> str:
        """The models that may replace the baseline's, as one says them."""
        return " or ".join(each.model for each in self.challengers)

    @cached_property
    def judged_by(self) -> Policy:
        """The policy with the risks of a false promotion shared among the challengers."""
        return self.policy.shared_among(len(self.challengers))

    @property
    def configs(self) -> tuple[EndpointConfig, ...]:
        """Every configuration that the endpoint may run on by this rollout's doing.

        Their models are not compared any more: what an endpoint runs on already may have to be created again so that it can be left.
        """
        shadowed = (self.shadowed,) if self.shadowed else ()
        promoted = (self.promoted, *(rival.promoted for rival in self.rivals))
        every = (self.original, *shadowed, self.side_by_side, *promoted, self.original_copy)
        return tuple(config.model_copy(update={"models": {}}) for config in every)

    @property
    def original_copy(self) -> EndpointConfig:
        """The original configuration under another name: SageMaker may refuse to apply the one that an endpoint runs on already."""
        return copy_config(self.original, self.endpoint, self.rollout_id)

    def is_original(self, config: str) -> bool:
        """Whether a configuration of that name is the one that the endpoint ran on before, or its copy."""
        return config in {self.original.name, self.original_copy.name}

    def duel(self, challenger: str) -> "Plan":
        """Return the same plan seen as a rollout of the challenger of that variant, the candidate being a rival of its.

        Raises:
            KeyError: when no challenger has that variant.
        """
        if challenger == self.candidate.variant:
            return self
        for number, rival in enumerate(self.rivals):
            if rival.contender.variant == challenger:
                instead = Rival(contender=self.candidate, promoted=self.promoted)
                rivals = (*self.rivals[:number], instead, *self.rivals[number + 1 :])
                return self.model_copy(
                    update={"candidate": rival.contender, "promoted": rival.promoted, "rivals": rivals}
                )
        raise KeyError(challenger)

    @property
    def full_capacity(self) -> int:
        """How many instances the candidate has before it serves alone: never fewer than the baseline had."""
        return self.alone.instances if self.alone else self.baseline.instances

    def config_at(self, stage: Stage) -> EndpointConfig:
        """Return the configuration of a stage."""
        if stage.watch:
            return self.promoted
        return self.shadowed if stage.shadow and self.shadowed else self.side_by_side

    def split_at(self, stage: Stage, out: Collection[str] = ()) -> dict[str, float]:
        """Return the shares of a stage, in percent. A shadow has none, nor has anybody beside who serves alone."""
        return {self.baseline.variant: 100.0} if stage.shadow or stage.watch else self.split(stage.share, out)

    def split(self, candidate_share: float, out: Collection[str] = ()) -> dict[str, float]:
        """Return the shares of all variants for a share of the candidate, in percent; control and rivals get as much as the candidate.

        Those who are out of an A/B test get nothing.
        """
        if self.guard:
            return {self.baseline.variant: 100.0}
        shares = {each.variant: 0.0 if each.variant in out else candidate_share for each in self.newcomers}
        return {self.baseline.variant: 100 - sum(shares.values()), **shares}

    def compared_share(self, stage: int, out: Collection[str] = ()) -> float:
        """Return how much of what the two arms that are compared get the candidate gets, in percent."""
        if not self.rivals:
            return self.policy.compared_share(self.policy.stages[stage])
        share = self.stages[stage].share
        return 100 * share / (share + self.split(share, out)[self.baseline.variant])


def make_plan(policy: Policy, facts: Facts, rollout_id: str, started_at: datetime) -> Plan:
    """Plan a rollout.

    Raises:
        PreflightError: with every reason why this rollout cannot start as things stand.
    """
    obstacles = [*find_obstacles(facts, policy), *find_rival_obstacles(policy, facts)]
    obstacles += find_blueprint_obstacles(policy, facts, started_at)
    if obstacles:
        raise PreflightError(obstacles)
    (live,) = facts.endpoint.variants
    sizing = Sizing(spec=policy.capacity, baseline=live.wanted_instances, load=facts.load)
    alone = sizing.for_all_traffic(_most(facts, live.name))
    stages = size_stages(policy, plan_stages(policy, live.wanted_instances), sizing, alone)
    known = _known_models(facts)
    promoted = make(facts.wanted, facts.endpoint.name, rollout_id, known)
    serving = facts.config.variant(live.name)
    baseline = Contender(variant=live.name, model=serving["ModelName"], instances=live.wanted_instances)
    first = next((stage for stage in stages if not stage.shadow), stages[0])
    candidate = _newcomer(facts, CANDIDATE_NAMES, _candidate_model(facts, promoted), first)
    twin = _newcomer(facts, CONTROL_NAMES, baseline.model, first)
    control = twin if policy.strategy == "control_twin" else None
    rivals = tuple(_rivals(facts, candidate, rollout_id))
    documents = ({control.variant: serving} if control else {}) | {candidate.variant: promoted.variants[0]}
    documents |= {rival.contender.variant: rival.promoted.variants[0] for rival in rivals}
    contenders = (baseline, twin, candidate, *(rival.contender for rival in rivals))
    instances = {each.variant: each.instances for each in contenders}
    beside = put_beside(facts.wanted, serving, documents, instances)
    side_by_side = make(beside, facts.endpoint.name, rollout_id, known)
    guarded = policy.strategy == "guardrail"
    return Plan(
        rollout_id=rollout_id,
        endpoint=facts.endpoint.name,
        endpoint_arn=facts.endpoint.arn,
        baseline=baseline,
        candidate=candidate.model_copy(update={"variant": live.name}) if guarded else candidate,
        rivals=rivals,
        control=control,
        original=creatable(facts.config),
        side_by_side=promoted if guarded else side_by_side,
        shadowed=_in_shadow(facts, candidate, stages[0], rollout_id) if stages[0].shadow else None,
        promoted=promoted,
        alone=alone,
        stages=stages,
        policy=policy,
        started_at=started_at,
        surroundings=facts.surroundings,
        switch=None if guarded else make_switch(policy.dead_mans_switch, rollout_id, facts.endpoint.arn),
        guard=make_guard(policy, rollout_id, facts.endpoint.name, live.name, promoted.name) if guarded else None,
        new_models=facts.new_models,
        scaling=plan_scaling(facts),
        notes=(*find_notes(facts, policy), *find_calendar_doubts(policy.windows, started_at)),
    )


def _known_models(facts: Facts) -> dict[str, ModelIdentity]:
    """Return what the models are known to be: those that are there, and those that the rollout creates."""
    return facts.models | {name: identify_model(members) for name, members in facts.new_models.items()}


def _most(facts: Facts, variant: str) -> int | None:
    """Return the most instances that a variant's autoscaling allows once it is promoted."""
    if facts.declared_scaling:
        return facts.declared_scaling.max
    target = facts.surroundings.target(variant)
    return target.maximum if target else None


def _newcomer(facts: Facts, names: Sequence[str], model: str, first: Stage) -> Contender:
    return Contender(variant=choose_name(facts.config, names), model=model, instances=first.instances)


def _rivals(facts: Facts, candidate: Contender, rollout_id: str) -> Iterator[Rival]:
    for number, wanted in enumerate(facts.rivals, start=2):
        promoted = make(wanted, facts.endpoint.name, rollout_id, _known_models(facts))
        contender = Contender(
            variant=f"{candidate.variant}-{number}",
            model=_candidate_model(facts, promoted),
            instances=candidate.instances,
        )
        yield Rival(contender=contender, promoted=promoted)


def _in_shadow(facts: Facts, candidate: Contender, stage: Stage, rollout_id: str) -> EndpointConfig:
    (live,) = facts.endpoint.variants
    baseline = facts.config.variant(live.name) | {"InitialInstanceCount": live.wanted_instances}
    shadow = facts.wanted.variants[0] | {"VariantName": candidate.variant, "InitialVariantWeight": stage.share}
    beside = put_in_shadow(facts.wanted, baseline, shadow, stage.instances)
    return make(beside, facts.endpoint.name, rollout_id, _known_models(facts))


def _candidate_model(facts: Facts, promoted: EndpointConfig) -> str:
    """Name what may take over: its model, and the new configuration where that says more than another model."""
    model: str = promoted.variants[0]["ModelName"]
    only_the_model = replace_model(facts.config, model).fields == promoted.fields
    return model if only_the_model else f"{model} ({promoted.name})"
