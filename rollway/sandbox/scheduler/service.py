"""The simulated EventBridge Scheduler as a whole: its operations, and what it does by itself as time passes."""

import threading
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any, Final

from rollway.sandbox.errors import Refusal
from rollway.sandbox.sagemaker.constraints import Request, check_constraints
from rollway.sandbox.scheduler.dead_letters import DeadLetter, Deliver, Failure, write_letter
from rollway.sandbox.scheduler.firing import Luck, Reach, make
from rollway.sandbox.scheduler.groups import GroupOperations
from rollway.sandbox.scheduler.names import DEFAULT_GROUP, SERVICE, SchedulerArns
from rollway.sandbox.scheduler.operations import ScheduleOperations
from rollway.sandbox.scheduler.registry import Change, Registry
from rollway.sandbox.scheduler.schedule import Invocation
from rollway.sandbox.scheduler.targets import Targets

_LETTERS_KEPT: Final = 1_000


class Scheduler:
    """One account's schedules. Safe to use from several threads: no call is made with its lock held.

    Attributes:
        deliver: takes dead letters to their queues. Until somebody puts a way in there, there are no queues.
        undelivered: the latest dead letters for which there was no queue.
    """

    def __init__(self, reach: Reach, luck: Luck, changed: Callable[[], None]) -> None:
        """``changed`` is called after every change of what is exported."""
        self._reach = reach
        self._luck = luck
        self._changed = changed
        self._clock = reach.account.clock
        self._arns = SchedulerArns(reach.account.arns)
        self._lock = threading.RLock()
        self._registry = Registry({DEFAULT_GROUP: self._clock.now()})
        self._operations = self._all_operations()
        self.deliver: Deliver = _nowhere
        self.undelivered: deque[DeadLetter] = deque(maxlen=_LETTERS_KEPT)

    @property
    def operations(self) -> tuple[str, ...]:
        """The operations that are simulated here."""
        return tuple(self._operations)

    def answer(self, operation: str, request: Request) -> dict[str, Any]:
        """Answer a request that was let in already: check it, do it.

        Raises:
            Refusal: when the simulated Scheduler turns it down.
        """
        check_constraints(operation, request, SERVICE)
        if operation.startswith(("Get", "List")):
            with self._lock:
                return self._operations[operation](request)
        with self._lock:
            answer = self._change(operation, request)
        self._changed()
        return answer

    def tick(self) -> None:
        """Make every invocation whose time has come. After a pause that is each one that was missed."""
        now = self._clock.now()
        with self._lock:
            any_due = self._set_under_way(now)
            ready = self._take_ready(now)
        for invocation in ready:
            if failure := make(invocation, now, self._reach):
                self._bury(invocation, failure)
        with self._lock:
            self._drop_complete(ready)
        if any_due or ready:
            self._changed()

    def export(self) -> dict[str, Any]:
        """Return everything kept, JSON-able."""
        with self._lock:
            return self._registry.export()

    def restore(self, state: Mapping[str, Any]) -> None:
        """Replace everything kept by an exported state."""
        with self._lock:
            self._registry.restore(state)

    def _change(self, operation: str, request: Request) -> dict[str, Any]:
        """Make a change, unless it is the latest one of its resource over again: a client whose answer was lost."""
        of_group = operation.endswith("Group")
        arn = self._arns.group(request["Name"]) if of_group else self._arns.schedule(request)
        token, latest = request.get("ClientToken") or "", self._registry.changes.get(arn)
        if latest and token and (latest.operation, latest.token) == (operation, token):
            return dict(latest.answer)
        answer = self._operations[operation](request)
        self._registry.changes[arn] = Change(operation, token, answer)
        return answer

    def _set_under_way(self, now: datetime) -> bool:
        """Set every invocation that is due under way, and say whether there was any."""
        due = [schedule for schedule in self._registry.schedules.values() if schedule.due and schedule.due <= now]
        for schedule in due:
            following = schedule
            while following.due and following.due <= now:
                fault = self._reach.fault()
                self._registry.under_way += self._luck.invocations(schedule, following.due, fault)
                following = following.with_next_due()
            self._registry.schedules[schedule.arn] = following
        return bool(due)

    def _take_ready(self, now: datetime) -> list[Invocation]:
        """Take off what is to be made now, in its order."""
        under_way = sorted(self._registry.under_way, key=lambda invocation: invocation.at)
        ready = [invocation for invocation in under_way if invocation.at <= now]
        self._registry.under_way = under_way[len(ready) :]
        return ready

    def _drop_complete(self, made: Iterable[Invocation]) -> None:
        """Delete the schedules that are to be deleted after the last of their invocations."""
        kept = self._registry
        unfinished = {invocation.schedule.arn for invocation in kept.under_way}
        for arn in {invocation.schedule.arn for invocation in made} - unfinished:
            schedule = kept.schedules.get(arn)
            if schedule and schedule.leaves_when_complete and schedule.enabled and not schedule.due:
                del kept.schedules[arn]

    def _bury(self, invocation: Invocation, failure: Failure) -> None:
        letter = write_letter(invocation, failure)
        if letter and not (self._may_send(invocation, letter) and self.deliver(letter)):
            self.undelivered.append(letter)

    def _may_send(self, invocation: Invocation, letter: DeadLetter) -> bool:
        """Whether the target's role may send to the queue; AWS sends dead letters in that role too."""
        schedule, queue = invocation.schedule, {"QueueUrl": letter.queue.replace(":", "/")}
        try:
            self._reach.permit(schedule.target["RoleArn"], schedule.group_arn, "sqs", ("SendMessage", queue))
        except Refusal:
            return False
        return True

    def _all_operations(self) -> dict[str, Callable[[Request], dict[str, Any]]]:
        targets = Targets(self._arns, self._reach.operations)
        schedules = ScheduleOperations(self._registry, self._arns, targets, self._clock)
        groups = GroupOperations(self._registry, self._arns, self._clock)
        return {
            "CreateSchedule": schedules.create,
            "UpdateSchedule": schedules.update,
            "GetSchedule": schedules.get,
            "DeleteSchedule": schedules.delete,
            "ListSchedules": schedules.list,
            "CreateScheduleGroup": groups.create,
            "GetScheduleGroup": groups.get,
            "DeleteScheduleGroup": groups.delete,
            "ListScheduleGroups": groups.list,
        }


def _nowhere(letter: DeadLetter) -> bool:
    """Deliver nothing: there is no queue."""
    del letter
    return False
