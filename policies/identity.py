"""What a name stands for: the things by which a model is told from another one that is created later under the same name.

SageMaker's models and endpoint configurations cannot be changed, but they can be deleted and created again under the same name. An endpoint
goes on serving what it was deployed with; the next update, a replaced instance or a scale-out takes what the name stands for by then.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from policies.values import Frozen

DIGEST: Final = "@sha256:"
"""What stands between the repository and the digest of an image that is named by its digest."""


class DeployedImage(Frozen):
    """One container image of a variant, as it was looked up when the variant was deployed.

    Attributes:
        specified: the image as the model names it.
        resolved: the image by its digest; empty where AWS does not say.
        resolved_at: when it was looked up; None where AWS does not say.
    """

    specified: str
    resolved: str = ""
    resolved_at: datetime | None = None

    @property
    def digest(self) -> str:
        """The digest that serves, ``sha256:...``; empty where it is not known."""
        return digest_of(self.resolved) or digest_of(self.specified)

    @property
    def by_tag(self) -> bool:
        """Whether the model names the image by a tag, which can be moved to another digest."""
        return not digest_of(self.specified)


class ModelIdentity(Frozen):
    """What a model's name stands for at one moment.

    Attributes:
        created: when the model was created; None where that is not known yet.
        images: the image of each container, in their order; empty for one that comes from a model package.
    """

    created: datetime | None = None
    images: tuple[str, ...] = ()

    def differs_from(self, now: "ModelIdentity") -> str:
        """Say in what the model is not the one that it was; empty when nothing shows that.

        A model cannot be changed, so two that were created at the same moment are the same.
        """
        if self.created is not None and now.created is not None:
            if self.created == now.created:
                return ""
            return f"was created on {format_moment(now.created)}; the one that was planned with on {format_moment(self.created)}"
        pairs = list(zip(self.images, now.images, strict=False))
        if len(self.images) == len(now.images) and all(not old or not new or old == new for old, new in pairs):
            return ""
        return f"runs {_write_images(now.images)}; the one that was planned with runs {_write_images(self.images)}"


def identify_model(members: Mapping[str, Any]) -> ModelIdentity:
    """Return a model's identity, from what ``DescribeModel`` answers or ``CreateModel`` is given."""
    containers: list[Mapping[str, Any]] = members.get("Containers") or [members.get("PrimaryContainer") or {}]
    images = tuple(str(container.get("Image") or "") for container in containers)
    return ModelIdentity(created=in_utc(members.get("CreationTime")), images=images)


def in_utc(moment: object) -> datetime | None:
    """Return a moment in UTC; None for anything that is not a moment."""
    if not isinstance(moment, datetime):
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)


def digest_of(image: str) -> str:
    """Return the digest in an image's name, ``sha256:...``; empty where the name has none."""
    _, found, digest = image.partition(DIGEST)
    return f"sha256:{digest}" if found else ""


def format_moment(moment: datetime) -> str:
    """Write a moment for a person, in UTC to the second."""
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"


def _write_images(images: tuple[str, ...]) -> str:
    return ", ".join(image or "an image of a model package" for image in images) or "no image"
