"""Wherever a configuration can name a model, a variant or anything else, a rollout replaces, keeps or refuses it, and finds it missing."""

import copy
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.model import ListShape, MapShape, Shape, StructureShape

from policies.config_references import PLACES, find_unknown
from policies.endpoint_config import EndpointConfig, models_named, replace_model
from policies.errors import PreflightError
from policies.facts import Facts
from policies.identity import ModelIdentity
from policies.lint.subject import Subject
from policies.plan import Plan, make_plan
from tests.generated_configs import request_shape
from tests.policies.building import BASELINE, START, make_config, make_endpoint, make_policy

OLD, NEW = "the-old-model", "the-new-model"
WHAT_TO_DO = """
CreateEndpointConfig has members that policies/config_references.py does not list. For each decide what a rollout does with it, and add its
path to PLACES: replaced (the candidate's variant gets another value), kept, refused (preflight has to find it) or ours. A member that names
a model belongs in models_of_variant as well, one that names a variant in put_beside.
"""


def leaves(shape: Shape, path: str = "") -> Iterator[tuple[str, Shape]]:
    """Every value that a shape may hold, by its path."""
    match shape:
        case StructureShape():
            for name, member in shape.members.items():
                yield from leaves(member, f"{path}.{name}" if path else name)
        case ListShape():
            yield from leaves(shape.member, f"{path}[]")
        case MapShape():
            yield from leaves(shape.value, f"{path}{{}}")
        case _:
            yield path, shape


REQUEST = dict(leaves(request_shape("CreateEndpointConfig")))
TEXTS = sorted(path for path, shape in REQUEST.items() if shape.type_name == "string")
MODELS = sorted(path for path, shape in REQUEST.items() if shape.name == "ModelName")
NAMES = {"EndpointConfigName", "Tags[].Key", "Tags[].Value"}
"""Not content: Rollway names configurations itself, and keeps tags beside their content."""


def plant(fields: dict[str, Any], path: str, value: object) -> dict[str, Any]:
    """A copy of a configuration with a value at a path; lists on the way get a first entry where they have none."""
    whole = copy.deepcopy(fields)
    holder: Any = whole
    *steps, last = path.split(".")
    for step in steps:
        name = step.removesuffix("[]")
        holder = holder.setdefault(name, [{}])[0] if step.endswith("[]") else holder.setdefault(name, {})
    if last.endswith("[]"):
        holder[last.removesuffix("[]")] = [value]
    else:
        holder[last] = value
    return whole


def dig(fields: dict[str, Any], path: str) -> object:
    """The value at a path, at the first entry of each list."""
    found: Any = fields
    for step in path.split("."):
        found = found[step.removesuffix("[]")]
        found = found[0] if step.endswith("[]") else found
    return found


def live(path: str, value: object) -> EndpointConfig:
    """The configuration of one variant that serves ``OLD``, with a value planted."""
    fields = make_config(ModelName=OLD).fields
    del fields["ProductionVariants"][0]["FutureMember"]
    return EndpointConfig(name="live", fields=plant(fields, path, value))


def plan(config: EndpointConfig, missing: tuple[str, ...] = (), **policy: Any) -> Plan:
    """The plan of a rollout of ``NEW``."""
    endpoint = make_endpoint("live", {each["VariantName"]: 100.0 for each in config.variants}, {})
    wanted = replace_model(config, NEW)
    known = {name: ModelIdentity() for name in (*models_named(config.fields), NEW) if name not in missing}
    facts = Facts(endpoint=endpoint, config=config, wanted=wanted, missing_models=missing, models=known)
    return make_plan(make_policy(**policy), facts, "r-1", START)


def test_every_value_of_the_request_is_in_the_list() -> None:
    """A member that a newer botocore has, and that nobody has decided about, fails here with what to do."""
    assert set(REQUEST) - set(PLACES) == set(), WHAT_TO_DO
    assert set(PLACES) - set(REQUEST) == set(), "these members are no longer in the request: take them from PLACES"


def test_every_place_of_a_model_is_replaced_or_refused() -> None:
    """A place whose shape is that of a model's name is never carried over: the rollout would serve two models as one."""
    assert MODELS, "the shape of models' names has another name in this botocore"
    assert {PLACES[path] for path in MODELS} <= {"replaced", "refused"}


@pytest.mark.parametrize("path", MODELS)
def test_a_model_is_found_wherever_it_is_named(path: str) -> None:
    """Planning, the linter and the blueprint see a model in every place, so that all of them miss it when it is gone."""
    fields = plant(make_config(ModelName=OLD).fields, path, "planted")
    assert "planted" in models_named(fields)
    assert "planted" in Subject(fields).model_names


