"""GetMetricData in pages."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from rollway.sandbox.clock import VirtualClock
from rollway.sandbox.errors import Refusal
from rollway.sandbox.metrics import MetricStore

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
Write = Callable[..., dict[str, Any]]


@pytest.fixture
def busy(store: MetricStore) -> MetricStore:
    """A store with 10 minutes of ``m``, none of ``idle`` and 7 minutes of ``n``."""
    for metric, minutes in (("m", 10), ("n", 7)):
        for minute in range(minutes):
            store.record("Test", metric, {}, minute, at=NOON - minute * timedelta(minutes=1))
    return store


@pytest.fixture
def wanted(query: Write, request_of: Write) -> dict[str, Any]:
    """Ask for all three metrics."""
    return request_of(*(query(name=name, metric=name) for name in ("m", "idle", "n")))


def pages_of(store: MetricStore, request: dict[str, Any]) -> list[dict[str, Any]]:
    pages = [store.query(request)]
    while token := pages[-1].get("NextToken"):
        pages.append(store.query({**request, "NextToken": token}))
    return pages


def joined(pages: list[dict[str, Any]]) -> dict[str, list[tuple[datetime, float]]]:
    found: dict[str, list[tuple[datetime, float]]] = {}
    for page in pages:
        for result in page["MetricDataResults"]:
            found.setdefault(result["Id"], []).extend(zip(result["Timestamps"], result["Values"], strict=True))
    return found


@pytest.mark.parametrize("order", ["TimestampAscending", "TimestampDescending"])
@pytest.mark.parametrize("size", [1, 3, 10, 16, 17, 100])
def test_pages_add_up_to_the_whole_answer(busy: MetricStore, wanted: dict[str, Any], size: int, order: str) -> None:
    """Following the tokens gives every data point once, in order, whatever the size of a page."""
    request = {**wanted, "ScanBy": order}
    pages = pages_of(busy, {**request, "MaxDatapoints": size})
    assert joined(pages) == joined([busy.query(request)])
    assert len(pages) == -(-17 // size)
    assert all(sum(len(each["Values"]) for each in page["MetricDataResults"]) <= size for page in pages)


def test_result_that_goes_on_is_partial(busy: MetricStore, wanted: dict[str, Any]) -> None:
    """A result says PartialData while more of it is to come and Complete on its last page."""
    pages = pages_of(busy, {**wanted, "MaxDatapoints": 6})
    statuses = [[(each["Id"], each["StatusCode"]) for each in page["MetricDataResults"]] for page in pages]
    assert statuses == [
        [("m", "PartialData")],
        [("m", "Complete"), ("idle", "Complete"), ("n", "PartialData")],
        [("n", "Complete")],
    ]


def test_pages_show_one_moment(busy: MetricStore, wanted: dict[str, Any], clock: VirtualClock) -> None:
    """Data that arrive between two pages do not disturb them."""
    first = busy.query({**wanted, "MaxDatapoints": 12})
    clock.advance(timedelta(minutes=5))
    busy.record("Test", "n", {}, 1)
    second = busy.query({**wanted, "MaxDatapoints": 12, "NextToken": first["NextToken"]})
    assert len(joined([first, second])["n"]) == 7


@pytest.mark.parametrize("token", ["x", "bm9uc2Vuc2U=", "WzEsIDJd"])
def test_made_up_token_is_refused(busy: MetricStore, wanted: dict[str, Any], token: str) -> None:
    """A token that was never given out is InvalidNextToken, not an empty page."""
    with pytest.raises(Refusal) as refused:
        busy.query({**wanted, "NextToken": token})
    assert refused.value.code == "InvalidNextToken"


def test_token_belongs_to_its_request(busy: MetricStore, wanted: dict[str, Any], query: Write) -> None:
    """A token cannot continue another request."""
    token = busy.query({**wanted, "MaxDatapoints": 3})["NextToken"]
    with pytest.raises(Refusal, match="was not returned by this request"):
        busy.query({**wanted, "MetricDataQueries": [query(metric="n")], "NextToken": token})
