"""What is known of an endpoint, as values: the endpoint itself, its configuration, its scaling.

Shares are percent of traffic. How SageMaker spells all this is known to ``rollway.aws`` only.
"""

from datetime import datetime
from typing import Any, Final, Literal

from policies.blueprint.model import VariantScaling
from policies.endpoint_config import EndpointConfig
from policies.identity import DeployedImage, ModelIdentity
from policies.values import Frozen

EndpointStatus = Literal[
    "OutOfService",
    "Creating",
    "Updating",
    "SystemUpdating",
    "RollingBack",
    "InService",
    "Deleting",
    "Failed",
    "UpdateRollbackFailed",
]

IDLE_TROUBLE: Final = frozenset({"OutOfService", "Failed", "UpdateRollbackFailed"})
"""Statuses in which nothing is in flight and yet the endpoint is not well."""

SHARE_TOLERANCE: Final = 0.05
"""Percent of traffic by which two shares may differ and still count as equal: AWS gives weights back as binary floats."""


class LiveVariant(Frozen):
    """A production variant as it runs.

    Attributes:
        name: the variant's name.
        share: percent of traffic that it gets now.
        wanted_share: percent of traffic that it will get once the change in flight is done; equal to ``share`` otherwise.
        instances: how many instances serve it now.
        wanted_instances: how many will once the change in flight is done.
        images: its containers' images, as they were looked up when it was deployed; empty where AWS does not say.
    """

    name: str
    share: float
    wanted_share: float
    instances: int
    wanted_instances: int
    images: tuple[DeployedImage, ...] = ()


class Endpoint(Frozen):
    """An endpoint as AWS describes it at one moment.

    Attributes:
        name: the endpoint's name.
        arn: its ARN.
        status: SageMaker's status.
        config: name of the configuration that it runs on.
        variants: its production variants.
        shadows: names of its shadow variants.
        pending_config: the configuration being deployed, or None.
        failure_reason: why the last change failed, as AWS words it; AWS may leave it empty.
        baking_since: when AWS began the present bake of a deployment by its guardrails; None while none is on.
        created: when it was created; None where AWS does not say.
        modified: when it was last changed in any way; None where AWS does not say.
    """

    name: str
    arn: str
    status: EndpointStatus
    config: str
    variants: tuple[LiveVariant, ...]
    shadows: tuple[str, ...] = ()
    pending_config: str | None = None
    failure_reason: str = ""
    baking_since: datetime | None = None
    created: datetime | None = None
    modified: datetime | None = None

    @property
    def settled(self) -> bool:
        """Whether no change is in flight: in service, nothing pending, and what runs is what is wanted."""
        return (
            self.status == "InService"
            and self.pending_config is None
            and all(
                same_share(variant.share, variant.wanted_share) and variant.instances == variant.wanted_instances
                for variant in self.variants
            )
        )

    @property
    def busy(self) -> bool:
        """Whether AWS is at work on the endpoint, so that it would turn down any change."""
        return not self.settled and self.status not in IDLE_TROUBLE

    def variant(self, name: str) -> LiveVariant | None:
        """Return the variant of that name, or None when the endpoint has none."""
        return next((variant for variant in self.variants if variant.name == name), None)

    @property
    def shares(self) -> dict[str, float]:
        """Percent of traffic by variant name."""
        return {variant.name: variant.share for variant in self.variants}


Suspension = Literal["scale_in", "scale_out", "scheduled"]
"""One of the three things that Application Auto Scaling can be told not to do for a while."""

HELD_SCALING: Final[tuple[Suspension, ...]] = ("scale_in", "scheduled")
"""What a rollout suspends: a baseline that is scaled in meanwhile could not take its traffic back. Scaling out stays: customers need it."""


