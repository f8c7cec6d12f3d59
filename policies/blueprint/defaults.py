"""What SageMaker and Application Auto Scaling fill in by themselves: a member that says the default says nothing.

For comparing only. What is sent, and how a configuration is named, goes by what was written.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from typing import Any, Final, cast

from policies.blueprint.model import Document, type_policy

_DEFAULTS: Final[Mapping[str, tuple[object, ...]]] = {
    # An endpoint configuration and its variants.
    "EnableNetworkIsolation": (False,),
    "InitialVariantWeight": (1.0,),
    "EnableSSMAccess": (False,),
    "RoutingStrategy": ("RANDOM",),
    "MaximumStepSize": (1,),
    "CooldownInMinutes": (20,),
    "EnableCapture": (True,),
    "EnableEnhancedMetrics": (False,),
    "EnableDetailedObservability": (True,),
    "MetricPublishFrequencyInSeconds": (60,),
    # A model's containers, and how several of them are called.
    "Mode": ("SingleModel", "Serial"),
    "RepositoryAccessMode": ("Platform",),
    "ModelCacheSetting": ("Enabled",),
    # Scaling policies and scheduled actions.
    "ScaleInCooldown": (300,),
    "ScaleOutCooldown": (300,),
    "DisableScaleIn": (False,),
    "Timezone": ("UTC",),
}
"""By member, wherever it stands; no member has two meanings among all that a blueprint may hold."""

_TELLING: Final = frozenset({"AsyncInferenceConfig", "OutputConfig"})
"""Structures that mean something by being there, also when they are empty."""

_FREE: Final = frozenset({"Environment", "Tags"})
"""Members in which users choose the names, so that nothing in them is a default."""

_TIMES: Final = frozenset({"StartTime", "EndTime"})


def leave_out_defaults(document: Document) -> Document:
    """Return a document without what AWS would fill in by itself, and without what is empty."""
    return _tidy(document, _is_default)


def leave_out_echoes(document: Document) -> Document:
    """Return a described document as it could be created: without what is empty, or only repeats another member."""
    return _tidy(document, lambda _member, _value: False)


def in_utc(document: Document) -> Document:
    """Return the members of a scheduled action with its times in ISO 8601 and UTC, however they were written."""
    return {member: _moment(value) if member in _TIMES else value for member, value in document.items()}


def complete_policy(policy: Document) -> Document:
    """Return the members of a scaling policy, ready to be compared."""
    return leave_out_defaults(type_policy(policy))


def default_of(member: str, other: object) -> object:
    """Return what a member says by being absent, beside another value of it; None where it says nothing."""
    defaults = _DEFAULTS.get(member)
    if defaults is None:
        return None
    return "Serial" if other == "Direct" else defaults[0]


def _tidy(document: Document, is_left_out: Callable[[str, object], bool]) -> Document:
    kept: Document = {}
    for member, value in _without_echo(document).items():
        plain = _plain(member, value, is_left_out)
        empty = plain in ("", [], {}) and member not in _TELLING
        if not empty and not is_left_out(member, plain):
            kept[member] = plain
    return kept


def _plain(member: str, value: object, is_left_out: Callable[[str, object], bool]) -> Any:  # noqa: ANN401 - a tree of anything
    if member in _FREE:
        return value
    if member in _TIMES:
        return _moment(value)
    match value:
        case dict():
            return _tidy(cast("Document", value), is_left_out)
        case list() | tuple():
            return [_plain("", item, is_left_out) for item in cast("list[object]", value)]
        case _:
            return value


def _is_default(member: str, value: object) -> bool:
    """Whether a value is a default. A flag is no number here: ``True`` is not the weight 1."""
    defaults = _DEFAULTS.get(member, ())
    return any(value == default and isinstance(value, bool) == isinstance(default, bool) for default in defaults)


def _without_echo(document: Document) -> Document:
    """Return a container without the data source that SageMaker derives from its ``ModelDataUrl``."""
    url = document.get("ModelDataUrl")
    echo = {"S3DataSource": {"S3Uri": url, "S3DataType": "S3Object", "CompressionType": "Gzip"}}
    if not url or document.get("ModelDataSource") != echo:
        return document
    return {member: value for member, value in document.items() if member != "ModelDataSource"}


def _moment(value: object) -> object:
    """Return a time in ISO 8601 and UTC, however it was written."""
    if isinstance(value, date) and not isinstance(value, datetime):
        value = datetime(value.year, value.month, value.day, tzinfo=UTC)
    if isinstance(value, str):
        value = datetime.fromisoformat(value)
    if not isinstance(value, datetime):
        return value
    return (value if value.tzinfo else value.replace(tzinfo=UTC)).astimezone(UTC).isoformat()
