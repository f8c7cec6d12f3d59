"""What the rules are about: an endpoint configuration, and what belongs to it.

Whatever is not part of the configuration may be unknown: a file does not say it, or AWS was asked and did not tell. ``Unknown`` carries
which, and rules pass it on; it never counts as fine.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, TypeVar

from policies.blueprint.declared import Declared
from policies.blueprint.document import Named, Path, Section
from policies.blueprint.faults import Found
from policies.facts import Endpoint, ScalingTarget

_LOCATION: Final = re.compile(r"s3://([^/]+)/?(.*)")


@dataclass(frozen=True)
class Unknown:
    """Something that is not known.

    Attributes:
        why: why not, for a person.
        asked: whether AWS was asked; false where only a file was read.
    """

    why: str
    asked: bool = False


@dataclass(frozen=True)
class Missing:
    """Something that is known not to exist."""


Value = TypeVar("Value")
Fact = Value | Unknown | Missing
"""Something that was looked for: found, not found, or not known."""

Document = Mapping[str, Any]
ONLY_IN_AWS: Final = Unknown("a file does not say; name the endpoint to have AWS asked")


@dataclass(frozen=True)
class Scaling:
    """How Application Auto Scaling looks after one variant.

    Attributes:
        target: its registration.
        moved_by: names of the policies and scheduled actions that move its instance count.
    """

    target: ScalingTarget
    moved_by: tuple[str, ...]


@dataclass(frozen=True)
class Alarm:
    """A CloudWatch alarm on the endpoint.

    Attributes:
        name: its name.
        metrics: names of the metrics that it looks at.
        variants: names of the variants that it looks at; empty where it names none.
        acts: whether it does anything when it goes off.
        state: OK, ALARM or INSUFFICIENT_DATA.
    """

    name: str
    metrics: tuple[str, ...]
    variants: tuple[str, ...]
    acts: bool
    state: str


@dataclass(frozen=True)
class Bucket:
    """The bucket that captured data goes to.

    Attributes:
        expiring: key prefixes whose objects expire by a lifecycle rule.
        public: why everybody can get at it; empty when nobody else can.
    """

    expiring: tuple[str, ...] | Unknown
    public: str | Unknown


@dataclass(frozen=True)
class Role:
    """An execution role.

    Attributes:
        trust: who may take it on: its trust policy.
        managed: ARNs of the managed policies that are attached to it.
        policies: its policy documents by name, inline and managed ones.
    """

    trust: Document | Unknown
    managed: tuple[str, ...] | Unknown
    policies: Mapping[str, Document | Unknown] | Unknown


@dataclass(frozen=True)
class Deployed:
    """What an endpoint was deployed with, as far as AWS says.

    Attributes:
        endpoint: the endpoint, with the images of its variants and its times.
        config_created: when the configuration of the name that it runs on was created; None where AWS does not say.
        digests: the digest that an image's tag stands for now, by image; one that could not be read is absent.
    """

    endpoint: Endpoint
    config_created: datetime | None = None
    digests: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True)
class Thresholds:
    """Where rules draw the line, where AWS does not say or each account has its own.

    Attributes:
        instances_per_endpoint: more instances than this are worth a look at the account's quota.
        local_store_families: instance families with local NVMe store, beside those whose name says it with a ``d``.
    """

    instances_per_endpoint: int = 20
    local_store_families: frozenset[str] = frozenset(
        (
            *("dl1", "g4dn", "g5", "g6", "g6e", "g7", "g7e", "p4d", "p4de", "p5", "p5e", "p5en"),
            *("p6-b200", "p6-b300", "p6e-gb200", "trn1", "trn1n", "trn2"),
        )
    )


@dataclass(frozen=True)
class Subject:
    """One endpoint configuration and what belongs to it.

    Attributes:
        config: the members of a ``CreateEndpointConfig`` request.
        models: the models of its variants by name, as ``DescribeModel`` gives them.
        endpoint: name of the endpoint that runs on it; empty for a file.
        scaling: registrations with Application Auto Scaling, by variant; a variant that is not among them has none.
        alarms: the alarms on the endpoint.
        capture_bucket: the bucket that captured data goes to.
        roles: the execution roles by ARN.
        deployed: what the endpoint was deployed with.
        declared: what the file declares that it was read from; None for an endpoint.
        thresholds: where rules draw the line.
        refused: what SageMaker refuses of it.
    """

    config: Document
    models: Mapping[str, Fact[Document]] = field(default_factory=dict[str, Fact[Document]])
    endpoint: str = ""
    scaling: Mapping[str, Scaling | Unknown] | Unknown = ONLY_IN_AWS
    alarms: Sequence[Alarm] | Unknown = ONLY_IN_AWS
    capture_bucket: Fact[Bucket] = ONLY_IN_AWS
    roles: Mapping[str, Fact[Role]] = field(default_factory=dict[str, Fact[Role]])
    deployed: Deployed | Unknown = ONLY_IN_AWS
    declared: Declared | None = None
    thresholds: Thresholds = field(default_factory=Thresholds)
    refused: Sequence[Found] = ()

    @property
    def whole(self) -> Section:
        """The configuration as a whole."""
        return Section((), self.config)

    @property
    def production(self) -> tuple[Section, ...]:
        """The production variants."""
        return self.whole.items("ProductionVariants")

    @property
    def shadows(self) -> tuple[Section, ...]:
        """The shadow variants."""
        return self.whole.items("ShadowProductionVariants")

    @property
    def variants(self) -> tuple[Section, ...]:
        """The production variants, then the shadows."""
        return self.production + self.shadows

    @property
    def is_async(self) -> bool:
        """Whether requests are queued instead of answered."""
        return self.whole.has("AsyncInferenceConfig")

    @property
    def captures(self) -> bool:
        """Whether requests or answers are captured: the default wherever capture is configured at all."""
        capture = self.whole.section("DataCaptureConfig")
        return bool(capture.members) and capture.get("EnableCapture") is not False

    @property
    def model_names(self) -> tuple[str, ...]:
        """The names of all models, each once."""
        return tuple(dict.fromkeys(name for variant in self.variants for _, name in models_named(variant)))

    @property
    def hosted_models(self) -> tuple[str, ...]:
        """The names of the models that run on instances, each once: serverless variants take no settings of a network."""
        hosted = (variant for variant in self.variants if not variant.has("ServerlessConfig"))
        return tuple(dict.fromkeys(name for variant in hosted for _, name in models_named(variant)))

    def scaling_of(self, variant: str) -> Fact[Scaling]:
        """Return the registration of a variant."""
        return self.scaling if isinstance(self.scaling, Unknown) else self.scaling.get(variant, Missing())

    def model(self, name: str) -> Fact[Section]:
        """Return a model by name."""
        found = self.models.get(name, Unknown("the file holds no model of this name; add it under Models"))
        return found if isinstance(found, Unknown | Missing) else Section(model_path(name), found)


def model_path(name: str) -> Path:
    """Return where a model is."""
    return ("Models", Named(name))


def role_path(arn: str) -> Path:
    """Return where a role is."""
    return ("Roles", Named(arn.rsplit("/", 1)[-1]))


def models_named(variant: Section) -> Iterator[tuple[Path, str]]:
    """Yield each model that a variant names, with where it does so."""
    if name := variant.text("ModelName"):
        yield variant.at("ModelName"), name
    for pool in variant.items("InstancePools"):
        if name := pool.text("ModelNameOverride"):
            yield pool.at("ModelNameOverride"), name


def instance_types(variant: Section) -> tuple[str, ...]:
    """Return the instance types of a variant."""
    pools = (pool.text("InstanceType") for pool in variant.items("InstancePools"))
    return tuple(name for name in (variant.text("InstanceType"), *pools) if name)


def name_variant(variant: Section) -> str:
    """Return a variant's name."""
    return variant.named("VariantName") or "without a name"


def split_location(uri: str) -> tuple[str, str]:
    """Split ``s3://bucket/prefix`` into bucket and prefix; both empty for any other text."""
    found = _LOCATION.fullmatch(uri)
    return (found[1], found[2]) if found else ("", "")
