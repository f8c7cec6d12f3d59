"""What should serve by the registries' present word, compared with what does and what was tried; what is missing is started.

The one way to a rollout that nobody asks for by hand: an event of a registry, polling and a schedule all come here, so whatever one of
them has lost another makes good, and what two of them see is started once.
"""

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Protocol

from policies.bindings.making import declare_model
from policies.bindings.matching import Start, match_binding
from policies.bindings.registered import Registered
from policies.bindings.spec import Binding, Make
from policies.bindings.standing import Go, Stay, decide_fleet_start, decide_start
from policies.bindings.wish import Wish, next_wish
from policies.errors import JournalError, RolloutError
from policies.fleet.loading import load_fleet
from policies.loading import load_policy
from rollway.aws.model_making import ensure_model
from rollway.aws.objects import ObjectStore, utc_now
from rollway.aws.session import Aws, connect
from rollway.fleet.places import Places
from rollway.registries.choosing import open_registry
from rollway.registries.registry import ModelRegistry
from rollway.registries.standing import read_endpoint_now, read_fleet_now
from rollway.registries.wishes import note_wish, read_wish

log = logging.getLogger(__name__)

_TRIES: Final = 5


class Starter(Protocol):
    """Begins a rollout somewhere, at most once for each key."""

    def __call__(self, start: Start, key: str, journal: str) -> "Begun":
        """Begin a rollout.

        Args:
            start: the rollout.
            key: names this start: given again, what it began before is found and nothing is begun.
            journal: where the rollout shall be recorded.

        Raises:
            RolloutError: it could not be begun just now.
        """
        ...


@dataclass(frozen=True)
class Begun:
    """What became of a start.

    Attributes:
        run: the run that rolls out, by name; empty where none was begun now.
        why: as a sentence for a person.
    """

    run: str
    why: str


@dataclass(frozen=True)
class Reach:
    """What following a binding reaches out to.

    Attributes:
        aws: clients for Rollway's own account and Region.
        store: the journal.
        now: tells the time.
    """

    aws: Aws
    store: ObjectStore
    now: Callable[[], datetime] = utc_now

    def aws_of(self, region: str) -> Aws:
        """Return the clients for a Region; an empty one is Rollway's own."""
        return connect(region) if region and region != self.aws.region else self.aws


@dataclass(frozen=True)
class Due:
    """One rollout that should follow, and whether it may begin now.

    Attributes:
        start: the rollout.
        verdict: whether it may.
    """

    start: Start
    verdict: Go | Stay


@dataclass(frozen=True)
class Seen:
    """What a look at one binding has found. Nothing was changed.

    Attributes:
        binding: the binding.
        version: the version that should serve; None where there is none.
        due: what should follow.
        why: what was found, as sentences for a person.
    """

    binding: Binding
    version: Registered | None
    due: tuple[Due, ...] = ()
    why: tuple[str, ...] = ()


@dataclass
class Followed:
    """What became of one binding.

    Attributes:
        binding: the binding's name.
        started: the runs that were started.
        why: what was found, and why nothing was started where nothing was; sentences for a person.
        waiting: what passes by itself, and is in the way now.
        trouble: what went wrong, or could not be found out.
    """

    binding: str
    started: list[str] = field(default_factory=list[str])
    why: list[str] = field(default_factory=list[str])
    waiting: list[str] = field(default_factory=list[str])
    trouble: list[str] = field(default_factory=list[str])


def look(reach: Reach, binding: Binding, registry: ModelRegistry | None = None) -> Seen:
    """Ask the registry what should serve, and decide what follows. Changes nothing.

    Args:
        reach: AWS, the journal, the time.
        binding: the binding.
        registry: the registry to ask; by default the binding's own.

    Raises:
        RolloutError: the registry could not be asked.
    """
    asked = registry or open_registry(binding, reach.aws, reach.store)
    known = read_wish(reach.store, binding)
    version = asked.find(binding.model, binding.when)
    return _see(reach, binding, version, _wish_of(known.wish, version))


