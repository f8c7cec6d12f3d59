"""The closing words of the demo: what happened, what it cost the users, and what the endpoint is like now."""

from collections.abc import Mapping, Sequence
from typing import Any

from rollway.cli.demo.acts import Act
from rollway.reports.outcome import headline


def close(acts: Sequence[Act], live: Mapping[str, Any]) -> str:
    """Tell the whole demo in text."""
    return "\n".join([*(line for act in acts for line in _recount(act)), *_read_back(live)])


def _recount(act: Act) -> list[str]:
    seen = act.seen
    share = f" ({seen.failures / seen.requests:.1%})" if seen.requests else ""
    rolled_back = act.ending.outcome == "ROLLED_BACK"
    cost = f"Before that, {act.plan.candidate.model} had answered" if rolled_back else "On the way, its canary answered"
    return [
        "",
        headline(act.plan, act.ending),
        f"  {act.ending.reason}",
        f"  {cost} {seen.requests:,} requests, {seen.failures:,} with an error{share}.",
        "  Timeline (UTC):",
        *(f"    {line}" for line in act.timeline),
    ]


def _read_back(live: Mapping[str, Any]) -> list[str]:
    return [
        "",
        f"Read back through boto3: endpoint {live['endpoint']} is {live['status']} on config {live['config']}",
        *(
            f"  variant {each['variant']}: model {each['model']}, weight {each['weight']:g}, {each['instances']} instances"
            for each in live["variants"]
        ),
    ]
