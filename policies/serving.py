"""What serves an endpoint: model and share of each variant, as read back from AWS. What an outcome says about models comes from here.

The models of the rollout's own configurations are known from its plan; those of any other configuration have to be described in AWS.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Final, Literal

from pydantic import Field

from policies.endpoint_config import EndpointConfig
from policies.facts import Endpoint, EndpointStatus, same_share
from policies.observation import Unavailable
from policies.plan import Contender, Plan
from policies.values import Frozen

_SERVING: Final = frozenset({"InService", "Updating", "SystemUpdating", "RollingBack", "UpdateRollbackFailed"})
"""Statuses in which an endpoint answers requests."""


class Served(Frozen):
    """A variant with traffic.

    Attributes:
        variant: the variant's name.
        model: the name of its SageMaker model; None where it is not known.
        label: how messages name the model; with its configuration where the model's name alone says too little.
        share: percent of traffic.
    """

    variant: str
    model: str | None
    label: str
    share: float


class ReadBack(Frozen):
    """What serves, as AWS described the endpoint.

    Attributes:
        kind: tells the two kinds apart in the journal.
        at: when it was read.
        status: the endpoint's status.
        config: the configuration that the endpoint runs on.
        pending_config: the configuration being deployed; None where there is none.
        served: the variants with traffic, in the endpoint's order.
        undescribed: why the models of the configuration are not known; empty where they are.
    """

    kind: Literal["read_back"] = "read_back"
    at: datetime
    status: EndpointStatus
    config: str
    pending_config: str | None = None
    served: tuple[Served, ...]
    undescribed: str = ""

    @property
    def alone(self) -> Served | None:
        """The variant that gets all traffic; None where several do, where none does, or while a configuration is being deployed."""
        only = self.served[0] if len(self.served) == 1 else None
        return only if self.status in _SERVING and self.pending_config is None else None

    def says_the_same(self, other: "Serving") -> bool:
        """Whether another reading differs in its time only."""
        return isinstance(other, ReadBack) and self == other.model_copy(update={"at": self.at})


class NotReadBack(Frozen):
    """It is not known what serves.

    Attributes:
        kind: tells the two kinds apart in the journal.
        why: the reason, as a sentence for a person.
    """

    kind: Literal["not_read_back"] = "not_read_back"
    why: str


Serving = Annotated[ReadBack | NotReadBack, Field(discriminator="kind")]
"""What serves an endpoint, or why that is not known."""

NO_READING: Final = NotReadBack(why="no reading is on record")
"""Of an ending that nothing was read for yet, and of every journal from before readings were recorded."""


def is_known(plan: Plan, config: str) -> bool:
    """Say whether the plan itself says which models a configuration serves."""
    return any(each.name == config for each in plan.configs)


def read_back(plan: Plan, endpoint: Endpoint, at: datetime, foreign: EndpointConfig | Unavailable | None) -> ReadBack:
    """Return what serves an endpoint.

    Args:
        plan: the plan of its rollout.
        endpoint: the endpoint, as AWS describes it.
        at: when that was read.
        foreign: the configuration that the endpoint runs on, or why it could not be described; needed where the plan does not know it.
    """
    config = next((each for each in plan.configs if each.name == endpoint.config), foreign)
    described = config if isinstance(config, EndpointConfig) else None
    models = {each["VariantName"]: each.get("ModelName") for each in described.variants} if described else {}
    labels = _labels(plan, endpoint.config)
    return ReadBack(
        at=at,
        status=endpoint.status,
        config=endpoint.config,
        pending_config=endpoint.pending_config,
        served=tuple(
            Served(
                variant=each.name,
                model=models.get(each.name),
                label=labels.get(each.name) or _label(models.get(each.name), each.name, endpoint.config),
                share=each.share,
            )
            for each in endpoint.variants
            if not same_share(each.share, 0)
        ),
        undescribed="" if described else config.why if isinstance(config, Unavailable) else "it was not described",
    )


def describe_serving(serving: Serving) -> str:
    """Say what serves, as a clause: ``fraud-v6 serves all traffic``."""
    if isinstance(serving, NotReadBack):
        return f"which model serves was not read back: {serving.why}"
    only = serving.alone
    told = f"{only.label} serves all traffic" if only else _list(serving)
    if serving.status != "InService":
        told += f", and the endpoint is {serving.status}"
    if serving.pending_config:
        told += f", and config {serving.pending_config} is being deployed"
    if serving.undescribed:
        told += f" (the models of config {serving.config} are not known: {serving.undescribed})"
    return told


def same_traffic(left: Serving, right: Serving) -> bool:
    """Say whether two readings give the same models the same traffic, by whichever configuration."""
    if isinstance(left, NotReadBack) or isinstance(right, NotReadBack):
        return isinstance(left, NotReadBack) and isinstance(right, NotReadBack)
    one, other = ({each.label: each.share for each in reading.served} for reading in (left, right))
    return one.keys() == other.keys() and all(same_share(share, other[label]) for label, share in one.items())


def is_on_baseline(plan: Plan, serving: Serving) -> bool:
    """Say whether the baseline's variant, with the model that it had, was read back to get all traffic."""
    if isinstance(serving, NotReadBack) or serving.alone is None:
        return False
    beside = (
        plan.original,
        *((plan.shadowed,) if plan.shadowed else ()),
        *(() if plan.guard else (plan.side_by_side,)),
    )
    return serving.alone.variant == plan.baseline.variant and serving.config in {each.name for each in beside}


def takes_from_baseline(plan: Plan, serving: Serving) -> bool:
    """Say whether another model than the baseline's was read back to have traffic."""
    return isinstance(serving, ReadBack) and any(each.label != plan.baseline.model for each in serving.served)


def promoted_model(plan: Plan, serving: Serving) -> Contender | None:
    """Return the challenger whose promotion was read back: the endpoint runs on its configuration. None where it does not."""
    if isinstance(serving, NotReadBack) or serving.alone is None:
        return None
    return _promotions(plan).get(serving.config)


def _list(serving: ReadBack) -> str:
    shares = ", ".join(f"{each.label} {each.share:.4g} %" for each in serving.served)
    return f"the traffic goes to {shares}" if shares else "no variant gets traffic"


def _labels(plan: Plan, config: str) -> Mapping[str, str]:
    """Return how the plan names the model of each variant of one of its configurations; nothing for any other."""
    winner = _promotions(plan).get(config)
    if winner:
        return {plan.baseline.variant: winner.model}
    if config == plan.side_by_side.name:
        return {each.variant: each.model for each in (plan.baseline, *plan.newcomers)}
    return {plan.baseline.variant: plan.baseline.model} if is_known(plan, config) else {}


def _promotions(plan: Plan) -> dict[str, Contender]:
    """Return each challenger by the configuration that the endpoint gets if it is promoted."""
    rivals = {rival.promoted.name: rival.contender for rival in plan.rivals}
    return {plan.promoted.name: plan.candidate, **rivals}


def _label(model: str | None, variant: str, config: str) -> str:
    return f"{model} ({config})" if model else f"variant {variant} of config {config}"
