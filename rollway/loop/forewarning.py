"""Before a rollout starts: what its policy may not show in time at the endpoint's present traffic. Warns, and refuses nothing."""

from dataclasses import dataclass
from datetime import datetime

from policies.errors import RolloutError
from policies.forecasting.forecast import forecast
from policies.forecasting.ladder import advise
from policies.forecasting.telling import tell_advice, tell_doubts
from policies.plan import Plan
from rollway.aws.session import Aws
from rollway.aws.traffic import measure_traffic


@dataclass(frozen=True)
class Forewarning:
    """What to say before a rollout starts.

    Attributes:
        doubts: the gates that may not have decided in time, a sentence each.
        remedy: what would let them; empty without doubts.
        unknown: why nothing is known; empty when the traffic could be measured.
    """

    doubts: tuple[str, ...] = ()
    remedy: str = ""
    unknown: str = ""

    @property
    def lines(self) -> tuple[str, ...]:
        """Everything that there is to say, a line each; none when all is well."""
        if self.unknown:
            return (f"whether the gates can decide in time is not known: {self.unknown}",)
        if not self.doubts:
            return ()
        told = (f"may not decide in time at the present traffic: {doubt}" for doubt in self.doubts)
        return (*told, *self.remedy.splitlines())


def forewarn(aws: Aws, plan: Plan, now: datetime) -> Forewarning:
    """Forecast a plan at the traffic of the last hour."""
    try:
        traffic = measure_traffic(aws, plan.endpoint, plan.policy, now)
    except RolloutError as error:
        return Forewarning(unknown=str(error))
    try:
        doubts = tell_doubts(forecast(plan.policy, traffic))
        return Forewarning(tuple(doubts), tell_advice(advise(plan.policy, traffic)) if doubts else "")
    except Exception as error:  # noqa: BLE001 - no flaw of a forecast may keep a rollout from starting
        return Forewarning(unknown=f"the forecast failed, {type(error).__name__}: {error}")
