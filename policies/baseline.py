"""Whether an endpoint can be led back to what serves now: what keeps a rollout from starting, and what a plan has to say about it."""

from collections.abc import Iterator
from typing import Final

from policies.config_references import UnknownMember, find_unknown
from policies.deployed import Deployment, Doubt, find_doubts
from policies.endpoint_config import EndpointConfig, models_named, models_of_variant, replace_model
from policies.errors import Problem
from policies.facts import Facts
from policies.identity import digest_of
from policies.spec import Policy

_ACCEPT: Final = "create what serves under a new name and move the endpoint to it first; or give the policy on_changed_baseline: accept"
_NO_TWIN: Final = "create what serves under a new name and move the endpoint to it first; or use canary or blue_green"
_EACH_POOL: Final = "give a whole configuration with --config that names a model for each instance pool"


def find_baseline_obstacles(facts: Facts, policy: Policy) -> Iterator[Problem]:
    """Yield every reason why the endpoint could not be led back to what serves now, or a copy of it would be something else."""
    yield from _config_obstacles(facts)
    yield from _missing_models(facts)
    yield from _pool_obstacles(facts)
    yield from _unknown_obstacles(facts)
    for doubt in find_doubts(deployment_of(facts)):
        if doubt.replaced and not _accepted(policy):
            remedy = _NO_TWIN if policy.strategy == "control_twin" else _ACCEPT
            what = f"{doubt.what}; the first update and the way back would start that instead of what serves"
            yield Problem(doubt.where, what, remedy)


def find_notes(facts: Facts, policy: Policy) -> tuple[str, ...]:
    """Return what a plan says of the names that it relies on: what was accepted, not verified, or carried over without being known."""
    doubts = (_write(doubt) for doubt in find_doubts(deployment_of(facts)) if not doubt.replaced or _accepted(policy))
    return (*doubts, *_candidate_tags(facts), *_carried(facts))


def deployment_of(facts: Facts) -> Deployment:
    """Return what the endpoint was deployed with, beside what the names stand for now."""
    return Deployment(facts.endpoint, facts.config, facts.config_created, facts.models, facts.digests)


def _accepted(policy: Policy) -> bool:
    """Whether a baseline that is something else by now is accepted. A twin of it is not: it would be no twin."""
    return policy.on_changed_baseline == "accept" and policy.strategy != "control_twin"


def _write(doubt: Doubt) -> str:
    return f"{doubt}; accepted by the policy" if doubt.replaced else str(doubt)


def _config_obstacles(facts: Facts) -> Iterator[Problem]:
    """Find a configuration that cannot be the one that the endpoint was deployed with: its variants are others."""
    serving = [variant.name for variant in facts.endpoint.variants]
    named = [variant["VariantName"] for variant in facts.config.variants]
    if len(serving) == 1 and serving != named:  # more than one is refused for itself
        what = (
            f"has the variants {', '.join(named)}, and the endpoint serves {', '.join(serving)}: it was created again"
        )
        yield Problem(
            f"configuration {facts.config.name}", what, "move the endpoint to a configuration of its own first"
        )


def _missing_models(facts: Facts) -> Iterator[Problem]:
    serving = models_named(facts.config.fields)
    for model in facts.missing_models:
        if model in serving:
            what = "serves now and does not exist any more; neither the first update nor the way back could start it"
            yield Problem(
                f"model {model}", what, "create it again as it was, under another name, and move the endpoint to it"
            )
        else:
            what = "does not exist in this account and Region"
            yield Problem(f"model {model}", what, "create it with CreateModel, or check its name")


def _pool_obstacles(facts: Facts) -> Iterator[Problem]:
    """Find instance pools with a model of their own, where a single model is to take over: it does not say what theirs becomes."""
    for wanted in (facts.wanted, *facts.rivals):
        for variant in wanted.variants:
            model = str(variant.get("ModelName", ""))
            others = [name for name in models_of_variant(variant) if name != model]
            if others and replace_model(facts.config, model).fields == wanted.fields:
                what = f"serves {', '.join(others)} from instance pools by ModelNameOverride; one model does not say what replaces them"
                yield Problem(f"variant {variant['VariantName']}", what, _EACH_POOL)


def _unknown_obstacles(facts: Facts) -> Iterator[Problem]:
    """Find members that Rollway does not know and that name what a rollout replaces: they cannot be carried over as they are."""
    replaced = set(models_named(facts.config.fields)) - set(models_named(facts.wanted.fields))
    names = [*(variant["VariantName"] for variant in facts.config.variants), *sorted(replaced)]
    for member in _unknown_members((facts.config, facts.wanted, *facts.rivals)):
        found = next((name for name in names if member.names(name)), "")
        if found:
            what = f"names {found}, and this version of Rollway does not know what the member is for"
            yield Problem(
                member.path, what, "upgrade Rollway, or move the endpoint to a configuration without it first"
            )


def _unknown_members(configs: tuple[EndpointConfig, ...]) -> tuple[UnknownMember, ...]:
    return tuple(dict.fromkeys(member for config in configs for member in find_unknown(config.fields)))


def _carried(facts: Facts) -> Iterator[str]:
    paths = dict.fromkeys(member.path for member in _unknown_members((facts.config, facts.wanted, *facts.rivals)))
    for path in paths:
        yield f"{path}: carried over as it is; this version of Rollway does not know what it is for"


def _candidate_tags(facts: Facts) -> Iterator[str]:
    """Say which images of a candidate may be others at the promotion: it looks their tags up again."""
    serving = set(models_named(facts.config.fields))
    for model in dict.fromkeys(
        name for config in (facts.wanted, *facts.rivals) for name in models_named(config.fields)
    ):
        known = facts.models.get(model)
        tags = [image for image in known.images if image and not digest_of(image)] if known else []
        if tags and model not in serving:
            yield f"model {model}: {', '.join(tags)} is named by its tag, and each update looks that up again: it may start another image"
