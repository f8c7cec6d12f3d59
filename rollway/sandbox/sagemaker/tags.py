"""Tags of the resources that the simulator keeps: models, endpoint configurations, endpoints."""

import threading
from collections.abc import Callable, Sequence
from typing import Any

from rollway.sandbox.errors import invalid
from rollway.sandbox.sagemaker.constraints import Request

MOST_TAGS = 50


class Tags:
    """Tags by ARN, in the order in which their keys were first set."""

    def __init__(self) -> None:
        self._by_arn: dict[str, dict[str, str]] = {}
        self._lock = threading.Lock()

    def attach(self, arn: str, tags: Sequence[Request] | None) -> None:
        """Set tags on a resource; existing keys get the new value.

        Raises:
            Refusal: ``ValidationException`` when the resource would have more than 50 tags.
        """
        with self._lock:
            merged = self.of(arn) | {tag["Key"]: tag["Value"] for tag in tags or ()}
            if len(merged) > MOST_TAGS:
                raise invalid(f"The number of tags {len(merged)} exceeds the limit of {MOST_TAGS} tags per resource.")
            if merged:
                self._by_arn[arn] = merged

    def of(self, arn: str) -> dict[str, str]:
        """Return a copy of a resource's tags."""
        return dict(self._by_arn.get(arn, {}))

    def remove(self, arn: str, keys: Sequence[str]) -> None:
        """Remove tags by key; unknown keys are ignored, as AWS does."""
        with self._lock:
            self._by_arn[arn] = {key: value for key, value in self.of(arn).items() if key not in keys}

    def forget(self, arn: str) -> None:
        """Drop every tag of a resource that is being deleted."""
        self._by_arn.pop(arn, None)

    def export(self) -> dict[str, dict[str, str]]:
        """Return all tags, JSON-able."""
        return {arn: dict(tags) for arn, tags in tuple(self._by_arn.items())}

    def restore(self, state: dict[str, dict[str, str]]) -> None:
        """Replace all tags by exported ones."""
        self._by_arn = state


class TagOperations:
    """AddTags, ListTags and DeleteTags for the resources that exist."""

    def __init__(self, tags: Tags, require: Callable[[str], None]) -> None:
        """``require`` refuses an ARN that names no existing resource."""
        self._tags = tags
        self._require = require

    def add_tags(self, request: Request) -> dict[str, Any]:
        """Answer AddTags with the tags that the resource has now."""
        arn = request["ResourceArn"]
        self._require(arn)
        self._tags.attach(arn, request["Tags"])
        return {"Tags": self._listed(arn)}

    def list_tags(self, request: Request) -> dict[str, Any]:
        """Answer ListTags. A page holds at least 50 tags and a resource at most 50, so there is always one page."""
        arn = request["ResourceArn"]
        self._require(arn)
        return {"Tags": self._listed(arn)}

    def delete_tags(self, request: Request) -> dict[str, Any]:
        """Answer DeleteTags."""
        arn = request["ResourceArn"]
        self._require(arn)
        self._tags.remove(arn, request["TagKeys"])
        return {}

    def _listed(self, arn: str) -> list[dict[str, str]]:
        return [{"Key": key, "Value": value} for key, value in self._tags.of(arn).items()]
