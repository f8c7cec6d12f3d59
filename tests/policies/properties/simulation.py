"""A run of ``decide`` against a simulated AWS, with a journal, a process that can be killed, and people who ask for things.

One word of weather per look says what goes wrong at it. What must hold at every look is checked at every look (``laws``).
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Final, get_args

from policies.baking import needed_gates
from policies.commands import Command
from policies.decide import decide
from policies.decision import Decision
from policies.lifecycle import (
    CLIMBING,
    Ending,
    Phase,
    State,
    begin,
    follow_the_winner,
    record_intent,
    record_result,
)
from policies.observation import Halt, Metrics, Observation, Signal, Unavailable, Verb
from policies.plan import Plan
from policies.safeguards import arm, may_extend
from policies.taking_up import take_up
from policies.verdict import Answer, GateVerdict
from tests.policies.properties.journal import Carried, Intended, Journal, TakenUp, forget_what_is_read_back
from tests.policies.properties.outsiders import CIRCUMSTANCES, DRIFTS, Outsiders
from tests.policies.properties.simulated_aws import ANSWERS, SimulatedAws

SENSES: Final = ("unreadable", "surroundings unreadable", "fail", "one fails", "inconclusive", "no metrics")
VERBS: Final[tuple[Verb, ...]] = get_args(Verb)
PEOPLE: Final = (*VERBS, "halt", "lift")
BOUNDARIES: Final = (
    "before the decision",
    "before the intent",
    "after the intent",
    "after the call",
    "after the outcome",
)
"""Where a process may be killed; the last four around one command of the look, or after the look when it has no such command."""
WEATHER: Final = (
    *ANSWERS,
    *SENSES,
    *PEOPLE,
    *DRIFTS,
    "put right",
    *CIRCUMSTANCES,
    "in trouble",
    "deleted",
    "an hour passes",
    *BOUNDARIES,
)

FIRST: Final = "candidate"
"""The variant that fails where one of several does."""

Law = Callable[["Run", Decision, Observation], None]


class Killed(Exception):
    """The simulated process was killed."""


@dataclass
class Run:
    """A rollout against the simulated AWS.

    Attributes:
        plan: the rollout's plan.
        law: what is checked at every look, between the decision and its commands.
        aws: the simulated AWS.
        outsiders: everybody else.
        journal: what survives the process.
        state: what the process that lives now believes.
        now: the present moment, the same for everyone.
        signals: what people have asked for.
        halt: the halt of all rollouts, if there is one.
        commands: every command that was carried out.
        beaten_at: when the process last put off the switch.
        dies_at: the number of the command, in its look, at which a process is killed.
        silent_for: for how long a killed process stays without a successor.
        killed: whether a process was killed.
        held: whether a deployment or shift of somebody else was seen, stands, and nobody has asked for anything since.
        failed: whether a command failed on the way back.
        left_alone: whether it ended because somebody else has taken over.
    """

    plan: Plan
    law: Law
    aws: SimulatedAws = field(init=False)
    outsiders: Outsiders = field(init=False)
    journal: Journal = field(init=False)
    state: State = field(init=False)
    now: datetime = field(init=False)
    signals: list[Signal] = field(default_factory=list[Signal])
    halt: Halt | None = None
    commands: list[Command] = field(default_factory=list[Command])
    beaten_at: datetime = field(init=False)
    dies_at: int = 0
    silent_for: timedelta = timedelta(minutes=20)
    killed: bool = False
    held: bool = False
    failed: bool = False
    left_alone: bool = False

    def __post_init__(self) -> None:
        self.aws = SimulatedAws.before(self.plan)
        self.outsiders = Outsiders(self.aws)
        self.journal = Journal(self.plan)
        self.state = begin(self.plan)
        self.now = self.beaten_at = self.plan.started_at

    @property
    def finished(self) -> bool:
        """Whether the rollout has ended."""
        return self.state.phase is Phase.FINISHED

    @property
    def ending(self) -> Ending:
        """How it ended."""
        assert self.state.ending is not None
        return self.state.ending

    def step(self, weather: str = "obey") -> Decision:
        """Let the world move, observe, decide, check, record, execute, let time pass."""
        self._happen(weather)
        self._beat(weather)
        decision = self._decide(weather)
        try:
            self._execute(decision, weather)
        except Killed:
            self.take_up()
        else:
            self.now += decision.next_look + timedelta(hours=weather == "an hour passes")
        return decision

    def take_up(self) -> None:
        """Let the next process take the rollout up from its journal, after a while without any."""
        self.killed = True
        self.now += self.silent_for
        self.state = take_up(self.plan, self.journal.replay(), self.silent_for, self.now)
        self.journal.records.append(TakenUp(self.now, self.silent_for))
        self.beaten_at = self.now
        self.held = (
            self.held and self.state.phase in CLIMBING
        )  # a policy that takes the candidate back after a crash asks for it

    def ask(self, asked: str) -> None:
        """Let a person ask for something that the next look will hear of."""
        if asked in VERBS:
            self.held = self.held and asked not in {"abort", "rollback", "resume"}
            self.signals.append(Signal(verb=asked, reason="because", by="kim", id=str(len(self.signals))))
        else:
            self.halt = Halt(since=self.now, reason="because", by="kim") if asked == "halt" else None

    def run_through(self, words: list[str]) -> None:
        """Take one step after another, until the weather or the rollout ends."""
        for word in words:
            if not self.finished:
                self.step(word)

    def until_finished(self, most: int = 2000) -> None:
        """Let AWS obey until the rollout has ended."""
        for _ in range(most):
            if self.finished:
                return
            self.step()
        raise AssertionError(f"stuck in phase {self.state.phase} at {self.now}")

    def _happen(self, weather: str) -> None:
        self.aws.progress(self.now)
        self.outsiders.meddle(weather)
        if weather in PEOPLE:
            self.ask(weather)

    def _beat(self, weather: str) -> None:
        lease = self.plan.policy.lease
        if self.now - self.beaten_at >= lease / 3 and weather != "throttled":
            self.beaten_at = self.now
            if self.state.switch == "armed" and may_extend(self.plan, self.state):
                self.aws.put_off(arm(self.plan, self.now).fires_at)

    def _decide(self, weather: str) -> Decision:
        metrics = Unavailable("store down") if weather == "no metrics" else None
        endpoint, surroundings = self.aws.describe(weather), self.aws.describe_surroundings(weather)
        seen = Observation(endpoint, metrics, tuple(self.signals), surroundings, self.halt)
        judge = partial(judge_by, weather)
        decision = decide(self.plan, self.state, seen, self.now, judge)
        assert decision == decide(self.plan, self.state, seen, self.now, judge), "decide is deterministic"
        seen_drift = self.held or decision.state.drift is not None
        self.held = seen_drift and "moved" in self.outsiders.standing() and not self.aws.fired
        self.law(self, decision, seen)
        back = decision.state.phase is Phase.ROLLING_BACK
        self.failed = back and (self.failed or decision.state.setback is not None)
        if decision.state.phase is Phase.CLEANING is not self.state.phase and decision.state.ending:
            self.left_alone = "touched nothing since" in decision.state.ending.reason
        return decision

    def _execute(self, decision: Decision, weather: str) -> None:
        self._die(weather, "before the decision")
        self.journal.note(self.state, decision)
        self.state = State.model_validate_json(decision.state.model_dump_json())
        self.plan = follow_the_winner(self.plan, self.state)
        assert self.state == decision.state, "the state survives as text"
        for number, command in enumerate(decision.commands):
            word = weather if number == self.dies_at or weather not in BOUNDARIES else "obey"
            if not self._carry_out(command, word):
                break
        self._die(weather, *BOUNDARIES)
        if not self.killed:
            replayed = forget_what_is_read_back(self.journal.replay(), self.state)
            assert replayed == self.state, "the journal tells what the process knows"

    def _carry_out(self, command: Command, weather: str) -> bool:
        self._die(weather, "before the intent")
        self.journal.records.append(Intended(self.now, command))
        self.state = record_intent(self.state, command, self.now)
        self._die(weather, "after the intent")
        self.commands.append(command)
        result = self.aws.carry_out(command, weather)
        self._die(weather, "after the call")
        self.state = record_result(self.state, command, result, self.now)
        self.journal.records.append(Carried(self.now, command, result))
        self._die(weather, "after the outcome")
        return result.status in {"done", "accepted"}

    def _die(self, weather: str, *boundaries: str) -> None:
        if weather in boundaries:
            raise Killed


def judge_by(weather: str, plan: Plan, state: State, metrics: Metrics | Unavailable) -> tuple[GateVerdict, ...]:
    """Give the verdict that the weather wants; before the first shift there is none, as in a real rollout."""
    del metrics
    first = Answer.FAIL if plan.candidate.variant == FIRST else Answer.PASS
    said = {"fail": Answer.FAIL, "one fails": first, "inconclusive": Answer.INCONCLUSIVE, "no metrics": Answer.ERROR}
    answer = said.get(weather, Answer.PASS)
    names = sorted(needed_gates(plan, state))
    return tuple(GateVerdict(gate=name, verdict=answer, sentence=weather) for name in names) if state.windows else ()
