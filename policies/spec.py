"""The policy: how a rollout goes, what must hold, and what happens when nobody can tell.

These are the fields that a user writes. A misspelt field is a mistake, never ignored.
"""

import hashlib
import json
from datetime import timedelta
from typing import Annotated, Final, Literal

from pydantic import Field, field_validator, model_validator

from policies.approvals.spec import Approval
from policies.capacity import CapacitySpec
from policies.coherence import find_problems
from policies.errors import PolicyError
from policies.gates.spec import Agreement, Gate, MinimumSample, Superiority, Threshold, TrafficSplit
from policies.guardrail_coherence import find_guardrail_problems
from policies.notices.spec import NotifySpec
from policies.probes import ProbeSpec
from policies.switch import SwitchSpec
from policies.values import Duration, Frozen, Percent
from policies.windows.spec import WindowsSpec

_HASH_LENGTH: Final = 7
_WHOLE: Final = 100
_DEFAULT_GATES: Final[dict[str, Gate]] = {
    "sample": MinimumSample(requests_at_least=100),
    "split": TrafficSplit.model_validate({"share_within": "10%"}),
}

OnInconclusive = Literal["extend", "hold", "roll_back"]


class StageSpec(Frozen):
    """One rung of the ladder.

    Attributes:
        share: percent of traffic that the candidate gets; in an A/B test each challenger.
        bake: least time at this share, as seen in the metrics, before the gates may pass.
        instances: how many instances the candidate needs here; by default as many of the baseline's as its share calls for.
        gates: names of the gates that must pass here, beside sample and split, which always must; all of them by default. Any gate may fail
            at any stage.
        approval: whether a person has to approve before the candidate gets more than here: ``true``, or for how long one is waited for and
            what then, ``{within: 4h, otherwise: roll_back}``.
        shadow: whether the candidate gets copies of that percentage of the requests, and nobody its answers; for the first stage of the
            strategy ``shadow``.
    """

    share: Annotated[float, Field(gt=0, le=100)]
    bake: Duration
    instances: Annotated[int, Field(ge=1)] | None = None
    gates: tuple[str, ...] | None = None
    approval: Approval = None
    shadow: bool = False

    @field_validator("bake")
    @classmethod
    def _bake_takes_time(cls, bake: timedelta) -> timedelta:
        if bake <= timedelta(0):
            raise ValueError("a bake must take time; write for example 10m")
        return bake


class HistogramSpec(Frozen):
    """How latency histograms are read from CloudWatch, bin by bin: one metric requested per bin, arm and reading.

    Attributes:
        bins_per_query: how many of CloudWatch's bins of 10 % one query spans; more is cheaper and coarser.
        every: time between two readings; rarer is cheaper, and latency is judged later.
    """

    bins_per_query: Annotated[int, Field(ge=1, le=7)] = 1
    every: Duration = timedelta(minutes=1)


class MetricsSpec(Frozen):
    """How the metrics are read.

    Attributes:
        period: length of one stratum. CloudWatch keeps SageMaker's invocation metrics by the minute; shorter periods need a configuration
            with enhanced metrics, or the sandbox.
        settle: how old a period must be before its numbers are trusted, because CloudWatch publishes late.
        reread: how far back numbers are read again at each look, because late requests still change them.
        look_every: time between two looks.
        histograms: how latency histograms are read.
    """

    period: Duration = timedelta(minutes=1)
    settle: Duration = timedelta(minutes=2)
    reread: Duration = timedelta(minutes=5)
    look_every: Duration = timedelta(seconds=30)
    histograms: HistogramSpec = HistogramSpec()

    @field_validator("look_every")
    @classmethod
    def _looks_take_time(cls, look_every: timedelta) -> timedelta:
        if look_every <= timedelta(0):
            raise ValueError("there must be time between two looks; write for example 30s")
        return look_every

    @field_validator("period")
    @classmethod
    def _period_is_offered(cls, period: timedelta) -> timedelta:
        seconds = period.total_seconds()
        if seconds not in {1, 5, 10, 20, 30} and (seconds <= 0 or seconds % 60):
            raise ValueError(f"CloudWatch has no period of {seconds:g}s; use 1s, 5s, 10s, 20s, 30s or whole minutes")
        return period


