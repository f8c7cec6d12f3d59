"""A simulated AWS that obeys, dawdles, takes back, loses answers and is meddled with, and a run of ``decide`` against it.

One word of weather per look says what goes wrong at it. Every step checks what must hold at every step, whatever the weather.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from policies.commands import ApplyConfig, Command, CommandResult, CreateConfig, DeleteConfig, SetCapacity, SetShares
from policies.decide import decide
from policies.decision import Decision
from policies.facts import Endpoint
from policies.lifecycle import CLIMBING, Outcome, Phase, State, begin, record_result
from policies.observation import Metrics, Observation, Signal, Unavailable
from policies.plan import Plan
from policies.preview import imagine
from policies.verdict import Answer, GateVerdict
from tests.policies.building import BASELINE, make_endpoint

ANSWERS: Final = ("obey", "slow", "late", "taken back", "no trace", "refused", "throttled", "lost")
OUTSIDE: Final = ("occupied", "shifted", "deployed", "put right", "scaled in", "original deleted", "in trouble")
SENSES: Final = ("unreadable", "fail", "inconclusive", "no metrics", "abort", "rollback", "an hour passes")
WEATHER: Final = (*ANSWERS, *OUTSIDE, *SENSES)
FOREIGN: Final = "by-hand"


@dataclass
class Flight:
    """A change that the simulated AWS has accepted: it shows after ``hidden`` looks, is over after ``busy`` more, and is kept or not."""

    command: Command
    hidden: int
    busy: int
    kept: bool


@dataclass
class SimulatedAws:
    """One simulated endpoint and its configurations.

    ``before`` is the endpoint as it was before somebody else changed it; ``full`` says that AWS has no more instances to give.
    """

    plan: Plan
    endpoint: Endpoint
    configs: set[str] = field(default_factory=set)
    flight: Flight | None = None
    occupied: int = 0
    before: Endpoint | None = None
    full: bool = False

    @property
    def busy(self) -> bool:
        return self.occupied > 0 or self.flight is not None

    def see(self, weather: str) -> Endpoint | Unavailable:
        """Let one look's worth of things happen, then describe the endpoint."""
        self._progress()
        if weather in OUTSIDE and not self.busy:
            self._meddle(weather)
        if weather == "unreadable":
            return Unavailable("throttled")
        at_work = self.occupied > 0 or (self.flight is not None and self.flight.hidden <= 0)
        return self.endpoint.model_copy(update={"status": "Updating"}) if at_work else self.endpoint

    def carry_out(self, command: Command, weather: str) -> CommandResult:
        """Answer one command the way the weather wants it."""
        if weather == "throttled" or (self.busy and not isinstance(command, CreateConfig | DeleteConfig)):
            return CommandResult(status="busy", message=weather)
        if weather == "refused" or not self._possible(command):
            return CommandResult(status="refused", message="refused")
        match command:
            case CreateConfig():
                self.configs.add(command.config.name)
                return CommandResult(status="done")
            case DeleteConfig():
                self.configs.discard(command.config)
                return CommandResult(status="done")
            case _:
                return self._begin(command, weather)

    def _begin(self, command: Command, weather: str) -> CommandResult:
        plans = {"slow": (0, 2, True), "late": (1, 1, True), "taken back": (0, 1, False), "no trace": (0, 0, False)}
        hidden, busy, kept = plans.get(weather, (0, 0, True))
        kept = kept and not (self.full and isinstance(command, SetCapacity))
        self.flight = Flight(command, hidden, busy, kept)
        if hidden + busy == 0:
            self._land()
        return CommandResult(status="busy" if weather == "lost" else "accepted", message=weather)

    def _progress(self) -> None:
        self.occupied = max(0, self.occupied - 1)
        if self.flight is None:
            return
        if self.flight.hidden > 0:
            self.flight.hidden -= 1
        elif self.flight.busy > 0:
            self.flight.busy -= 1
        else:
            self._land()

    def _land(self) -> None:
        if self.flight is not None and self.flight.kept:
            self.endpoint = imagine(self.plan, self.endpoint, self.flight.command).model_copy(
                update={"status": "InService"}
            )
            if isinstance(self.flight.command, ApplyConfig):
                self.before = None  # nobody puts right what lies on a configuration that is gone
        self.flight = None

    def _possible(self, command: Command) -> bool:
        if isinstance(command, ApplyConfig):
            return command.config in self.configs
        return not isinstance(command, SetShares) or command.shares.keys() == self.endpoint.shares.keys()

    def _meddle(self, weather: str) -> None:
        match weather:
            case "occupied":
                self.occupied = 2
            case "shifted" if len(self.endpoint.variants) > 1:
                self._change(self.endpoint.config, dict(zip(self.endpoint.shares, (66.5, 33.5), strict=True)))
            case "deployed":
                self._change(FOREIGN, {BASELINE: 100.0})
            case "put right" if self.before is not None:
                self.endpoint, self.before = self.before, None
            case "scaled in":
                lean = make_endpoint(self.endpoint.config, self.endpoint.shares, {BASELINE: 1, "candidate": 9})
                self.endpoint = lean.model_copy(update={"status": self.endpoint.status})
            case "original deleted" if self.endpoint.config != self.plan.original.name:
                self.configs.discard(self.plan.original.name)
            case "in trouble":
                self.endpoint = self.endpoint.model_copy(update={"status": "UpdateRollbackFailed"})
            case _:
                pass

    def _change(self, config: str, shares: dict[str, float]) -> None:
        self.before = self.before or self.endpoint
        self.endpoint = make_endpoint(config, shares, {BASELINE: 4})


