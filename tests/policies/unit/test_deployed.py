"""Whether the names that an endpoint was deployed with still stand for what serves: what is certain, what is unknown, and what is fine."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from policies.baseline import find_notes
from policies.deployed import Deployment, Finding, find_doubts
from policies.endpoint_config import EndpointConfig
from policies.errors import PreflightError
from policies.facts import Facts
from policies.identity import DeployedImage, ModelIdentity, identify_model
from policies.plan import make_plan
from tests.policies.building import BASELINE, START, make_config, make_endpoint, make_facts, make_policy

TAG = "123456789012.dkr.ecr.eu-central-1.amazonaws.com/fraud:1"
ONE, TWO = "sha256:" + "1" * 64, "sha256:" + "2" * 64
PINNED = TAG.removesuffix(":1") + f"@{ONE}"
HOUR = timedelta(hours=1)
BEFORE, LATER = START - HOUR, START + HOUR


def image(specified: str = PINNED, digest: str = ONE, at: datetime | None = START) -> DeployedImage:
    """An image that was deployed at ``START``, unless said otherwise."""
    return DeployedImage(specified=specified, resolved=f"repository@{digest}" if digest else "", resolved_at=at)


def facts(
    *images: DeployedImage,
    model: ModelIdentity | None = None,
    times: tuple[datetime | None, datetime | None] = (START, START),
    **more: Any,
) -> Facts:
    """An endpoint that was deployed at ``START`` with a model and a configuration from an hour before."""
    endpoint = make_endpoint("fraud-config", {BASELINE: 100.0}, {BASELINE: 4}, created=times[0], modified=times[1])
    (variant,) = endpoint.variants
    endpoint = endpoint.model_copy(update={"variants": (variant.model_copy(update={"images": images}),)})
    known = {"fraud-v6": model or ModelIdentity(created=BEFORE, images=(PINNED,)), "fraud-v7": ModelIdentity()}
    own = {"endpoint": endpoint, "models": known, "config": plain(), "config_created": BEFORE}
    return make_facts(**(own | more))


def plain() -> EndpointConfig:
    """A configuration whose members are all known, so that a plan has nothing to say of them."""
    config = make_config()
    del config.variants[0]["FutureMember"]
    return config


def of(created: datetime | None, *images: str) -> ModelIdentity:
    """A model."""
    return ModelIdentity(created=created, images=images or (PINNED,))


def found(given: Facts) -> list[Finding]:
    """The kinds of doubt about an endpoint."""
    deployment = Deployment(given.endpoint, given.config, given.config_created, given.models, given.digests)
    return [doubt.finding for doubt in find_doubts(deployment)]


UNREPORTED = (None, None)
POOLS = make_config(InstancePools=[{"InstanceType": "ml.c5.xlarge", "ModelNameOverride": "other", "Priority": 1}])

CASES: dict[str, tuple[Facts, list[Finding]]] = {
    "as it was deployed": (facts(image()), []),
    "created at the very moment of the deployment": (facts(image(), model=of(START)), []),
    "a second after it": (facts(image(), model=of(START + timedelta(seconds=1))), [Finding.MODEL_CREATED_LATER]),
    "created again with the same image": (facts(image(), model=of(LATER)), [Finding.MODEL_CREATED_LATER]),
    "created again with another image": (
        facts(image(), model=of(LATER, "other:1")),
        [Finding.MODEL_CREATED_LATER, Finding.IMAGE_DIFFERS],
    ),
    "another image and no times at all": (
        facts(image(at=None), model=of(None, "other:1"), times=UNREPORTED),
        [Finding.IMAGE_DIFFERS, Finding.CONFIG_AGE_UNKNOWN, Finding.MODEL_AGE_UNKNOWN],
    ),
    "no time of the model": (facts(image(), model=of(None)), [Finding.MODEL_AGE_UNKNOWN]),
    "no deployed images, model older than the endpoint": (facts(), []),
    "no deployed images, model newer than the last change": (
        facts(model=of(LATER)),
        [Finding.MODEL_CREATED_LATER, Finding.IMAGE_UNKNOWN],
    ),
    "no deployed images, model newer than the endpoint": (
        facts(model=of(START), times=(BEFORE, LATER)),
        [Finding.MODEL_AGE_UNKNOWN, Finding.IMAGE_UNKNOWN],
    ),
    "no deployed images and no times": (
        facts(times=UNREPORTED),
        [Finding.CONFIG_AGE_UNKNOWN, Finding.MODEL_AGE_UNKNOWN, Finding.IMAGE_UNKNOWN],
    ),
    "no deployed images of a tag": (facts(model=of(BEFORE, TAG)), [Finding.TAG_UNKNOWN]),
    "one of two images without its time": (
        facts(image(), image("b", "", None), model=of(START, PINNED, "b"), times=(BEFORE, LATER)),
        [Finding.MODEL_AGE_UNKNOWN, Finding.TAG_UNKNOWN],
    ),
    "the earlier of two times counts": (
        facts(image(), image(at=LATER + HOUR), model=of(LATER)),
        [Finding.MODEL_CREATED_LATER],
    ),
    "a tag that is the same": (facts(image(TAG), model=of(BEFORE, TAG), digests={TAG: ONE}), []),
    "a tag that was moved": (facts(image(TAG), model=of(BEFORE, TAG), digests={TAG: TWO}), [Finding.TAG_MOVED]),
    "a tag that could not be looked up": (facts(image(TAG), model=of(BEFORE, TAG)), [Finding.TAG_UNKNOWN]),
    "a tag of which AWS gives no digest": (
        facts(image(TAG, ""), model=of(BEFORE, TAG), digests={TAG: ONE}),
        [Finding.TAG_UNKNOWN],
    ),
    "two digests of one tag": (
        facts(image(TAG), image(TAG, TWO), model=of(BEFORE, TAG), digests={TAG: ONE}),
        [Finding.IMAGES_MIXED],
    ),
    "a second container whose image AWS does not report, of the same model": (
        facts(image(), model=of(BEFORE, PINNED, "b@sha256:3")),
        [],
    ),
    "likewise, of a model of unknown age": (
        facts(image(), model=of(None, PINNED, "b@sha256:3")),
        [Finding.MODEL_AGE_UNKNOWN, Finding.IMAGE_UNKNOWN],
    ),
    "a second container with another image": (
        facts(image(), image("b@sha256:3"), model=of(None, PINNED, "c@sha256:3")),
        [Finding.IMAGE_DIFFERS, Finding.MODEL_AGE_UNKNOWN],
    ),
    "an image of a model package, same model": (facts(image(), model=of(BEFORE, "")), []),
    "an image of a model package, age unknown": (
        facts(image(), model=of(None, "")),
        [Finding.MODEL_AGE_UNKNOWN, Finding.IMAGE_UNKNOWN],
    ),
    "configuration created again": (facts(image(), config_created=LATER), [Finding.CONFIG_CREATED_LATER]),
    "no time of the configuration": (facts(image(), config_created=None), [Finding.CONFIG_AGE_UNKNOWN]),
    "a pool's model, whose image may not run": (
        facts(image(), config=POOLS, models={"fraud-v6": of(BEFORE), "other": of(BEFORE, "o@sha256:3")}),
        [],
    ),
    "a pool's model created again": (
        facts(image(), config=POOLS, models={"fraud-v6": of(BEFORE), "other": of(LATER, "o@sha256:3")}),
        [Finding.MODEL_CREATED_LATER],
    ),
    "an image that no model of the pools names": (
        facts(image("x@sha256:4"), config=POOLS, models={"fraud-v6": of(BEFORE), "other": of(BEFORE, "o@sha256:3")}),
        [Finding.IMAGE_DIFFERS],
    ),
}
CERTAIN = {Finding.CONFIG_CREATED_LATER, Finding.MODEL_CREATED_LATER, Finding.IMAGE_DIFFERS, Finding.TAG_MOVED}


@pytest.mark.parametrize("case", CASES)
def test_what_is_found(case: str) -> None:
    """Each case shows what it shows, the certain first: what is not known is a finding of its own, and never counts as fine."""
    given, kinds = CASES[case]
    assert found(given) == kinds


SINGLE = [case for case, (given, _) in CASES.items() if given.config is not POOLS]


@pytest.mark.parametrize("case", SINGLE)
def test_what_is_certain_is_refused_and_the_rest_is_in_the_plan(case: str) -> None:
    """A rollout does not start from a name that stands for something else; what could not be verified is named in its plan."""
    given, kinds = CASES[case]
    certain = [kind for kind in kinds if kind in CERTAIN]
    if certain:
        with pytest.raises(PreflightError) as caught:
            make_plan(make_policy(), given, "r-1", START)
        assert len(caught.value.problems) == len(certain)
        assert "on_changed_baseline: accept" in caught.value.hint
    else:
        assert len(make_plan(make_policy(), given, "r-1", START).notes) == len(kinds)


@pytest.mark.parametrize("case", SINGLE)
def test_a_policy_may_accept_it(case: str) -> None:
    """With ``on_changed_baseline: accept`` the rollout starts, and its plan says what was accepted."""
    given, kinds = CASES[case]
    plan = make_plan(make_policy(on_changed_baseline="accept"), given, "r-1", START)
    assert len(plan.notes) == len(kinds)
    assert sum("accepted by the policy" in note for note in plan.notes) == sum(kind in CERTAIN for kind in kinds)


def test_a_control_twin_of_something_else_is_never_accepted() -> None:
    """A twin that is started from a changed name is no twin of what serves, so nothing could be compared with it."""
    policy = make_policy(strategy="control_twin", on_changed_baseline="accept")
    with pytest.raises(PreflightError) as caught:
        make_plan(policy, facts(image(), model=of(LATER)), "r-1", START)
    assert "use canary or blue_green" in caught.value.hint


def test_a_configuration_with_other_variants_is_refused() -> None:
    """A configuration of the same name with other variants cannot be what the endpoint was deployed with; nothing fails on the way."""
    other = make_config(VariantName="Other")
    with pytest.raises(PreflightError, match="has the variants Other, and the endpoint serves AllTraffic"):
        make_plan(make_policy(on_changed_baseline="accept"), facts(image(), config=other), "r-1", START)


def test_a_candidate_by_tag_is_in_the_plan() -> None:
    """The promotion looks the candidate's tag up again, so what is promoted may not be what was judged."""
    given = facts(image(), models={"fraud-v6": of(BEFORE), "fraud-v7": of(BEFORE, TAG)})
    (note,) = find_notes(given, make_policy())
    assert note.startswith(f"model fraud-v7: {TAG} is named by its tag")


