"""A simulated AWS that obeys, dawdles, takes back and loses answers: one endpoint, its configurations, its autoscaling, its schedule.

It follows the rules that make a rollout hard: one change at a time, no update of an endpoint whose configuration was deleted, and a
dead-man's switch that goes on acting until somebody removes it.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, assert_never

from policies.commands import (
    ApplyConfig,
    ArmSwitch,
    Command,
    CommandResult,
    CreateConfig,
    CreateModel,
    DeleteConfig,
    DisarmSwitch,
    Probe,
    ReplaceScaling,
    SetCapacity,
    SetScaling,
    SetShares,
)
from policies.facts import Endpoint, ScalingTarget, Surroundings
from policies.observation import Unavailable
from policies.plan import Plan
from policies.preview import imagine
from tests.policies.building import BASELINE, make_endpoint

ANSWERS: Final = ("obey", "slow", "late", "taken back", "no trace", "refused", "throttled", "lost")
"""What may become of a command."""

Update = ApplyConfig | SetCapacity | SetShares
Other = CreateModel | CreateConfig | DeleteConfig | Probe | SetScaling | ReplaceScaling | ArmSwitch | DisarmSwitch


@dataclass
class Flight:
    """A change that the simulated AWS has accepted: it shows after ``hidden`` looks, is over after ``busy`` more, and is kept or not."""

    command: Update
    hidden: int
    busy: int
    kept: bool


@dataclass
class Schedule:
    """The dead-man's switch as AWS knows it: what it does, when it is due, and when it gives up."""

    command: ArmSwitch
    due: datetime
    ends: datetime