@dataclass
class Run:
    """A rollout against the simulated AWS, its state taken through JSON at every step as a journal would.

    ``held`` says that it has seen somebody else's change, which still stands, and that nobody has asked for anything since.
    """

    plan: Plan
    aws: SimulatedAws
    state: State
    now: datetime
    signals: list[Signal] = field(default_factory=list)
    commands: list[Command] = field(default_factory=list)
    held: bool = False

    @classmethod
    def start(cls, plan: Plan) -> "Run":
        endpoint = make_endpoint(plan.original.name, {BASELINE: 100.0}, {BASELINE: plan.baseline.instances})
        return cls(plan, SimulatedAws(plan, endpoint, {plan.original.name}), begin(plan), plan.started_at)

    @property
    def finished(self) -> bool:
        return self.state.phase is Phase.FINISHED

    @property
    def outcome(self) -> Outcome | None:
        return self.state.ending.outcome if self.state.ending else None

    def step(self, weather: str = "obey") -> Decision:
        """Observe, decide, check, execute, let time pass."""
        if weather in {"abort", "rollback"}:
            self.signals.append(Signal(verb=weather, reason="because", by="kim"))
        metrics = Unavailable("store down") if weather == "no metrics" else None
        seen = Observation(self.aws.see(weather), metrics, tuple(self.signals))
        judge = partial(judge_by, weather)
        decision = decide(self.plan, self.state, seen, self.now, judge)
        assert decision == decide(self.plan, self.state, seen, self.now, judge), "decide is deterministic"
        self.held = (self.held or decision.state.drift is not None) and self.aws.before is not None and not self.signals
        check(self, decision, seen)
        self.state = State.model_validate_json(decision.state.model_dump_json())
        assert self.state == decision.state, "the state survives its journal"
        for command in decision.commands:
            self.commands.append(command)
            result = self.aws.carry_out(command, weather)
            self.state = record_result(self.state, command, result, self.now)
            if result.status not in {"done", "accepted"}:
                break
        self.now += decision.next_look + timedelta(hours=weather == "an hour passes")
        return decision

    def until_finished(self, most: int = 2000) -> None:
        for _ in range(most):
            if self.finished:
                return
            self.step()
        raise AssertionError(f"stuck in phase {self.state.phase} at {self.now}")


def judge_by(weather: str, plan: Plan, state: State, metrics: Metrics | Unavailable) -> tuple[GateVerdict, ...]:
    """Give the verdict that the weather wants; before the first shift there is none, as in a real rollout."""
    del metrics
    said = {"fail": Answer.FAIL, "inconclusive": Answer.INCONCLUSIVE, "no metrics": Answer.ERROR}
    answer = said.get(weather, Answer.PASS)
    names = plan.stages[state.stage].gates
    return tuple(GateVerdict(gate=name, verdict=answer, sentence=weather) for name in names) if state.windows else ()


def exposure(plan: Plan, endpoint: Endpoint) -> float:
    """Return the percent of traffic that the candidate's model answers."""
    if endpoint.config == plan.promoted.name:
        return 100
    return endpoint.shares.get(plan.candidate.variant, 0)


def check(run: Run, decision: Decision, seen: Observation) -> None:
    """What must hold at every step."""
    plan, endpoint, phase = run.plan, run.aws.endpoint, decision.state.phase
    assert not (run.held and decision.commands), (
        "a change that was seen and stands is not touched unless somebody asks for it"
    )
    for command in decision.commands:
        if isinstance(command, SetShares):
            assert sum(command.shares.values()) == 100
        if isinstance(command, DeleteConfig):
            assert command.config not in {endpoint.config, plan.original.name}
            assert decision.state.ending is not None
            assert decision.state.ending.outcome is not Outcome.PROMOTED or command.config != plan.promoted.name
            continue
        after = imagine(plan, endpoint, command)
        assert imagine(plan, after, command) == after, "a command given twice is harmless"
        assert endpoint.config != FOREIGN, "somebody else's deployment is not touched"
        if phase in CLIMBING:
            assert run.aws.before is None, "nothing is touched while somebody else's change stands"
        else:
            assert exposure(plan, after) <= exposure(plan, endpoint), "on the way back the candidate gains nothing"
    if not run.finished and not isinstance(seen.endpoint, Unavailable):
        assert abs(sum(run.aws.endpoint.shares.values()) - 100) < 1e-9
    assert decision.action == "finish" or decision.next_look > timedelta(0) or decision.state != run.state, (
        "no spinning"
    )
