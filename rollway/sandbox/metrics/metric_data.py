"""GetMetricData of the simulated CloudWatch: many statistics of many metrics, with metric math, in pages.

Where AWS is silent, this is the choice: a page holds the results that it has data points of (and those that have
none, in their turn); a result that goes on says ``PartialData``; all pages of a request see the data that were
visible at the first. As AWS documents, a request with an expression is not paged. Labels are not dynamic: ``${...}``
stays as it is.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from rollway.sandbox.errors import Refusal
from rollway.sandbox.metrics.expression import Expression, Points
from rollway.sandbox.metrics.keys import moment_of
from rollway.sandbox.metrics.paging import next_token, position_in
from rollway.sandbox.metrics.queries import DataRequest, MetricStat, Query, parse_data_request
from rollway.sandbox.metrics.view import View, round_down


def get_metric_data(view: View, request: Mapping[str, Any]) -> dict[str, Any]:
    """Answer GetMetricData.

    Raises:
        Refusal: ``ValidationError`` for a wrong or not simulated request, ``InvalidNextToken``.
    """
    wanted = parse_data_request(request)
    position = position_in(request, "InvalidNextToken") or {}
    view = replace(view, horizon=position.get("horizon", view.horizon))
    results, following = _page(_Results(view, wanted), position)
    answer: dict[str, Any] = {"MetricDataResults": results, "Messages": []}
    if following:
        answer["NextToken"] = next_token(request, {**following, "horizon": view.horizon})
    return answer


def _page(results: "_Results", position: Mapping[str, int]) -> tuple[list[dict[str, Any]], dict[str, int] | None]:
    """Return one page, and the position of the next: a query and the data point after which it goes on."""
    request = results.request
    paged = not any(isinstance(query.source, Expression) for query in request.queries)
    page: list[dict[str, Any]] = []
    room = request.page_size
    first = position.get("query", 0)
    for number, query in enumerate(request.queries[first:], start=first):
        if not query.returned:
            continue
        points = results.ordered(query, position.get("after") if number == first else None)
        if paged and points and not room:
            return page, {"query": number}
        taken = points[:room] if paged else points
        page.append(_result(query, taken, complete=len(taken) == len(points)))
        if len(taken) < len(points):
            return page, {"query": number, "after": taken[-1][0]}
        room -= len(taken)
    return page, None


def _result(query: Query, points: Sequence[tuple[int, float]], *, complete: bool) -> dict[str, Any]:
    return {
        "Id": query.name,
        "Label": query.label,
        "Timestamps": [moment_of(at) for at, _ in points],
        "Values": [value for _, value in points],
        "StatusCode": "Complete" if complete else "PartialData",
    }


@dataclass(frozen=True)
class _Results:
    """Computes the results of a request, each at most once."""

    view: View
    request: DataRequest
    _computed: dict[str, tuple[int, Points]] = field(default_factory=dict[str, tuple[int, Points]])

    def ordered(self, query: Query, after: int | None) -> list[tuple[int, float]]:
        """Return a query's data points in the order of the request, those after a given one."""
        _, points = self._points(query, ())
        ascending = self.request.ascending
        ordered = sorted(points.items(), reverse=not ascending)
        if after is None:
            return ordered
        return [point for point in ordered if (point[0] > after if ascending else point[0] < after)]

    def _points(self, query: Query, users: tuple[str, ...]) -> tuple[int, Points]:
        """Return the period and the data points of a query that other queries use."""
        if query.name not in self._computed:
            source = query.source
            self._computed[query.name] = (
                self._measured(source)
                if isinstance(source, MetricStat)
                else self._derived(source, (*users, query.name))
            )
        return self._computed[query.name]

    def _measured(self, stat: MetricStat) -> tuple[int, Points]:
        periods = self.view.periods(stat.key, stat.unit, stat.period, self.request.window)
        values = ((first, stat.statistic.of(data)) for first, data in periods)
        return stat.period, {first: value for first, value in values if value is not None}

    def _derived(self, expression: Expression, users: tuple[str, ...]) -> tuple[int, Points]:
        queries = {query.name: query for query in self.request.queries}
        if missing := sorted(expression.names - queries.keys()):
            raise Refusal(
                "ValidationError",
                f"Error in expression {expression.text!r}: there is no query with the id {missing[0]}.",
            )
        if circular := sorted(expression.names & set(users)):
            raise Refusal("ValidationError", f"Error in expression {expression.text!r}: {circular[0]} uses it in turn.")
        used = {name: self._points(queries[name], users) for name in sorted(expression.names)}
        periods = {period for period, _ in used.values()}
        if len(periods) != 1:
            raise Refusal(
                "ValidationError",
                f"Error in expression {expression.text!r}: metrics with one same period are needed, not with "
                f"{sorted(periods) or 'none'}.",
            )
        (period,) = periods
        points = {name: points for name, (_, points) in used.items()}
        return period, expression.evaluate(points, self._timeline(period))

    def _timeline(self, period: int) -> range:
        """Return every period of the request up to the present one, with or without data."""
        start, end = self.request.window
        start = round_down(start, period)
        return range(start + -start % period, min(end, self.view.now + 1), period)
