"""ListMetrics of the simulated CloudWatch.

AWS may take 15 minutes to list a new metric; here a metric is listed with its first datum.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Final

from rollway.sandbox.errors import Refusal
from rollway.sandbox.metrics.keys import MetricKey
from rollway.sandbox.metrics.paging import next_token, position_in
from rollway.sandbox.metrics.view import View

_PAGE: Final = 500
_LISTED_FOR: Final = timedelta(weeks=2)
_RECENT: Final = {"PT3H": timedelta(hours=3)}


def list_metrics(view: View, request: Mapping[str, Any]) -> dict[str, Any]:
    """Answer ListMetrics.

    Raises:
        Refusal: ``InvalidParameterValue`` for an unknown ``RecentlyActive`` or a foreign token.
    """
    recent = request.get("RecentlyActive")
    if recent and recent not in _RECENT:
        raise Refusal(
            "InvalidParameterValue",
            f"The value {recent} for parameter RecentlyActive is invalid. The only valid value is PT3H.",
        )
    oldest = view.now - int((_RECENT[recent] if recent else _LISTED_FOR).total_seconds())
    found = sorted(key for key, newest in view.archive.latest().items() if newest >= oldest and _matches(key, request))
    start = (position_in(request, "InvalidParameterValue") or {"offset": 0})["offset"]
    end = start + _PAGE
    answer: dict[str, Any] = {"Metrics": [_described(key) for key in found[start:end]]}
    if end < len(found):
        answer["NextToken"] = next_token(request, {"offset": end})
    return answer


def _matches(key: MetricKey, request: Mapping[str, Any]) -> bool:
    return (
        request.get("Namespace") in {None, key.namespace}
        and request.get("MetricName") in {None, key.metric}
        and _has_all(dict(key.dimensions), request.get("Dimensions") or ())
    )


def _has_all(dimensions: Mapping[str, str], filters: Sequence[Mapping[str, str]]) -> bool:
    return all(each["Name"] in dimensions and each.get("Value") in {None, dimensions[each["Name"]]} for each in filters)


def _described(key: MetricKey) -> dict[str, Any]:
    dimensions = [{"Name": name, "Value": value} for name, value in key.dimensions]
    return {"Namespace": key.namespace, "MetricName": key.metric, "Dimensions": dimensions}