@pytest.mark.parametrize(
    ("planned", "now", "differs"),
    [
        (of(BEFORE), of(BEFORE), False),
        (of(BEFORE), of(BEFORE, "other"), False),  # a model cannot be changed: this does not happen
        (of(BEFORE), of(LATER), True),
        (of(None), of(LATER), False),
        (of(None), of(LATER, "other"), True),
        (of(BEFORE), of(None, "other"), True),
        (of(None, ""), of(LATER, "image of a package"), False),
        (of(None, PINNED), of(None, PINNED, "b"), True),
    ],
)
def test_whether_a_model_is_the_planned_one(planned: ModelIdentity, now: ModelIdentity, *, differs: bool) -> None:
    """The moment of creation decides where both are known, else the images, as far as they are known."""
    assert bool(planned.differs_from(now)) is differs


def test_identity_of_what_aws_describes() -> None:
    """A model is known by its moment, in UTC, and the image of each container; a package's image is not there."""
    members = {"CreationTime": START, "Containers": [{"Image": TAG}, {"ModelPackageName": "fraud/7"}]}
    assert identify_model(members) == ModelIdentity(created=START, images=(TAG, ""))
    assert identify_model({"PrimaryContainer": {"Image": TAG}}) == ModelIdentity(images=(TAG,))
    assert identify_model({}) == ModelIdentity(images=("",))
