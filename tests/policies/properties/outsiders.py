"""Everybody else who has a hand on the simulated endpoint: people with consoles, other tools, autoscaling, chance.

What they have changed can be asked for at any time, so that a test can tell their work from the rollout's.
"""

from dataclasses import dataclass
from typing import Final

from policies.facts import Endpoint
from policies.goal import has_shares
from tests.policies.building import BASELINE, CANDIDATE, make_endpoint
from tests.policies.properties.simulated_aws import SimulatedAws

FOREIGN: Final = "by-hand"
TAG: Final = "touched"
BY_HAND: Final = 9
"""Instances that a person orders: no plan of these tests does."""

BOUND: Final = 99
"""Instances that a person allows: likewise."""

DRIFTS: Final = ("shifted", "deployed", "candidate rescaled", "baseline rescaled", "tagged", "rebounded", "unsuspended")
"""What is somebody else's change of the endpoint, once it is seen."""
PERMISSIONS: Final = ("weights denied", "updates denied", "permitted again")
"""What happens to what the rollout may ask for; it lasts."""
CIRCUMSTANCES: Final = (
    "occupied",
    "scaled in",
    "scaled out",
    "original deleted",
    "config in use deleted",
    "switch fires late",
    *PERMISSIONS,
)
"""What happens to an endpoint without anybody's having changed what the rollout left."""


@dataclass
class Outsiders:
    """What others do to the simulated AWS.

    Attributes:
        aws: the simulated AWS.
        before: the endpoint before somebody moved it or shifted its traffic.
        after: the endpoint after that.
        undone: the suspensions that somebody has put in place of those that were found.
        interfered: whether anybody ever changed what the rollout left.
    """

    aws: SimulatedAws
    before: Endpoint | None = None
    after: Endpoint | None = None
    interfered: bool = False

    def meddle(self, what: str) -> None:
        """Do one thing to the endpoint, as far as AWS allows it now."""
        self._change_for_long(what)
        match what:
            case "put right":
                self._put_right()
            case "occupied" if not self.aws.busy:
                self.aws.occupied = 2
            case "scaled in" | "scaled out" if not self.aws.busy:
                self._autoscale(what)
            case "original deleted" if self.aws.endpoint.config != self.aws.plan.original.name:
                self.aws.configs.discard(self.aws.plan.original.name)
            case "config in use deleted":
                self.aws.configs.discard(self.aws.endpoint.config)
            case "in trouble" if not self.aws.busy:
                self.aws.endpoint = self.aws.endpoint.model_copy(update={"status": "UpdateRollbackFailed"})
            case "switch fires late" if self.aws.schedule:
                self.aws.echo = self.aws.schedule.command
            case _:
                pass

    def _change_for_long(self, what: str) -> None:
        if what in DRIFTS:
            self._interfere(what)
        if what in PERMISSIONS:
            self._permit(what)
        if what == "deleted" and not self.aws.busy:
            self.aws.deleted, self.aws.scaling, self.interfered = True, {}, True

    def _permit(self, what: str) -> None:
        """Take a permission away from the rollout, or give all of them back."""
        denied = {"weights denied": {"set_shares"}, "updates denied": {"apply_config"}}
        self.aws.denied = self.aws.denied | denied[what] if what in denied else set()

    def standing(self) -> set[str]:
        """Return which of their changes stand."""
        endpoint = self.aws.endpoint
        stand = set[str]()
        if self.after and endpoint.config == self.after.config and has_shares(endpoint, self.after.shares):
            stand.add("moved")
        if any(v.instances == BY_HAND and v.name not in self.aws.scaling for v in endpoint.variants):
            stand.add("counts")
        if TAG in self.aws.tags:
            stand.add("tags")
        live = self.aws.scaling.get(BASELINE)
        if live and live.maximum == BOUND:
            stand.add("bounds")
        if live and "scale_out" in live.suspended:
            stand.add("suspensions")
        return stand

    def _interfere(self, what: str) -> None:
        if self.aws.busy and what not in {"tagged", "rebounded", "unsuspended"}:
            return
        self.interfered = True
        match what:
            case "shifted" if len(self.aws.endpoint.variants) > 1:
                first, *others = self.aws.endpoint.shares
                self._move(self.aws.endpoint.config, {first: 66.5} | dict.fromkeys(others, 33.5 / len(others)))
            case "deployed":
                self.aws.configs.add(FOREIGN)
                self._move(FOREIGN, {BASELINE: 100.0})
            case "candidate rescaled":
                self._scale(CANDIDATE, BY_HAND)
            case "baseline rescaled" if BASELINE not in self.aws.scaling:
                self._scale(BASELINE, BY_HAND)
            case "tagged":
                self.aws.tags[TAG] = "by hand"
            case "rebounded":
                self._rescale({"maximum": BOUND})
            case "unsuspended":
                self._rescale({"suspended": ("scale_out",)})
            case _:
                pass

    def _move(self, config: str, shares: dict[str, float]) -> None:
        self.before = self.before if "moved" in self.standing() else self.aws.endpoint
        counts = {variant.name: variant.instances for variant in self.aws.endpoint.variants}
        self.after = self.aws.endpoint = make_endpoint(config, shares, counts)

    def _put_right(self) -> None:
        stand = self.standing()
        if "moved" in stand and self.before and not self.aws.busy:
            self.aws.endpoint, self.before, self.after = self.before, None, None
        if "tags" in stand:
            del self.aws.tags[TAG]

    def _autoscale(self, direction: str) -> None:
        target = self.aws.scaling.get(BASELINE)
        if target is None:
            return
        if direction == "scaled in" and "scale_in" not in target.suspended:
            self.aws.lowered = True
            self._scale(BASELINE, target.minimum)
        if direction == "scaled out" and "scale_out" not in target.suspended:
            self._scale(BASELINE, target.maximum)

    def _scale(self, variant: str, count: int) -> None:
        counts = {each.name: each.instances for each in self.aws.endpoint.variants} | {variant: count}
        scaled = make_endpoint(self.aws.endpoint.config, self.aws.endpoint.shares, counts)
        self.aws.endpoint = scaled.model_copy(update={"status": self.aws.endpoint.status})

    def _rescale(self, change: dict[str, object]) -> None:
        live = self.aws.scaling.get(BASELINE)
        if live is not None:
            self.aws.scaling[BASELINE] = live.model_copy(update=change)