class ScalingTarget(Frozen):
    """A variant's registration with Application Auto Scaling.

    Attributes:
        variant: the variant's name.
        minimum: least number of instances.
        maximum: greatest number of instances.
        suspended: what is suspended, in alphabetical order.
    """

    variant: str
    minimum: int
    maximum: int
    suspended: tuple[Suspension, ...] = ()

    def held(self) -> "ScalingTarget":
        """Return the registration as it shall be while a rollout lasts."""
        return self.model_copy(update={"suspended": tuple(sorted({*self.suspended, *HELD_SCALING}))})


class Surroundings(Frozen):
    """What belongs to an endpoint without being part of its description.

    Attributes:
        tags: the endpoint's tags.
        scaling: registrations of its variants with Application Auto Scaling, sorted by variant.
    """

    tags: dict[str, str] = {}
    scaling: tuple[ScalingTarget, ...] = ()

    def target(self, variant: str) -> ScalingTarget | None:
        """Return the registration of a variant, or None when autoscaling does not look after it."""
        return next((target for target in self.scaling if target.variant == variant), None)


Hosting = Literal["one model", "multi-model", "multi-container"]
"""What a SageMaker model holds: one model, many that are loaded by the request's word, or several containers."""


class Load(Frozen):
    """What an endpoint had to bear.

    Attributes:
        peak: the most requests that it had in one minute.
        per_instance: the most that one of its instances had in one minute, as the average over its instances then.
    """

    peak: float
    per_instance: float


class Facts(Frozen):
    """All that planning needs to know.

    Attributes:
        endpoint: the endpoint as it is.
        config: the configuration it runs on.
        wanted: the configuration that shall serve in the end, still without a name of its own.
        rivals: the configurations of an A/B test's further challengers, likewise.
        missing_models: names of models in all these configurations that SageMaker does not know and no blueprint declares.
        new_models: models that a blueprint declares and that are not there yet: members of ``CreateModel`` by name.
        differing_models: models that a blueprint declares and that are there with other content: what differs, by name.
        hosting: what each model holds that serves now or shall serve, by its name.
        surroundings: the endpoint's tags, and the registrations of its variants with Application Auto Scaling.
        alarms: states of the alarms that the policy names; one that does not exist is absent.
        load: what the endpoint had to bear lately, or why nobody knows; None where the policy does not ask.
        declared_scaling: the scaling that a blueprint declares for the live variant; None where it says nothing about it.
        own_scaling: the live variant's scaling as it is; read only where a blueprint has it replaced.
        models: what the names of all these models stand for now.
        config_created: when the configuration that it runs on was created; None where AWS does not say.
        digests: the digest that an image's tag stands for now, by the image as models name it; one that could not be read is absent.
    """

    endpoint: Endpoint
    config: EndpointConfig
    wanted: EndpointConfig
    rivals: tuple[EndpointConfig, ...] = ()
    missing_models: tuple[str, ...] = ()
    hosting: dict[str, Hosting] = {}
    surroundings: Surroundings = Surroundings()
    alarms: dict[str, str] = {}
    load: Load | str | None = None
    new_models: dict[str, dict[str, Any]] = {}
    differing_models: dict[str, tuple[str, ...]] = {}
    declared_scaling: VariantScaling | None = None
    own_scaling: VariantScaling | None = None
    models: dict[str, ModelIdentity] = {}
    config_created: datetime | None = None
    digests: dict[str, str] = {}


def same_share(left: float, right: float) -> bool:
    """Whether two shares (percent) are equal up to the rounding of AWS's weights."""
    return abs(left - right) <= SHARE_TOLERANCE


def format_shares(shares: dict[str, float]) -> str:
    """Write shares for a person: ``AllTraffic 95 %, candidate 5 %``."""
    return ", ".join(f"{name} {share:.4g} %" for name, share in shares.items())


def format_suspensions(suspended: tuple[Suspension, ...]) -> str:
    """Say which scaling is suspended: ``suspend scale in, scheduled scaling``."""
    if not suspended:
        return "suspend no scaling"
    words: dict[Suspension, str] = {
        "scale_in": "scaling in",
        "scale_out": "scaling out",
        "scheduled": "scheduled scaling",
    }
    return f"suspend {', '.join(words[each] for each in suspended)}"
