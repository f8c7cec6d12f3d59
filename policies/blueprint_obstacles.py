"""What keeps a rollout of a blueprint from starting: models that cannot be as declared, and scaling that AWS would not take."""

from collections.abc import Iterator
from datetime import datetime

from policies.blueprint.model import VariantScaling
from policies.errors import Problem
from policies.facts import Facts, LiveVariant
from policies.registration import changes_type, is_over
from policies.spec import Policy


def find_blueprint_obstacles(policy: Policy, facts: Facts, now: datetime) -> Iterator[Problem]:
    """Yield every reason why what a blueprint declares besides its configuration cannot come true; a rollout of a model has none."""
    for name, members in facts.differing_models.items():
        what = f"exists already with other content: {', '.join(members)}"
        yield Problem(f"models.{name}", what, "give it another name: a model cannot be changed")
    if len(facts.endpoint.variants) != 1 or len(facts.wanted.variants) != 1:
        return  # which is told already
    (live,) = facts.endpoint.variants
    if facts.declared_scaling is not None:
        yield from _scaling_obstacles(facts.declared_scaling, live, now)
    if policy.strategy == "guardrail" and facts.own_scaling is not None and changes_type(facts):
        what = "moves to another instance type, which SageMaker refuses for a variant that autoscaling looks after"
        remedy = "use canary or blue_green, which deregister it for the moment of the move"
        yield Problem(f"variant {live.name}", what, remedy)


def _scaling_obstacles(scaling: VariantScaling, live: LiveVariant, now: datetime) -> Iterator[Problem]:
    where, count = f"scaling.{live.name}", live.wanted_instances
    if not scaling.min <= count <= scaling.max:
        what = f"allows {scaling.min} to {scaling.max} instances, and {count} serve now; autoscaling would change that at once"
        yield Problem(where, what, f"allow {count}, or scale the endpoint first")
    for name, action in scaling.scheduled.items():
        if is_over(action, now):
            yield Problem(f"{where}.scheduled.{name}", "is never due again, and AWS takes no such action", "remove it")
