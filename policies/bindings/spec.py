"""The bindings file: which registered model goes to which endpoints, when, and how.

These are the fields that a user writes. A misspelt field is a mistake, never ignored. What fields demand of one another is in
``policies.bindings.coherence``.
"""

import re
from datetime import timedelta
from typing import Annotated, Final, Literal

from pydantic import Field

from policies.bindings.event import Registry, Text
from policies.values import Duration, Frozen

NAME: Final = r"^[a-zA-Z0-9][a-zA-Z0-9._-]{0,62}$"
_ENDPOINT: Final = r"^[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}$"
_REGION: Final = r"^([a-z]{2}(-[a-z]+)+-\d)?$"
_ROLE: Final = r"^arn:aws[a-z-]*:iam::\d{12}:role/.+$"

TAG: Final = r"^[^=]+=.*$"
SOURCE: Final = "source"
FOLDER: Final = "folder"
NO_ARTIFACT: Final = "none"
PLACEHOLDER: Final = re.compile(r"(?<!\{)\{(?:model|version)\}(?!\})")
"""What is filled in. Doubled braces are another template language's, which the container reads."""
LOOK_EVERY: Final = timedelta(minutes=5)
"""How often the registries are asked unless a binding says otherwise; no shorter, since that is how often the flow runs."""


class When(Frozen):
    """What makes a version the one that shall be served. Exactly one of the four.

    Attributes:
        alias: the version that this alias points at.
        tag: the newest version with this tag, as ``key=value``.
        approved: the newest approved version of a SageMaker model package group.
        version_created: the newest version.
    """

    alias: Annotated[str, Field(min_length=1, max_length=255)] | None = None
    tag: Annotated[str, Field(pattern=TAG, max_length=1024)] | None = None
    approved: Literal[True] | None = None
    version_created: Literal[True] | None = None

    def __str__(self) -> str:
        """Return what is asked for in a few words: ``alias champion``."""
        if self.alias is not None:
            return f"alias {self.alias}"
        if self.tag is not None:
            return f"tag {self.tag}"
        return "newest approved version" if self.approved else "newest version"


class EndpointRef(Frozen):
    """One endpoint that gets the model.

    Attributes:
        endpoint: the endpoint's name.
        region: its AWS Region; by default the one that Rollway runs in.
    """

    endpoint: Annotated[str, Field(pattern=_ENDPOINT)]
    region: Annotated[str, Field(pattern=_REGION)] = ""


class Make(Frozen):
    """How the SageMaker model of a version is made.

    ``{model}`` and ``{version}`` in an image, an artifact or a variable stand for the registered model and its version. Everything else in
    a variable reaches the container as it is written, other braces too, such as ``{{ instruction }}`` or ``{"a": 1}``.

    Attributes:
        role: ARN of the execution role that the model gets.
        image: the container image.
        image_from_tag: instead of an image: the version's tag that names it.
        artifact: where the artifact lies. ``source``: where the registry says, which must be a .tar.gz in S3. ``folder``: the folder in
            S3 that the registry names, as it is. ``none``: the image needs none. Else a template, such as
            ``s3://models/{version}.tar.gz``; one that ends in ``/`` is a folder.
        environment: variables of the container.
        subnets: ids of the subnets that the container runs in.
        security_groups: ids of its security groups.
        network_isolation: whether the container gets no network at all.
    """

    role: Annotated[str, Field(pattern=_ROLE)]
    image: Annotated[str, Field(max_length=255)] = ""
    image_from_tag: Annotated[str, Field(max_length=250)] = ""
    artifact: Annotated[str, Field(min_length=1, max_length=1024)] = SOURCE
    environment: dict[str, str] = {}
    subnets: tuple[str, ...] = ()
    security_groups: tuple[str, ...] = ()
    network_isolation: bool = False


class Binding(Frozen):
    """One registered model, and what follows it.

    Attributes:
        name: the binding's name.
        registry: where the model is registered: ``mlflow``, ``sagemaker``, ``wandb``, ``hugging_face`` or ``generic``.
        model: the registered model: MLflow's name, a model package group, a W&B collection, a Hugging Face repository.
        when: what makes a version the one to serve.
        endpoints: the endpoints that get it.
        fleet: instead of endpoints: path of a fleet file, whose model this one takes the place of.
        policy: how it is rolled out: a policy that ships with Rollway, or the path of a policy file. A fleet has its own.
        make: how its SageMaker model is made.
        follow: ``at_once`` follows events and polling; ``on_schedule`` only runs of the flow that are scheduled for such bindings.
        every: how often polling asks the registry.
        trusted: for registries that cannot be read back: take their events at their word.
        write_back: whether the registry is told how a rollout ended.
        alias_when_promoted: an alias that MLflow gets for the version once it is promoted.
        reject_on_rollback: whether SageMaker's registry has the version rejected when it was taken back.
    """

    name: Annotated[str, Field(pattern=NAME)]
    registry: Registry
    model: Text
    when: When
    endpoints: tuple[EndpointRef, ...] = ()
    fleet: str = ""
    policy: Annotated[str, Field(min_length=1)] = "canary"
    make: Make
    follow: Literal["at_once", "on_schedule"] = "at_once"
    every: Duration = LOOK_EVERY
    trusted: bool = False
    write_back: bool = False
    alias_when_promoted: Annotated[str, Field(max_length=255)] = ""
    reject_on_rollback: bool = False


class Bindings(Frozen):
    """The whole file.

    Attributes:
        bindings: the bindings; an endpoint follows one of them at most.
    """

    bindings: Annotated[tuple[Binding, ...], Field(min_length=1)]