class Risk(Frozen):
    """How often the comparisons may be wrong.

    Attributes:
        false_rollback: probability of rolling back a candidate that is within its margins, over the whole rollout.
        false_promotion: probability of passing a candidate that is at its margin or beyond.
    """

    false_rollback: Annotated[Percent, Field(gt=0, lt=0.5)] = 0.05
    false_promotion: Annotated[Percent, Field(gt=0, lt=0.5)] = 0.05


class InconclusiveSpec(Frozen):
    """What happens when a bake is over and the gates can neither pass nor fail, by reason.

    Attributes:
        few_requests: measured, but not enough yet.
        traffic_split: the candidate does not get the share it was given.
        metrics_unavailable: the metrics could not be read, or are missing.
        environment: both arms got worse together.
        otherwise: any other reason, and an extension that has run out.
    """

    few_requests: OnInconclusive = "extend"
    traffic_split: OnInconclusive = "hold"
    metrics_unavailable: OnInconclusive = "hold"
    environment: OnInconclusive = "hold"
    otherwise: OnInconclusive = "hold"


class Timeouts(Frozen):
    """How long AWS may take.

    Attributes:
        update: one change of the endpoint, from the request to the postcondition.
        rollback: the whole way back to the baseline; past it a person is needed.
        settle: how long an accepted change may stay invisible before it counts as taken back.
    """

    update: Duration = timedelta(minutes=60)
    rollback: Duration = timedelta(hours=2)
    settle: Duration = timedelta(minutes=1)

    @field_validator("update", "rollback")
    @classmethod
    def _aws_gets_time(cls, limit: timedelta) -> timedelta:
        if limit <= timedelta(0):
            raise ValueError("AWS needs time; write for example 60m")
        return limit


class BrakeSpec(Frozen):
    """What keeps one bad model from becoming many rollbacks.

    Attributes:
        failures: on how many endpoints a gate has to fail within ``within`` before every rollout in the same journal is halted.
        within: see ``failures``.
        back_off: how long an endpoint is left alone after a rollout that was not promoted, before anything but a person may start the next;
            doubled by every further one in a row.
        back_off_at_most: the longest that this grows to.
    """

    failures: Annotated[int, Field(ge=2)] = 3
    within: Duration = timedelta(minutes=15)
    back_off: Duration = timedelta(minutes=15)
    back_off_at_most: Duration = timedelta(hours=24)


class GuardrailSpec(Frozen):
    """How SageMaker's own deployment guardrails go about an update; for the strategy ``guardrail``.

    Attributes:
        rolling: whether instances are replaced batch by batch, instead of by a second fleet of full size.
        alarms: names of CloudWatch alarms of yours that take the update back too; Rollway's own are added.
        brake: how much longer than a bake SageMaker waits at each step: the time that an alarm needs to take the update back.
    """

    rolling: bool = False
    alarms: tuple[Annotated[str, Field(min_length=1, max_length=255)], ...] = ()
    brake: Duration = timedelta(minutes=3)


