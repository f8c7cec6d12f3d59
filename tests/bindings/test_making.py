"""The SageMaker model of a registered version: its name, its content, and what cannot be made."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policies.bindings.event import Registry
from policies.bindings.making import CannotBeMade, declare_model, name_model
from policies.bindings.registered import Registered
from tests.bindings.documents import HUB, IMAGE, MAKE, MLFLOW, ROLE, SAGEMAKER, bind

PACKAGE = "arn:aws:sagemaker:us-east-1:123456789012:model-package/fraud/7"
NAME = re.compile(r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}")
TEXT = st.text(min_size=1, max_size=300)


def version(**changes) -> Registered:
    return Registered(
        registry=Registry.MLFLOW, model="fraud", version="7", artifact="s3://m/7/model.tar.gz"
    ).model_copy(update=changes)


@given(TEXT, TEXT, st.sampled_from(Registry))
def test_names_are_sagemakers_and_always_the_same(model, number, registry):
    """Whatever a registry calls its models, the name fits SageMaker's rule, and asking twice gives one name."""
    one = Registered(registry=registry, model=model, version=number)

    assert NAME.fullmatch(name_model(one))
    assert name_model(one) == name_model(one.model_copy(update={"tags": {"a": "b"}, "artifact": "s3://elsewhere/"}))


def test_names_tell_versions_apart():
    """Models that differ in what a name cannot hold, or only after its end, still get names of their own."""
    long = "m" * 100
    versions = [version(model=each) for each in ("a/b", "a-b", "a b", f"{long}1", f"{long}2")]
    versions += [version(), version(version="8"), version(registry=Registry.GENERIC)]

    names = {name_model(each) for each in versions}

    assert len(names) == len(versions)
    assert name_model(version()).startswith("fraud-7-")


def test_a_model_of_mlflow_has_image_artifact_and_variables():
    """Image, artifact, variables and network are as the binding says, with the version filled in."""
    make = MAKE | {
        "environment": {"VERSION": "{model}:{version}"},
        "subnets": ["subnet-1"],
        "security_groups": ["sg-1"],
    }

    made = declare_model(bind(make=make).make, version())

    tags = {each["Key"]: each["Value"] for each in made.pop("Tags")}
    assert made == {
        "PrimaryContainer": {
            "Image": IMAGE,
            "ModelDataUrl": "s3://m/7/model.tar.gz",
            "Environment": {"VERSION": "fraud:7"},
        },
        "ExecutionRoleArn": ROLE,
        "VpcConfig": {"Subnets": ["subnet-1"], "SecurityGroupIds": ["sg-1"]},
    }
    assert (tags["rollway:registry"], tags["rollway:model"], tags["rollway:version"]) == ("mlflow", "fraud", "7")


PROMPTS = (
    "{{ instruction }}",
    "{{model}}",
    '{"a": {"b": 1}}',
    "{0} {} {model!r} {version:>3}",
    "{",
    "}}",
    "{verison}",
    "%s $model",
)


@pytest.mark.parametrize("written", PROMPTS)
def test_a_variable_reaches_the_container_as_it_is_written(written):
    """A prompt, a JSON text or any other template of the container's own is passed on, and is no mistake in the file either."""
    made = declare_model(bind(make=MAKE | {"environment": {"PROMPT": written}}).make, version())

    assert made["PrimaryContainer"]["Environment"] == {"PROMPT": written}


@settings(deadline=None)
@given(st.lists(st.sampled_from([*PROMPTS, " ", "{model}", "{version}"]) | st.text(), max_size=6))
def test_only_the_two_placeholders_are_filled_in(parts):
    """In any text, each stands for its value, also where a value looks like the other one; all else stays, character for character."""
    odd = version(model="a{version}b", version="{model}")
    text = "\n".join(parts)

    made = declare_model(bind(make=MAKE | {"environment": {"A": text}}).make, odd)["PrimaryContainer"]["Environment"][
        "A"
    ]

    words = {"{model}": "a{version}b", "{version}": "{model}"}
    assert made == "".join(words.get(part, part) for part in re.split(r"(?<!{)({model}|{version})(?!})", text))


def test_a_model_of_sagemakers_registry_is_its_package():
    """Nothing but the package's ARN and the role is needed: the package says the rest."""
    package = version(registry=Registry.SAGEMAKER, version=PACKAGE, artifact="")

    made = declare_model(bind(SAGEMAKER).make, package)

    assert made["PrimaryContainer"] == {"ModelPackageName": PACKAGE}
    assert name_model(package).startswith("fraud-7-")


def test_an_image_that_a_tag_names_is_taken_from_the_version():
    """Each version can bring the image that it was built for; one that does not is refused by the tag's name."""
    make = bind(make={"role": ROLE, "image_from_tag": "image"}).make

    assert declare_model(make, version(tags={"image": "i:7"}))["PrimaryContainer"]["Image"] == "i:7"
    with pytest.raises(CannotBeMade, match="no tag image"):
        declare_model(make, version(tags={"stage": "prod"}))


@pytest.mark.parametrize(
    ("artifact", "source", "container"),
    [
        ("source", "s3://m/7.tar.gz", {"ModelDataUrl": "s3://m/7.tar.gz"}),
        ("s3://packed/{model}/{version}.tar.gz", "s3://m/run/model", {"ModelDataUrl": "s3://packed/fraud/7.tar.gz"}),
        ("none", "mlflow-artifacts:/1/2", {}),
        ("folder", "s3://m/run/model", "s3://m/run/model/"),
        ("s3://open/{version}/", "", "s3://open/7/"),
    ],
)
def test_artifacts_are_found_where_the_binding_says(artifact, source, container):
    """A .tar.gz is given as such, a folder as a prefix that SageMaker does not unpack, and none as nothing."""
    folder = {"S3DataSource": {"S3Uri": container, "S3DataType": "S3Prefix", "CompressionType": "None"}}
    wanted = {"ModelDataSource": folder} if isinstance(container, str) else container

    made = declare_model(bind(make=MAKE | {"artifact": artifact}).make, version(artifact=source))

    assert made["PrimaryContainer"] == {"Image": IMAGE} | wanted


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("s3://m/run/model", "a folder"),
        ("models:/m-1", "S3 only"),
        ("file:///mnt/m.tar.gz", "S3 only"),
        ("", "no place"),
    ],
)
def test_an_artifact_that_sagemaker_cannot_take_is_refused_with_a_remedy(source, told):
    """A folder, and what does not lie in S3, are refused before anything is made, saying what to write in the binding."""
    with pytest.raises(CannotBeMade, match=told) as caught:
        declare_model(bind(MLFLOW).make, version(artifact=source))

    assert "make.artifact" in caught.value.hint


def test_a_commit_of_the_hub_can_be_fetched_by_its_image():
    """An image that loads from the hub itself gets repository and commit as variables, and no artifact."""
    make = MAKE | {"artifact": "none", "environment": {"HF_MODEL_ID": "{model}", "HF_REVISION": "{version}"}}
    commit = Registered(registry=Registry.HUGGING_FACE, model="acme/fraud", version="a" * 40)

    made = declare_model(bind(HUB, make=make).make, commit)

    assert made["PrimaryContainer"]["Environment"] == {"HF_MODEL_ID": "acme/fraud", "HF_REVISION": "a" * 40}
