"""Before a rollout starts: what its policy may not show in time at the endpoint's present traffic. Warns, and refuses nothing."""

from dataclasses import dataclass
from datetime import datetime

from policies.errors import RolloutError
from policies.forecasting.forecast import forecast
from policies.forecasting.ladder import advise
from policies.forecasting.lift import detectable_effect
from policies.forecasting.telling import tell_advice, tell_doubts
from policies.plan import Plan
from policies.values import format_duration
from rollway.aws.levels import measure_metric
from rollway.aws.session import Aws
from rollway.aws.traffic import measure_traffic


@dataclass(frozen=True)
class Forewarning:
    """What to say before a rollout starts.

    Attributes:
        doubts: the gates that may not have decided in time, a sentence each.
        remedy: what would let them; empty without doubts.
        unknown: why nothing is known; empty when the traffic could be measured.
        prospect: how small an effect an A/B test can show; empty with any other strategy.
    """

    doubts: tuple[str, ...] = ()
    remedy: str = ""
    unknown: str = ""
    prospect: str = ""

    @property
    def lines(self) -> tuple[str, ...]:
        """Everything that there is to say, a line each; none when all is well."""
        if self.prospect:
            return (self.prospect,)
        if self.unknown:
            return (f"whether the gates can decide in time is not known: {self.unknown}",)
        if not self.doubts:
            return ()
        told = (f"may not decide in time at the present traffic: {doubt}" for doubt in self.doubts)
        return (*told, *self.remedy.splitlines())


def forewarn(aws: Aws, plan: Plan, now: datetime) -> Forewarning:
    """Forecast a plan at the traffic of the last hour; an A/B test at the baseline's metric of the last week."""
    if plan.policy.strategy == "ab_test":
        return _forewarn_of_test(aws, plan, now)
    try:
        traffic = measure_traffic(aws, plan.endpoint, plan.policy, now)
    except RolloutError as error:
        return Forewarning(unknown=str(error))
    try:
        doubts = tell_doubts(forecast(plan.policy, traffic))
        return Forewarning(tuple(doubts), tell_advice(advise(plan.policy, traffic)) if doubts else "")
    except Exception as error:  # noqa: BLE001 - no flaw of a forecast may keep a rollout from starting
        return Forewarning(unknown=f"the forecast failed, {type(error).__name__}: {error}")


def _forewarn_of_test(aws: Aws, plan: Plan, now: datetime) -> Forewarning:
    """Say how small an effect the test can show, from what the baseline publishes now."""
    policy, found = plan.judged_by, plan.judged_by.superiority
    if found is None:
        return Forewarning()
    _, gate = found
    try:
        level = measure_metric(aws, plan.endpoint, plan.baseline.variant, gate, now)
    except RolloutError as error:
        return Forewarning(unknown=str(error))
    if level is None:
        what = f"{gate.metric} of {plan.baseline.variant} has hardly a value in the last week; a test needs them from every arm"
        return Forewarning(
            unknown=f"{what}: publish it with the dimensions {gate.name_dimensions(plan.endpoint, plan.baseline.variant)}"
        )
    bake, stage = policy.stages[0].bake, plan.stages[0]
    lengths = [bake] if gate.looks == "once" else [bake, bake + policy.extend_at_most]
    shares = (stage.share, plan.split_at(stage)[plan.baseline.variant])
    effects = [
        f"{100 * detectable_effect(gate, level, shares, length, policy.metrics.period):.2g} % within {format_duration(length)}"
        for length in lengths
    ]
    now_is = f"{gate.metric} is {level.mean:.4g} now, {level.per_minute:,.3g} values a minute"
    shown = f"four of five tests show a challenger to be better that is better by {', or by '.join(effects)}"
    return Forewarning(prospect=f"{now_is}: {shown}.")
