"""Which connection has to go for a newcomer: never one at work, never more than the limits, the oldest of the largest source."""

from dataclasses import dataclass

from hypothesis import given, settings
from hypothesis import strategies as st

from rollway.webhooks.connections import Connections

MOST, MOST_OF_SOURCE = 6, 4
SOURCES = st.sampled_from(["a", "b", "c", "proxy"])
STATES = st.sampled_from([(True, False), (False, False), (False, True)])
"""Whether a connection waits for its sender, and whether its request is here whole; a trickling one does neither."""


@dataclass(eq=False)
class Line:
    """A connection."""

    source: str
    waits: bool
    is_whole: bool

    @property
    def is_proxy(self) -> bool:
        return self.source == "proxy"

    def may_be_displaced(self) -> bool:
        return self.waits

    def displace(self) -> None:
        raise AssertionError("admit closes nothing itself")


def of_source(lines: list[Line], source: str) -> list[Line]:
    return [each for each in lines if each.source == source]


@settings(deadline=None)
@given(st.lists(st.tuples(SOURCES, STATES), max_size=40))
def test_places_are_kept_for_who_is_at_work_and_given_to_newcomers(
    arrivals: list[tuple[str, tuple[bool, bool]]],
) -> None:
    """Whatever comes, the limits hold; who waits the longest, of the source with the most, makes room."""
    connections, present = Connections(MOST, MOST_OF_SOURCE), list[Line]()
    for source, state in arrivals:
        newcomer = Line(source, *state)
        present.append(newcomer)
        gone = connections.admit(newcomer)
        is_crowded = len(of_source(present, source)) > MOST_OF_SOURCE and not newcomer.is_proxy
        if not is_crowded and len(present) <= MOST:
            assert gone is None
            continue

        assert gone is not None
        crowd = of_source(present, source) if is_crowded else present
        waiting = [each for each in crowd if each.waits]
        if waiting:
            assert gone is next(each for each in of_source(present, gone.source) if each.waits)
            most = max(len(of_source(present, each.source)) for each in waiting)
            assert is_crowded or len(of_source(present, gone.source)) == most
        else:
            trickling = [each for each in crowd if not each.is_whole and each is not newcomer]
            assert gone in trickling or (gone is newcomer and not trickling)
            assert gone is next((each for each in trickling if each.source == gone.source), newcomer)
        present.remove(gone)
        assert len(connections) == len(present) <= MOST


@settings(deadline=None)
@given(st.lists(st.tuples(SOURCES, STATES), max_size=20))
def test_what_was_closed_is_forgotten(arrivals: list[tuple[str, tuple[bool, bool]]]) -> None:
    """Nothing is left of connections that were closed, also of those that were displaced before."""
    connections = Connections(MOST, MOST_OF_SOURCE)
    lines = [Line(source, *state) for source, state in arrivals]
    for line in lines:
        connections.admit(line)
    for line in lines:
        connections.remove(line)

    assert len(connections) == 0
    assert connections._by_source == {}
