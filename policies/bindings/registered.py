"""A registered version as its registry describes it now. Only this is believed; events are hints to look."""

from datetime import datetime
from typing import Literal

from policies.bindings.event import Registry
from policies.bindings.immutable import WANDB_ID, explain_moving, is_immutable
from policies.bindings.spec import When
from policies.values import Frozen

Approval = Literal["approved", "rejected", "pending", "unknown"]


class Registered(Frozen):
    """One version of a registered model.

    Attributes:
        registry: where it is registered.
        model: the registered model.
        version: the version, in the registry's own words; for SageMaker the ARN of the model package.
        ready: whether the registry has all of it.
        artifact: where its artifact lies; empty where the registry does not say.
        aliases: the aliases that point at it.
        tags: its tags.
        approval: whether somebody has approved it; unknown where registries have no such thing.
        created_at: when it was registered; None where nobody says.
    """

    registry: Registry
    model: str
    version: str
    ready: bool = True
    artifact: str = ""
    aliases: tuple[str, ...] = ()
    tags: dict[str, str] = {}
    approval: Approval = "unknown"
    created_at: datetime | None = None

    @property
    def short_version(self) -> str:
        """The version as one says it: the number at the end of an ARN, ten digits of a commit."""
        last = self.version.rpartition("/")[2]
        return last[:10] if self.registry is Registry.HUGGING_FACE else last

    @property
    def in_addresses(self) -> str:
        """The version as templates of images, artifacts and variables get it: of W&B's ids the id alone."""
        return self.version.removeprefix(WANDB_ID)

    def __str__(self) -> str:
        """Return what it is in a few words: ``fraud 7 of mlflow``."""
        return f"{self.model} {self.short_version} of {self.registry}"


def find_mismatch(when: When, version: Registered) -> str:
    """Say why a version is not the one that is asked for; nothing when it is.

    A registry is asked for exactly this version, so a mismatch means that it has moved on between two answers, or misunderstood us.
    """
    if not is_immutable(version.registry, version.version, when.alias or ""):
        return explain_moving(version.registry, version.version)
    if not version.ready:
        return f"{version} is not ready yet"
    if when.alias is not None and when.alias not in version.aliases:
        return f"{version} has no alias {when.alias} any more"
    if when.tag is not None and when.tag not in {f"{key}={value}" for key, value in version.tags.items()}:
        return f"{version} has no tag {when.tag} any more"
    if when.approved and version.approval != "approved":
        return f"{version} is not approved: {version.approval}"
    return ""