def follow(reach: Reach, binding: Binding, begin: Starter, registry: ModelRegistry | None = None) -> Followed:
    """Start what should serve by a binding and does not. Raises nothing: what goes wrong is told, and the other endpoints have their turn.

    Args:
        reach: AWS, the journal, the time.
        binding: the binding.
        begin: begins a rollout.
        registry: the registry to ask; by default the binding's own.
    """
    followed = Followed(binding.name)
    try:
        seen = _look_and_note(reach, binding, registry)
    except RolloutError as error:
        followed.trouble.append(_tell(binding.name, error))
        return followed
    followed.why.extend(seen.why)
    for due in seen.due:
        try:
            _act(reach, seen, due, begin, followed)
        except RolloutError as error:
            followed.trouble.append(_tell(f"{binding.name}: {due.start.place}", error))
    return followed


def _look_and_note(reach: Reach, binding: Binding, registry: ModelRegistry | None) -> Seen:
    """Look, and note what the registry asks for: a version that comes back after another one is another wish.

    The registry is asked anew where somebody else noted something meanwhile: an answer that is older than theirs is never taken for a move.

    Raises:
        JournalError: others kept noting something else.
        RolloutError: the registry could not be asked.
    """
    asked = registry or open_registry(binding, reach.aws, reach.store)
    for _ in range(_TRIES):
        known = read_wish(reach.store, binding)
        version = asked.find(binding.model, binding.when)
        wish = _wish_of(known.wish, version)
        if note_wish(reach.store, binding, known, wish):
            return _see(reach, binding, version, wish)
    raise JournalError(f"what {binding.name} asks for was changed by others {_TRIES} times in a row", hint="Try again.")


def _see(reach: Reach, binding: Binding, version: Registered | None, wish: Wish) -> Seen:
    matched = match_binding(binding, version, wish.name(binding.name))
    due = tuple(Due(start, _judge_or_tell(reach, start)) for start in matched.starts)
    return Seen(binding, version, due, matched.why)


def _wish_of(known: Wish | None, version: Registered | None) -> Wish:
    return next_wish(known, version.version if version else "")


def _act(reach: Reach, seen: Seen, due: Due, begin: Starter, followed: Followed) -> None:
    match due.verdict:
        case Stay(why=why, kind=kind):
            {"settled": followed.why, "waiting": followed.waiting, "unknown": followed.trouble}[kind].append(why)
        case Go(key=key):
            if seen.version is None:
                raise AssertionError("nothing is due where no version is")
            for aws in _places(reach, due.start):
                _make(aws, seen.binding.make, seen.version, due.start)
            begun = begin(due.start, key, reach.store.url("").rstrip("/"))
            followed.started.extend([begun.run] if begun.run else [])
            followed.why.append(f"{due.start.place}: {begun.why}")


def _judge_or_tell(reach: Reach, start: Start) -> Go | Stay:
    try:
        return _judge(reach, start)
    except RolloutError as error:
        return Stay(why=_tell(f"{start.binding}: {start.place}", error), kind="unknown")


def _judge(reach: Reach, start: Start) -> Go | Stay:
    if start.fleet:
        places = Places(reach.aws, reach.store)
        return decide_fleet_start(start, read_fleet_now(places, load_fleet(start.fleet, start.model_name)))
    endpoint = read_endpoint_now(reach.aws_of(start.region), reach.store, start.endpoint)
    return decide_start(start, endpoint, load_policy(start.policy), reach.now())


def _places(reach: Reach, start: Start) -> Iterator[Aws]:
    """Yield clients for every place that needs the SageMaker model."""
    if not start.fleet:
        yield reach.aws_of(start.region)
        return
    places, fleet = Places(reach.aws, reach.store), load_fleet(start.fleet, start.model_name)
    using = {each.place: each for each in fleet.targets if fleet.model_of(each) == start.model_name}
    yield from map(places.aws_of, using.values())


def _make(aws: Aws, make: Make, version: Registered, start: Start) -> None:
    if ensure_model(aws, start.model_name, declare_model(make, version)):
        log.info("created the SageMaker model %s of %s in %s", start.model_name, version, aws.region)


def _tell(what: str, error: RolloutError) -> str:
    return f"{what}: {error}" + (f" ({error.hint})" if error.hint else "")
