"""Anything in any order, step by step: looks, faults, people, deaths of the process, other hands, time (AWS is simulated)."""

from datetime import timedelta

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from policies.lifecycle import CLIMBING, Outcome
from policies.plan import Plan
from tests.policies.properties.laws import check_end, check_guard, check_look, exposure
from tests.policies.properties.outsiders import CIRCUMSTANCES, DRIFTS
from tests.policies.properties.plans import plans
from tests.policies.properties.simulation import ANSWERS, BOUNDARIES, PEOPLE, SENSES, Run

ENDS = {"fail", "abort", "rollback"}
LONG = 15
"""Records after which a story may be brought to its end."""
SILENCES = st.sampled_from([timedelta(minutes=minutes) for minutes in (1, 4, 6, 20, 60)])


class Rollout(RuleBasedStateMachine):
    """One rollout, to which anything may happen, and which must come to its end once the world obeys."""

    @initialize(plan=plans(), quiet=st.integers(0, 12))
    def start(self, plan: Plan, quiet: int) -> None:
        """Begin, and let the first looks go well, so that every phase is reached often."""
        self.run = Run(plan, check_look)
        self.highest = 0.0
        for _ in range(quiet):
            self.look("obey")

    @property
    def under_way(self) -> bool:
        """Whether there is a rollout that a process drives."""
        return not self.run.finished

    @rule(weather=st.sampled_from([*["obey"] * 8, *ANSWERS, *sorted({*SENSES} - ENDS), *CIRCUMSTANCES]))
    def look(self, weather: str) -> None:
        """Look once, in some weather."""
        if self.under_way:
            self.run.step(weather)

    @rule(asked=st.sampled_from(sorted({*PEOPLE} - ENDS)))
    def ask(self, asked: str) -> None:
        """Let a person ask for something, and the rollout look."""
        self.look(asked)

    @precondition(lambda self: len(self.run.journal.records) > LONG)
    @rule(end=st.sampled_from(sorted(ENDS)))
    def end(self, end: str) -> None:
        """Let a gate fail, or a person take the candidate back: not at once, since so many stories would be short."""
        self.look(end)

    @rule(what=st.sampled_from([*DRIFTS, *["put right"] * 4, "in trouble"]))
    def meddle(self, what: str) -> None:
        """Let somebody else change the endpoint, and the rollout look."""
        self.look(what)

    @rule(boundary=st.sampled_from(BOUNDARIES), command=st.integers(0, 3), silence=SILENCES)
    def die(self, boundary: str, command: int, silence: timedelta) -> None:
        """Kill the process during a look, and let another take the rollout up after a while."""
        self.run.dies_at, self.run.silent_for = command, silence
        self.look(boundary)

    @rule(minutes=st.sampled_from([1, 5, 30]))
    def oversleep(self, minutes: int) -> None:
        """Let the process not look for a while, for example because its machine slept."""
        self.run.now += timedelta(minutes=minutes)
        self.run.aws.progress(self.run.now)

    @precondition(lambda self: self.run.finished and self.run.ending.outcome is Outcome.ROLLBACK_FAILED)
    @rule(silence=SILENCES)
    def take_up(self, silence: timedelta) -> None:
        """Let the next process go on with a rollback that was given up."""
        self.run.silent_for = silence
        self.run.take_up()

    @invariant()
    def is_guarded(self) -> None:
        """A candidate with traffic is never without its safeguards."""
        if self.under_way:
            check_guard(self.run)

    @invariant()
    def never_gains_again(self) -> None:
        """Once the rollout has turned back, the candidate never again gets more than AWS was already giving it then."""
        if self.run.state.phase in CLIMBING or self.run.outsiders.standing() or self.run.aws.flight:
            self.highest = 100.0
            return
        if self.run.state.ending and self.run.state.ending.outcome is not Outcome.PROMOTED:
            now = exposure(self.run.plan, self.run.aws.endpoint)
            assert now <= self.highest
            self.highest = now

    def teardown(self) -> None:
        """Let the world obey from now on: the rollout ends in time, and the world is as its outcome says."""
        if not hasattr(self, "run"):
            return
        run, since = self.run, self.run.now
        run.halt = None
        self._see_to_the_end()
        if run.ending.outcome is Outcome.ROLLBACK_FAILED:
            run.take_up()
            since = run.now
            self._see_to_the_end()
            assert run.ending.outcome is not Outcome.ROLLBACK_FAILED
        limits = run.plan.policy.timeouts
        assert run.now - since <= run.plan.policy.deadline + limits.rollback + limits.update + timedelta(minutes=5)
        check_end(run)

    def _see_to_the_end(self) -> None:
        endpoint = self.run.aws.endpoint
        self.run.aws.endpoint = endpoint.model_copy(update={"status": "InService"})
        self.run.aws.denied.clear()
        self.run.until_finished()


Rollout.TestCase.settings = settings(
    max_examples=100, stateful_step_count=50, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
TestRollout = Rollout.TestCase
