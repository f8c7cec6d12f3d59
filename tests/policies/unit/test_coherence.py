"""What the fields of a policy demand of one another, also in half-broken documents."""

from typing import Any

import pytest

from policies.coherence import find_problems


def ladder(*shares: object) -> dict[str, Any]:
    return {"stages": [{"share": share, "bake": "1m"} for share in shares]}


def where(document: dict[str, Any]) -> list[str]:
    return [problem.where for problem in find_problems(document)]


@pytest.mark.parametrize(
    ("document", "wheres"),
    [
        (ladder(5, 25, 50, 95), []),
        (ladder(5, 5), ["stages[1].share"]),
        (ladder(50, 25, 10), ["stages[1].share", "stages[2].share"]),
        (ladder(5, "ten", 3), ["stages[2].share"]),
        (ladder(5, 100), ["stages[1].share"]),
        (ladder(5, 100) | {"keep_control": False}, []),
        (ladder(), ["stages"]),
        (ladder(*range(1, 51)), []),
        (ladder(*range(1, 52)), ["stages"]),
        (ladder(5) | {"deadline": "3m"}, ["deadline"]),
        (ladder(5) | {"deadline": "4m"}, []),
        (ladder(5) | {"deadline": "4m", "metrics": {"settle": "5m"}}, ["deadline"]),
        (ladder(5) | {"deadline": "soon", "metrics": 7, "gates": [1], "guardrails": "x"}, []),
        ({"stages": {"a": 1}}, ["stages"]),
        ({"stages": [7, None]}, []),
    ],
)
def test_incoherent_fields_are_found_where_they_are(document: dict[str, Any], wheres: list[str]) -> None:
    """The path points at the field to change; what the schema complains about already is not said twice."""
    assert where(document) == wheres
