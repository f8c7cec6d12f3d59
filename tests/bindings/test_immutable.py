"""What names one version for good, and what is a reference that can move, for each registry."""

import pytest

from policies.bindings.event import Registry
from policies.bindings.immutable import explain_moving, is_immutable
from policies.bindings.making import declare_model
from policies.bindings.matching import match_binding
from policies.bindings.registered import Registered
from tests.bindings.documents import WANDB, bind

ID = "wandb-artifact://_id/QXJ0aWZhY3Q6NTE3ODg5ODg3"
COMMIT = "c0ffee" + "0" * 34
WORDS = {
    Registry.MLFLOW: (
        ("1", "12"),
        ("champion", "latest", "@champion", "models:/fraud@champion", "Production", "v1", ""),
    ),
    Registry.SAGEMAKER: (
        ("arn:aws:sagemaker:eu-west-1:123456789012:model-package/fraud/7", "arn:aws-cn:x:model-package/fraud/7"),
        ("fraud", "7", "latest", "arn:aws:sagemaker:eu-west-1:123456789012:model-package-group/fraud", ""),
    ),
    Registry.WANDB: (
        (ID, "v0", "fraud:v12", "acme/wandb-registry-model/fraud:v12"),
        (
            "latest",
            "fraud:latest",
            "acme/r/fraud:prod",
            "prod",
            "v",
            "v1.2",
            "fraud:v1-rc",
            "wandb-artifact://_id/",
            "",
            "a:b:v1 ",
        ),
    ),
    Registry.HUGGING_FACE: ((COMMIT, "a" * 64), ("main", "v1.0", "refs/heads/main", COMMIT[:8], COMMIT.upper(), "")),
    Registry.GENERIC: (
        ("12", "v1.2.3", "2026-06-01", "sha256:9f86d081", "fraud:12", "fraud@sha256:9f86", "release-7"),
        ("latest", "LATEST", "fraud2:latest", "fraud2@champion", "prod", "main", "v2-latest", "2026/main", ""),
    ),
}
CASES = [
    (registry, word, good)
    for registry, both in WORDS.items()
    for good, words in zip((True, False), both, strict=True)
    for word in words
]


@pytest.mark.parametrize(("registry", "word", "good"), CASES)
def test_what_names_one_version(registry: Registry, word: str, good: bool):  # noqa: FBT001 - a case
    """Numbers, digests, ids and ARNs are versions; aliases, branches, stages, tags and latest are not, in any spelling."""
    assert is_immutable(registry, word) is good


def test_a_generic_version_is_not_its_alias():
    """An alias may have a digit in it, and so look like a version: said as its own version it is none."""
    assert is_immutable(Registry.GENERIC, "release2")
    assert not is_immutable(Registry.GENERIC, "release2", "release2")


@pytest.mark.parametrize(
    ("registry", "word"), [(registry, word) for registry, word, good in CASES if not good and word]
)
def test_no_binding_follows_a_reference(registry: Registry, word: str):
    """Whatever a registry answers, nothing is started or named for a reference that can move, and the reason says what is needed."""
    version = Registered(registry=registry, model="fraud", version=word, aliases=("champion",))

    found = match_binding(bind(), version)

    assert found.starts == ()
    assert explain_moving(registry, word) in found.why[0]


def test_an_id_of_wandb_goes_into_addresses_alone():
    """In a template the id stands without the scheme in front of it, which no key in S3 should have."""
    version = Registered(registry=Registry.WANDB, model="fraud", version=ID)

    made = declare_model(bind(WANDB).make, version)

    assert made["PrimaryContainer"]["ModelDataUrl"] == "s3://models/fraud/QXJ0aWZhY3Q6NTE3ODg5ODg3.tar.gz"