@pytest.mark.parametrize("path", MODELS)
def test_a_missing_model_is_refused_wherever_it_is_named(path: str) -> None:
    """A model that serves and is gone keeps a rollout from starting: nothing could lead back to it."""
    with pytest.raises(PreflightError) as caught:
        plan(live(path, "planted"), missing=("planted",))
    assert ("model planted", "serves now and does not exist any more") in [
        (problem.where, problem.what.partition(";")[0]) for problem in caught.value.problems
    ]


@pytest.mark.parametrize("path", [path for path in TEXTS if path not in NAMES and PLACES[path] != "refused"])
@pytest.mark.parametrize("strategy", ["canary", "control_twin"])
def test_each_text_gets_what_the_list_says(path: str, strategy: str) -> None:
    """Whatever a text says, it is replaced or kept as the list has it: in the promoted configuration and beside the baseline."""
    config = live(path, OLD)
    planned = plan(config, strategy=strategy)
    promoted, beside = planned.promoted, planned.side_by_side
    replaced = path.endswith(("ModelName", "ModelNameOverride"))
    assert dig(promoted.fields, path) == (NEW if replaced else OLD)
    assert dig(beside.fields, path) == OLD, "the baseline's variant, which comes first, is as it was"
    assert OLD not in models_named(promoted.fields)
    if path.startswith("ProductionVariants[]."):
        candidate = beside.fields | {"ProductionVariants": [beside.variants[-1]]}
        named = path.endswith("VariantName")
        assert dig(candidate, path) == ("candidate" if named else NEW if replaced else OLD)


@pytest.mark.parametrize("path", sorted(path for path, treatment in PLACES.items() if treatment == "refused"))
def test_what_the_list_refuses_keeps_a_rollout_from_starting(path: str) -> None:
    """The kinds of endpoint that have such a member are refused, each with its reason."""
    with pytest.raises(PreflightError, match=r"or shadows; a rollout leads to|is asynchronous|is serverless"):
        plan(_shown(live(path, OLD)))


def _shown(config: EndpointConfig) -> EndpointConfig:
    """A configuration whose shadow, where it has one, names a variant and a model as SageMaker requires."""
    shadows = config.fields.get("ShadowProductionVariants")
    if not shadows:
        return config
    whole = [{"VariantName": "shadow", "ModelName": OLD} | shadow for shadow in shadows]
    return config.model_copy(update={"fields": config.fields | {"ShadowProductionVariants": whole}})


def test_a_pool_with_a_model_of_its_own_is_refused() -> None:
    """One new model does not say what takes the place of a pool's own model."""
    with pytest.raises(PreflightError, match="serves another from instance pools by ModelNameOverride"):
        plan(live("ProductionVariants[].InstancePools[].ModelNameOverride", "another"))


FUTURE = ("NewSection.Target", "ProductionVariants[].NewMember", "ProductionVariants[].NewList[].Name", "KmsKeyId.Deep")


@pytest.mark.parametrize("path", FUTURE)
@pytest.mark.parametrize("name", [OLD, BASELINE])
@pytest.mark.parametrize("form", ["{}", "arn:aws:sagemaker:eu-central-1:123456789012:model/{}"])
def test_an_unknown_member_that_names_what_is_replaced_is_refused(path: str, name: str, form: str) -> None:
    """A member that is newer than Rollway and names the baseline's model or variant cannot be carried over as it is."""
    with pytest.raises(PreflightError, match=f"names {name}, and this version of Rollway does not know"):
        plan(_without_key(path, form.format(name)))


@pytest.mark.parametrize("path", FUTURE)
def test_an_unknown_member_that_is_keyed_by_a_name_is_refused(path: str) -> None:
    """A name may also be the key of a mapping, whose values are numbers."""
    with pytest.raises(PreflightError, match=f"names {BASELINE}, and this version"):
        plan(_without_key(path, {BASELINE: 1}))


@pytest.mark.parametrize("path", FUTURE)
@pytest.mark.parametrize("value", ["something", 5, True, {"deep": [1, {"er": "text"}]}])
def test_any_other_unknown_member_is_carried_over_and_named_in_the_plan(path: str, value: object) -> None:
    """What Rollway does not know stays word for word, and whoever reads the plan is told."""
    config = _without_key(path, value)
    planned = plan(config)
    assert dig(planned.promoted.fields, path) == dig(planned.side_by_side.fields, path) == value
    (member,) = find_unknown(config.fields)
    assert (
        f"{member.path}: carried over as it is; this version of Rollway does not know what it is for" in planned.notes
    )


def _without_key(path: str, value: object) -> EndpointConfig:
    """A configuration with a value planted; ``KmsKeyId`` becomes a structure, as if a member had changed its kind."""
    fields = make_config(ModelName=OLD).fields
    del fields["ProductionVariants"][0]["FutureMember"]
    if path.startswith("KmsKeyId"):
        del fields["KmsKeyId"]
    return EndpointConfig(name="live", fields=plant(fields, path, value))
