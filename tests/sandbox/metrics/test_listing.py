"""ListMetrics."""

from datetime import timedelta
from typing import Any

import pytest

from rollway.sandbox.clock import VirtualClock
from rollway.sandbox.errors import Refusal
from rollway.sandbox.metrics import MetricStore

BOTH = {"EndpointName": "fraud", "VariantName": "a"}


def listed(store: MetricStore, **request: Any) -> list[tuple[str, dict[str, str]]]:
    found = store.list_metrics(request)["Metrics"]
    return [(each["MetricName"], {pair["Name"]: pair["Value"] for pair in each["Dimensions"]}) for each in found]


def test_each_metric_is_listed_once(store: MetricStore) -> None:
    """Repeated data, other dimension orders and other units do not multiply a metric."""
    for dimensions in (BOTH, dict(reversed(BOTH.items())), BOTH):
        store.record("Test", "m", dimensions, 1)
    store.put(
        {
            "Namespace": "Test",
            "MetricData": [{"MetricName": "n", "Value": 1, "Unit": unit} for unit in ("Count", "None")],
        }
    )
    assert listed(store) == [("m", BOTH), ("n", {})]


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        ({"Namespace": "Test"}, ["m", "n"]),
        ({"Namespace": "Other"}, ["o"]),
        ({"MetricName": "n"}, ["n"]),
        ({"Dimensions": [{"Name": "EndpointName"}]}, ["m"]),
        ({"Dimensions": [{"Name": "EndpointName", "Value": "fraud"}]}, ["m"]),
        ({"Dimensions": [{"Name": "EndpointName", "Value": "other"}]}, []),
        ({"Dimensions": [{"Name": "EndpointName"}, {"Name": "Host"}]}, []),
    ],
)
def test_filters(store: MetricStore, request_: dict[str, Any], expected: list[str]) -> None:
    """A dimension filter is met by metrics that have other dimensions too; names must match exactly."""
    store.record("Test", "m", BOTH, 1)
    store.record("Test", "n", {"Host": "h"}, 1)
    store.record("Other", "o", {}, 1)
    assert [name for name, _ in listed(store, **request_)] == expected


def test_pages(store: MetricStore) -> None:
    """More than 500 metrics come in pages that add up."""
    for number in range(1201):
        store.record("Test", f"m{number:04}", {}, 1)
    pages = [store.list_metrics({})]
    while token := pages[-1].get("NextToken"):
        pages.append(store.list_metrics({"NextToken": token}))
    assert [len(page["Metrics"]) for page in pages] == [500, 500, 201]
    names = [each["MetricName"] for page in pages for each in page["Metrics"]]
    assert names == [f"m{number:04}" for number in range(1201)]


def test_made_up_token_is_refused(store: MetricStore) -> None:
    """A token that was never given out is refused."""
    with pytest.raises(Refusal, match="was not returned by this request"):
        store.list_metrics({"NextToken": "x"})


def test_silent_metrics_disappear(store: MetricStore, clock: VirtualClock) -> None:
    """A metric is recently active for three hours and listed for two weeks after its last datum."""
    store.record("Test", "m", {}, 1)
    clock.advance(timedelta(hours=3, minutes=1))
    assert listed(store, RecentlyActive="PT3H") == []
    assert listed(store) == [("m", {})]
    clock.advance(timedelta(weeks=2))
    assert listed(store) == []


def test_only_three_hours_are_recent(store: MetricStore) -> None:
    """Any other RecentlyActive is refused."""
    with pytest.raises(Refusal, match=r"The only valid value is PT3H\."):
        store.list_metrics({"RecentlyActive": "PT1H"})