class Policy(Frozen):
    """How a rollout goes.

    Attributes:
        strategy: the kind of rollout. ``canary``: by rising shares. ``linear``: by equal steps, given as ``step``. ``blue_green``: with the
            full capacity from the start. ``control_twin``: compared with a fresh twin of the baseline, of the same share and size.
            ``shadow``: with copies of requests first, by a first stage with ``shadow: true``. ``guardrail``: by SageMaker's own deployment
            guardrails, judged and braked by Rollway. ``ab_test``: one or more challengers, each with the first stage's share until one is
            shown to be better; a second stage is the winner's, what it leaves is held out.
        stages: the ladder of shares, rising. A linear policy may give ``step: {share: 20, bake: 10m}`` instead.
        deployment_guardrails: how SageMaker's own guardrails go about an update.
        probes: requests to the candidate before it gets any traffic, to see whether it answers and to warm it up.
        watch: how long the limits are watched after the promotion; a breach takes the promotion back, which takes minutes then.
        warm_up: how long after each shift the minutes are left out of the evidence, for cold caches; the bake begins after it.
        promotion_tries: how often the promotion is asked for when AWS does not keep it, or has no instances left; again only while every
            gate of the last stage passes.
        keep_control: whether at least 5 % of the traffic stays on the baseline, as the control, until the last bake is over.
        gates: must pass before the next stage, by name.
        guardrails: may end the rollout at any look, by name.
        risk: how often the comparisons may be wrong.
        inconclusive: what happens when nobody can tell.
        extend_at_most: how long a bake may be extended.
        on_drift: what happens when somebody else changes the endpoint: hold until it is undone, or abort; both touch nothing.
        on_changed_baseline: what happens when the configuration, the model or the image that the endpoint was deployed with no longer is
            what its name stands for: refuse to start, since the way back would start something that never served there, or accept that.
        on_crash: what happens when another process takes up a rollout whose own has died: go on where it stood, or take the candidate back.
        when_taken: what happens when a rollout of the endpoint is under way already: refuse to start, queue for its end, or supersede it,
            which takes its candidate back first.
        lease: how long nobody may drive a rollout before the dead-man's switch acts; others may take over after three fifths of it.
        dead_mans_switch: what AWS does by itself when every process is gone.
        brake: what keeps one bad model from becoming many rollbacks.
        notify: who is told of the rollout, where a notifications file is given.
        windows: when the candidate may get more: days, hours, freezes and holidays. Not given: at any time.
        deadline: the longest that the rollout may take, time outside the windows not counted; after it, back to the baseline.
        metrics: how the metrics are read.
        timeouts: how long AWS may take.
        capacity: how many instances the candidate gets.
    """

    strategy: Literal["canary", "linear", "blue_green", "control_twin", "shadow", "guardrail", "ab_test"]
    stages: tuple[StageSpec, ...]
    deployment_guardrails: GuardrailSpec = GuardrailSpec()
    probes: ProbeSpec | None = None
    watch: Duration = timedelta(0)
    warm_up: Duration = timedelta(0)
    promotion_tries: Annotated[int, Field(ge=1, le=5)] = 2
    keep_control: bool = True
    gates: Annotated[dict[str, Gate], Field(validate_default=True)] = {}
    guardrails: dict[str, Gate] = {}
    risk: Risk = Risk()
    inconclusive: InconclusiveSpec = InconclusiveSpec()
    extend_at_most: Duration = timedelta(hours=1)
    on_drift: Literal["hold", "abort"] = "hold"
    on_changed_baseline: Literal["refuse", "accept"] = "refuse"
    on_crash: Literal["resume", "roll_back"] = "resume"
    when_taken: Literal["refuse", "queue", "supersede"] = "refuse"
    lease: Duration = timedelta(minutes=5)
    dead_mans_switch: SwitchSpec = SwitchSpec()
    brake: BrakeSpec = BrakeSpec()
    notify: NotifySpec = NotifySpec()
    windows: WindowsSpec | None = None
    deadline: Duration = timedelta(hours=6)
    metrics: MetricsSpec = MetricsSpec()
    timeouts: Timeouts = Timeouts()
    capacity: CapacitySpec = CapacitySpec()

    @field_validator("gates")
    @classmethod
    def _always_check_sample_and_split(cls, gates: dict[str, Gate]) -> dict[str, Gate]:
        present = {type(gate) for gate in gates.values()}
        missing = {name: gate for name, gate in _DEFAULT_GATES.items() if type(gate) not in present}
        taken = ", ".join(missing.keys() & gates.keys())
        if taken:
            raise ValueError(f"{taken} is the name of a gate that is always there; give yours another name")
        return gates | missing

    @model_validator(mode="after")
    def _hang_together(self) -> "Policy":
        document = self.model_dump()
        problems = [*find_problems(document), *find_guardrail_problems(document)]
        if problems:
            raise PolicyError("policy", problems)
        return self

    def gates_at(self, stage: int) -> tuple[str, ...]:
        """Return the gates that a stage needs; sample and split count at every one, or a stage could pass without data."""
        chosen = self.stages[stage].gates
        always = MinimumSample | TrafficSplit
        return tuple(
            name
            for name, gate in self.gates.items()
            if (chosen is None or name in chosen or isinstance(gate, always)) and self._can_pass(gate, name, stage)
        )

    def _can_pass(self, gate: Gate, name: str, stage: int) -> bool:
        """Whether a gate has anything to say at a stage.

        Answers are copied to a shadow alone. At a step of SageMaker's the split is SageMaker's own, and at 100 % nobody serves beside.
        """
        if isinstance(gate, Agreement) and not self.stages[stage].shadow:
            return False
        if self.strategy != "guardrail":
            return True
        return not isinstance(gate, TrafficSplit) and (self.stages[stage].share < _WHOLE or name in self.judged_alone)

    @property
    def judged_alone(self) -> tuple[str, ...]:
        """Gates and guardrails that need no baseline beside the candidate: they are what the watch goes by."""
        return tuple(name for name, gate in (self.gates | self.guardrails).items() if _needs_no_baseline(gate))

    def compared_share(self, stage: StageSpec) -> float:
        """Return how much of what the two arms that are compared get the candidate gets, in percent. A shadow's copies count as well."""
        if stage.shadow:
            return 100 * stage.share / (100 + stage.share)
        return 50.0 if self.strategy == "control_twin" else stage.share

    def compared_part(self, stage: StageSpec) -> float:
        """Return how much the two arms that are compared get together, as a multiple of all traffic."""
        if stage.shadow:
            return 1 + stage.share / 100
        return 2 * stage.share / 100 if self.strategy == "control_twin" else 1.0

    def shared_among(self, challengers: int) -> "Policy":
        """Return the policy that each of so many challengers is judged by, so that all promotions together keep to the policy's risks.

        Each gets its part of the risk of being promoted wrongly (Bonferroni). Of the challengers only the best is ever promoted, so Holm's
        method, whose first step this is, would promote no other.
        """
        if challengers == 1:
            return self
        gates = {
            name: gate.model_copy(update={"risk": gate.risk / challengers}) if isinstance(gate, Superiority) else gate
            for name, gate in self.gates.items()
        }
        risk = self.risk.model_copy(update={"false_promotion": self.risk.false_promotion / challengers})
        return self.model_copy(update={"gates": gates, "risk": risk})

    @property
    def superiority(self) -> tuple[str, Superiority] | None:
        """The gate that makes the winner of an A/B test, with its name; None with any other strategy."""
        return next(((name, gate) for name, gate in self.gates.items() if isinstance(gate, Superiority)), None)

    @property
    def agreement(self) -> tuple[str, Agreement] | None:
        """The gate that compares a shadow's answers, with its name; None where there is none."""
        return next(((name, gate) for name, gate in self.gates.items() if isinstance(gate, Agreement)), None)

    @property
    def take_over_after(self) -> timedelta:
        """How long the process of a rollout may be silent before another takes over: early enough to put off the switch."""
        return self.lease * 3 / 5

    @property
    def digest(self) -> str:
        """Seven hexadecimal digits that change when the policy does."""
        canonical = json.dumps(self.model_dump(mode="json"), sort_keys=True)
        return hashlib.sha256(canonical.encode()).hexdigest()[:_HASH_LENGTH]


def _needs_no_baseline(gate: Gate) -> bool:
    return isinstance(gate, MinimumSample) or (isinstance(gate, Threshold) and gate.arm == "candidate")
