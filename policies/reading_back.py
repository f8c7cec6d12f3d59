"""Recording with an ending what the endpoint was last read back to serve. Decides without effects."""

from dataclasses import replace
from datetime import datetime

from policies.decision import Decision
from policies.endpoint_config import EndpointConfig
from policies.facts import Endpoint
from policies.lifecycle import Ending, Phase, State
from policies.observation import Unavailable
from policies.plan import Plan
from policies.serving import NO_READING, NotReadBack, ReadBack, Serving, is_known, read_back


def config_to_describe(plan: Plan, before: State, decision: Decision, endpoint: Endpoint | Unavailable) -> str | None:
    """Return the configuration that has to be described in AWS to say which models serve; None where that is not needed.

    It is not needed while there is no ending, and where the plan, or the reading on record, knows the models.
    """
    ending = decision.state.ending
    if ending is None or before.phase is Phase.FINISHED or isinstance(endpoint, Unavailable):
        return None
    return None if is_known(plan, endpoint.config) or _has_models(ending, endpoint) else endpoint.config


def with_reading(
    plan: Plan,
    decision: Decision,
    endpoint: Endpoint | Unavailable,
    now: datetime,
    foreign: EndpointConfig | Unavailable | None = None,
) -> Decision:
    """Return the decision with what serves in its ending; unchanged while there is none.

    A reading that says the same as the one on record is left out until the rollout is over, so that it is no news. Where the endpoint
    could not be read, the last reading stands.

    Args:
        plan: the rollout's plan.
        decision: the decision.
        endpoint: the endpoint as read at this look.
        now: the moment of the look.
        foreign: the endpoint's configuration as described, where ``config_to_describe`` names one.
    """
    ending = decision.state.ending
    if ending is None:
        return decision
    serving = _read(plan, ending, endpoint, now, foreign)
    over = decision.state.phase is Phase.FINISHED
    if isinstance(serving, ReadBack) and not over and serving.says_the_same(ending.serving):
        return decision
    told = ending.model_copy(update={"serving": serving})
    return replace(decision, state=decision.state.model_copy(update={"ending": told}))


def _read(
    plan: Plan,
    ending: Ending,
    endpoint: Endpoint | Unavailable,
    now: datetime,
    foreign: EndpointConfig | Unavailable | None,
) -> Serving:
    if isinstance(endpoint, Unavailable):
        unread = NotReadBack(why=endpoint.why)
        return unread if ending.serving == NO_READING else ending.serving
    found = read_back(plan, endpoint, now, foreign)
    before = ending.serving
    if foreign is None and found.undescribed and isinstance(before, ReadBack) and before.config == found.config:
        known = {each.variant: each for each in before.served}
        served = tuple(
            known[each.variant].model_copy(update={"share": each.share}) if each.variant in known else each
            for each in found.served
        )
        return found.model_copy(update={"served": served, "undescribed": before.undescribed})
    return found


def _has_models(ending: Ending, endpoint: Endpoint) -> bool:
    """Whether the reading on record names the model of every variant that has traffic now."""
    before = ending.serving
    if isinstance(before, NotReadBack) or before.config != endpoint.config or before.undescribed:
        return False
    return {name for name, share in endpoint.shares.items() if share} <= {each.variant for each in before.served}