@dataclass
class SimulatedAws:
    """One simulated endpoint and what belongs to it.

    Attributes:
        plan: the rollout that it is subjected to.
        endpoint: the endpoint, as it will be described unless AWS is at work on it.
        configs: names of the configurations that exist.
        tags: the endpoint's tags.
        scaling: registrations with autoscaling, by variant.
        schedule: the dead-man's switch, if there is one.
        flight: the change that AWS has accepted and not finished.
        occupied: how many more looks AWS is at work for somebody else.
        full: whether AWS has no more instances to give.
        echo: a call of the switch that is under way though the switch was put off or removed meanwhile.
        fired: whether the switch ever acted.
        lowered: whether anything but the rollout has taken instances from the baseline.
        undeletable: names of the configurations that AWS did not let the rollout delete.
        denied: kinds of commands that the rollout's own credentials may not carry out; the switch has a role of its own.
        deleted: whether somebody has deleted the endpoint.
    """

    plan: Plan
    endpoint: Endpoint
    configs: set[str]
    tags: dict[str, str]
    scaling: dict[str, ScalingTarget]
    schedule: Schedule | None = None
    flight: Flight | None = None
    occupied: int = 0
    full: bool = False
    echo: ArmSwitch | None = None
    fired: bool = False
    lowered: bool = False
    undeletable: set[str] = field(default_factory=set[str])
    denied: set[str] = field(default_factory=set[str])
    deleted: bool = False

    @classmethod
    def before(cls, plan: Plan) -> "SimulatedAws":
        """Return AWS as it was when the plan was made."""
        endpoint = make_endpoint(plan.original.name, {BASELINE: 100.0}, {BASELINE: plan.baseline.instances})
        scaling = {target.variant: target for target in plan.surroundings.scaling}
        return cls(plan, endpoint, {plan.original.name}, dict(plan.surroundings.tags), scaling)

    @property
    def busy(self) -> bool:
        """Whether AWS would turn down a change of the endpoint."""
        return self.occupied > 0 or self.flight is not None

    def describe(self, weather: str) -> Endpoint | Unavailable:
        """Describe the endpoint."""
        if self.deleted:
            return Unavailable("could not find endpoint", deleted=True)
        if weather == "unreadable":
            return Unavailable("throttled")
        at_work = self.occupied > 0 or (self.flight is not None and self.flight.hidden <= 0)
        return self.endpoint.model_copy(update={"status": "Updating"}) if at_work else self.endpoint

    def describe_surroundings(self, weather: str) -> Surroundings | Unavailable:
        """Describe the endpoint's tags and scaling."""
        if self.deleted:
            return Surroundings()
        if weather in {"unreadable", "surroundings unreadable"}:
            return Unavailable("throttled")
        scaling = tuple(self.scaling[variant] for variant in sorted(self.scaling))
        return Surroundings(tags=dict(self.tags), scaling=scaling)

    def progress(self, now: datetime) -> None:
        """Let one look's worth of things happen."""
        self.occupied = max(0, self.occupied - 1)
        if self.flight is not None:
            if self.flight.hidden > 0:
                self.flight.hidden -= 1
            elif self.flight.busy > 0:
                self.flight.busy -= 1
            else:
                self._land()
        self._fire(now)

    def put_off(self, fires_at: datetime) -> None:
        """Let the switch act only from then on; one that is gone stays gone."""
        if self.schedule is not None:
            self._set_schedule(self.schedule.command.model_copy(update={"fires_at": fires_at}))

    def carry_out(self, command: Command, weather: str) -> CommandResult:
        """Answer one command the way the weather wants it."""
        endpoint_is_needed = isinstance(command, Update)
        if command.kind in self.denied or (self.deleted and endpoint_is_needed):
            return CommandResult(status="refused", message="denied")
        if weather == "throttled" or (self.busy and endpoint_is_needed):
            return CommandResult(status="busy", message=weather)
        if weather == "refused" or not self._possible(command):
            if isinstance(command, DeleteConfig):
                self.undeletable.add(command.config)
            return CommandResult(status="refused", message="refused")
        if isinstance(command, Update):
            self._begin(command, weather)
        else:
            self._obey(command)
        if weather == "lost" and not isinstance(command, CreateConfig | DeleteConfig):
            return CommandResult(status="busy", message="no answer")
        return CommandResult(status="accepted" if isinstance(command, Update) else "done")

    def _possible(self, command: Command) -> bool:
        match command:
            case ApplyConfig():
                expected = self.endpoint.config in {command.config, command.replaces}
                return expected and {command.config, self.endpoint.config} <= self.configs and self._may_move(command)
            case SetShares():
                return command.shares.keys() == self.endpoint.shares.keys()
            case SetScaling():
                return command.scaling.variant in self.scaling
            case DeleteConfig():
                return command.config != self.endpoint.config
            case _:
                return True

    def _may_move(self, command: ApplyConfig) -> bool:
        """AWS moves no variant that is registered for autoscaling to another instance type."""
        scaling, promoted = self.plan.scaling, self.plan.promoted.name
        moves = command.config != self.endpoint.config and promoted in {command.config, self.endpoint.config}
        return not (scaling and scaling.aside and moves and BASELINE in self.scaling)

    def _obey(self, command: Other) -> None:
        match command:
            case CreateConfig():
                self.configs.add(command.config.name)
            case DeleteConfig():
                self.configs.discard(command.config)
            case Probe():
                assert command.variant in self.endpoint.shares
            case SetScaling():
                self.scaling[command.scaling.variant] = command.scaling
            case ReplaceScaling(registration=None):
                self.scaling.pop(command.variant, None)
            case ReplaceScaling():
                assert command.registration is not None
                self.scaling[command.variant] = command.registration.target(command.variant)
            case ArmSwitch():
                self._set_schedule(command)
            case CreateModel():
                assert self.endpoint.config == self.plan.original.name
            case DisarmSwitch():
                self.schedule = None
            case _:
                assert_never(command)

    def _set_schedule(self, command: ArmSwitch) -> None:
        self.schedule = Schedule(command, command.fires_at, command.fires_at + command.switch.lasts)

    def _begin(self, command: Update, weather: str) -> None:
        plans = {"slow": (0, 2, True), "late": (1, 1, True), "taken back": (0, 1, False), "no trace": (0, 0, False)}
        hidden, busy, kept = plans.get(weather, (0, 0, True))
        kept = kept and not (self.full and isinstance(command, SetCapacity))
        self.flight = Flight(command, hidden, busy, kept)
        if hidden + busy == 0:
            self._land()

    def _land(self) -> None:
        if self.flight is not None and self.flight.kept:
            reached = imagine(self.plan, self.endpoint, self.flight.command)
            self.endpoint = reached.model_copy(update={"status": "InService"})
        self.flight = None

    def _fire(self, now: datetime) -> None:
        """Let the switch do what is due; AWS refuses it on a busy endpoint, or one with other variants."""
        calls = [self.echo] if self.echo else []
        self.echo = None
        if self.schedule and self.schedule.due <= now:
            if self.schedule.due <= self.schedule.ends:
                calls.append(self.schedule.command)
            self.schedule.due = now + self.schedule.command.switch.every
        for call in calls:
            if not self.busy and not self.deleted and call.shares.keys() == self.endpoint.shares.keys():
                back = SetShares(endpoint=self.endpoint.name, shares=call.shares)
                self.fired, self.endpoint = True, imagine(self.plan, self.endpoint, back)

    def stands_guard(self, now: datetime) -> bool:
        """Say whether the switch would bring the candidate's traffic back by itself."""
        schedule = self.schedule
        return schedule is not None and now <= schedule.ends and schedule.command.shares == self.plan.split(0)
