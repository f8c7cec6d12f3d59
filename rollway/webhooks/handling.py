"""What an event of a registry leads to: the bindings that it touches are looked at, and what should follow is started."""

from collections.abc import Callable
from pathlib import Path

from policies.bindings.event import Handled, RegistryEvent
from policies.bindings.loading import load_bindings
from policies.bindings.matching import explain_untouched, find_touched
from policies.bindings.spec import Binding
from policies.errors import RolloutError
from rollway.aws.objects import ObjectStore
from rollway.aws.session import Aws
from rollway.registries.catching_up import Followed, Reach, Starter, follow
from rollway.registries.last_word import LastWord
from tasks.starting_runs import start_flow_run


class NotHandledYet(RolloutError):
    """Something that an event should lead to could not be done, or has to wait: the event is to be handled again later."""

    code = "event_not_handled_yet"


def make_handler(
    aws: Aws, store: ObjectStore, bindings: str | Path, start: Starter = start_flow_run
) -> Callable[[RegistryEvent], Handled]:
    """Return the function that handles events.

    It may be called again for the same event, at any time: nothing is started twice. The bindings file is read anew for each event, so a
    change of it needs no restart.

    Args:
        aws: clients for Rollway's own account and Region.
        store: the journal.
        bindings: path of the bindings file.
        start: begins a rollout; by default as a flow run of Prefect.

    Raises:
        BindingsError: the file has mistakes.
    """
    load_bindings(bindings)
    reach = Reach(aws, store, store.now)

    def handle(event: RegistryEvent) -> Handled:
        return handle_event(event, reach, bindings, start)

    return handle


def leave_to_another(event: RegistryEvent) -> Handled:
    """Handle nothing: what lies in the inbox is for a receiver that has bindings.

    Raises:
        NotHandledYet: always.
    """
    raise NotHandledYet(f"this receiver has no bindings, so the event of {event.model} is left to another one")


def handle_event(event: RegistryEvent, reach: Reach, bindings: str | Path, start: Starter) -> Handled:
    """Look at every binding that an event touches, and start what should follow.

    Raises:
        NotHandledYet: some of it could not be done, or has to wait. What could be done was.
        BindingsError: the bindings file has mistakes by now.
    """
    known = load_bindings(bindings)
    touched = find_touched(event, known)
    if not touched:
        return Handled(why=explain_untouched(event, known))
    found = [_follow(event, reach, binding, start) for binding in touched]
    started = tuple(run for each in found for run in each.started)
    open_ends = [why for each in found for why in (*each.trouble, *each.waiting)]
    if open_ends:
        told = f"; started: {', '.join(started)}" if started else ""
        raise NotHandledYet("; ".join(open_ends) + told)
    return Handled(started=started, why="; ".join(why for each in found for why in each.why))


def _follow(event: RegistryEvent, reach: Reach, binding: Binding, start: Starter) -> Followed:
    if not binding.trusted:
        return follow(reach, binding, start)
    try:
        newest = LastWord(reach.store, binding).take(event)
    except RolloutError as error:
        return Followed(binding.name, trouble=[f"{binding.name}: {error}"])
    followed = follow(reach, binding, start)
    if not newest:
        followed.why.insert(0, f"{binding.name}: a newer event is known")
    return followed
