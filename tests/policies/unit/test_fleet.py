"""Fleets: what a file may say, and what is decided from where the endpoints stand."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.errors import PolicyError
from policies.fleet.deciding import Standing, Stop, decide_fleet, stand_of
from policies.fleet.loading import load_fleet, parse_fleet
from policies.fleet.spec import FleetSpec

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
ENDINGS = ("promoted", "there already", "not promoted", "unknown")
ROLE = "arn:aws:iam::111122223333:role/rollway"


def document(*sizes: int, **fields: Any) -> dict[str, Any]:
    """A fleet with waves of these sizes."""
    waves = [
        {"name": f"w{wave}", "targets": [{"endpoint": f"e{wave}-{number}"} for number in range(size)]}
        for wave, size in enumerate(sizes)
    ]
    return {"name": "fraud", "model": "v7", "waves": waves, **fields}


def standings(**stands: str) -> dict[str, Standing]:
    return {key.replace("_", "-"): Standing(stand=stand, since=NOW) for key, stand in stands.items()}  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        (document(1, model=""), "waves[0].targets[0].model: neither the endpoint nor the fleet names a model"),
        (document(1, failures_allowed=1), "failures_allowed: 1 of 1 endpoints may fail, so the fleet would never stop"),
        (document(1, paralel=3), "paralel: is no field"),
        (document(1, parallel=0), "parallel: Input should be greater than or equal to 1, not 0"),
        (document(), "waves: Tuple should have at least 1 item"),
        (document(0), "waves[0].targets: Tuple should have at least 1 item"),
        (document(1, soak=5), "soak: 5 is no duration"),
        ({**document(1), "waves": [{"name": "w", "targets": [{"endpoint": "e", "role": "x"}]}]}, "targets[0].role: "),
        ({**document(1), "waves": [{"name": "w", "targets": [{"endpoint": "e"}] * 2}]}, "e is named 2 times"),
        ([], "(top level): expected a file with waves, found a list — give a file of the right kind"),
    ],
)
def test_a_mistake_in_a_fleet_is_named(wrong: Any, told: str):
    """Every mistake is told with its path before anything begins."""
    with pytest.raises(PolicyError) as raised:
        parse_fleet(wrong)
    assert any(told in str(problem) for problem in raised.value.problems), raised.value.problems


def test_a_file_that_is_not_there_is_one_clear_error(tmp_path):
    """No file, and no YAML, are told as what they are."""
    (tmp_path / "bad.yaml").write_text("a: [", "utf-8")
    for name, told in (("none.yaml", "No such file"), ("bad.yaml", "is not valid YAML")):
        with pytest.raises(PolicyError, match=told):
            load_fleet(tmp_path / name)


def test_the_same_endpoint_in_two_places_is_two_endpoints():
    """Account and Region tell endpoints of one name apart."""
    targets = [{"endpoint": "e"}, {"endpoint": "e", "region": "eu-west-1"}, {"endpoint": "e", "role": ROLE}]
    fleet = parse_fleet({**document(1), "waves": [{"name": "w", "targets": targets}]})
    assert [target.key for target in fleet.targets] == ["e", "eu-west-1/e", "111122223333/e"]


def test_the_id_changes_with_the_file():
    """The same file is the same fleet, and a changed one is another."""
    same, other = document(2), document(2, parallel=2)
    assert parse_fleet(same).fleet_id == parse_fleet(same).fleet_id != parse_fleet(other).fleet_id


@pytest.mark.parametrize(
    ("stands", "started", "outcome", "told"),
    [
        ({}, ["e0-0", "e0-1"], None, "wave w0: 0 of 2 over, 2 under way"),
        ({"e0_0": "promoted"}, ["e0-1"], None, "wave w0: 1 of 2 over"),
        ({"e0_0": "promoted", "e0_1": "under way"}, [], None, "wave w0: 1 of 2 over, 1 under way"),
        ({"e0_0": "promoted", "e0_1": "there already"}, [], None, "wave w0 soaks, 1h left; then wave w1"),
        ({"e0_0": "not promoted", "e0_1": "under way"}, [], None, "1 under way go on to their own ends"),
        (
            {"e0_0": "not promoted", "e0_1": "promoted"},
            [],
            "HALTED",
            "0 may fail, and 1 were not promoted: e0-0; 1 endpoint not begun",
        ),
        ({"e0_0": "unknown", "e0_1": "promoted"}, [], "HALTED", "1 were not promoted: e0-0"),
        (
            {"e0_0": "promoted", "e0_1": "promoted", "e1_0": "promoted"},
            [],
            "PROMOTED",
            "3 endpoints, all with the new model",
        ),
    ],
)
def test_what_comes_next(stands: dict[str, str], started: list[str], outcome: str | None, told: str):
    """Waves, soak, budget and endings, each with its reason."""
    decision = decide_fleet(parse_fleet(document(2, 1, soak="1h")), standings(**stands), NOW)
    assert [target.key for target in decision.start] == started
    assert decision.outcome == outcome
    assert told in decision.reason


def test_failures_within_the_budget_are_told_in_the_end():
    """A fleet that is over with a failure it could bear does not call itself promoted."""
    fleet = parse_fleet(document(2, failures_allowed=1))
    decision = decide_fleet(fleet, standings(e0_0="promoted", e0_1="not promoted"), NOW)
    assert (decision.outcome, decision.reason) == ("PARTLY_PROMOTED", "all waves are over; not promoted: e0-1")


def test_a_stop_comes_before_everything():
    """Asked to stop, a fleet begins nothing; what is under way is taken back only if that was asked for."""
    fleet = parse_fleet(document(3, parallel=1))
    for abort in (False, True):
        stop = Stop(by="kim", reason="why not", abort=abort)
        decision = decide_fleet(fleet, standings(e0_0="under way"), NOW, stop)
        assert decision.start == ()
        assert [target.key for target in decision.turn_back] == (["e0-0"] if abort else [])


@st.composite
def fleets(draw: st.DrawFn) -> FleetSpec:
    sizes = draw(st.lists(st.integers(1, 4), min_size=1, max_size=4))
    fields = {
        "parallel": draw(st.integers(1, 4)),
        "failures_allowed": draw(st.integers(0, sum(sizes) - 1)),
        "soak": draw(st.sampled_from(["0s", "10m"])),
        "on_exceeded": draw(st.sampled_from(["finish", "abort"])),
    }
    return parse_fleet(document(*sizes, **fields))


@given(fleets(), st.data())
def test_every_path_keeps_the_rules_and_ends(fleet: FleetSpec, data: st.DataObject):
    """Never more under way than allowed, never two waves at once, nothing begins beyond the budget, and every fleet comes to an end."""
    stands: dict[str, Standing] = {}
    now = NOW
    wave_of = {target.key: number for number, wave in enumerate(fleet.waves) for target in wave.targets}
    for _ in range(10 * len(fleet.targets) + 10):
        decision = decide_fleet(fleet, stands, now)
        failed = sum(1 for each in stands.values() if each.stand in {"not promoted", "unknown"})
        if decision.outcome:
            assert "under way" not in {each.stand for each in stands.values()}
            assert (decision.outcome == "HALTED") == (failed > fleet.failures_allowed)
            return
        assert not (decision.start and failed > fleet.failures_allowed)
        for target in decision.start:
            assert stand_of(stands, target) == "waiting"
            stands[target.key] = Standing(stand="under way", since=now)
        under_way = [key for key, each in stands.items() if each.stand == "under way"]
        assert len(under_way) <= fleet.parallel
        assert len({wave_of[key] for key in under_way}) <= 1
        now += timedelta(minutes=5)
        for key in under_way:
            if data.draw(st.booleans()):
                stands[key] = Standing(stand=data.draw(st.sampled_from(ENDINGS)), since=now)  # type: ignore[arg-type]
        if under_way and all(stands[key].stand == "under way" for key in under_way):
            stands[under_way[0]] = Standing(stand="promoted", since=now)
    raise AssertionError("the fleet did not come to an end")
