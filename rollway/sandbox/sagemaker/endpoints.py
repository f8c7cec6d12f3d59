"""Simulated endpoints: which requests are allowed when, and what deployment each one starts.

How a deployment proceeds is the state machine's business (``deployment``); what serves meanwhile is kept in ``live``.
"""

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from rollway.sandbox.alarms import Alarms
from rollway.sandbox.autoscaling.registry import Registry
from rollway.sandbox.errors import Refusal, invalid
from rollway.sandbox.fault_menu import UpdateRollsBack
from rollway.sandbox.faults import Faults
from rollway.sandbox.fleets import Fleets
from rollway.sandbox.sagemaker.configs import Configs
from rollway.sandbox.sagemaker.constraints import Request, section
from rollway.sandbox.sagemaker.deployment import (
    Deployment,
    Ending,
    Endpoint,
    Fate,
    Kind,
    Lineup,
    Status,
    start,
)
from rollway.sandbox.sagemaker.describe import describe_endpoint, summarise_endpoint
from rollway.sandbox.sagemaker.guardrails import alarms_of, check_settings, plan_steps
from rollway.sandbox.sagemaker.lineups import Composer, adjust, retained_properties
from rollway.sandbox.sagemaker.live import LiveEndpoints
from rollway.sandbox.sagemaker.models import Models
from rollway.sandbox.sagemaker.paging import cut_page
from rollway.sandbox.sagemaker.resources import Account
from rollway.sandbox.sagemaker.serving import Serving
from rollway.sandbox.settings import Delays

_OPERATION = {Kind.UPDATE: "UpdateEndpoint", Kind.ADJUST: "UpdateEndpointWeightsAndCapacities"}
_SETTLED = (Status.IN_SERVICE, Status.UPDATE_ROLLBACK_FAILED)
_NO_CAPACITY = (
    'Unable to provision requested ML compute capacity for variant "{}" due to InsufficientInstanceCapacity error. '
    "Please retry using a different ML instance type or after some time."
)


@dataclass(frozen=True)
class Surroundings:
    """What the endpoints of an account depend on."""

    models: Models
    configs: Configs
    fleets: Fleets
    faults: Faults
    delays: Delays
    scaling: Registry
    alarms: Alarms


@dataclass(frozen=True)
class _Listed:
    """An endpoint together with the status that it shows."""

    endpoint: Endpoint
    status: Status

    @property
    def name(self) -> str:
        return self.endpoint.name

    @property
    def created(self) -> datetime:
        return self.endpoint.created

    @property
    def modified(self) -> datetime:
        return self.endpoint.modified


class Endpoints:
    """The account's endpoints."""

    def __init__(self, account: Account, around: Surroundings, changed: Callable[[], None]) -> None:
        """``changed`` is called after every change of any endpoint, also one that time brings."""
        self._account = account
        self._around = around
        self._live = LiveEndpoints(account.clock, around.fleets, around.alarms, changed)
        self._serial = itertools.count(1)

    # -- operations ----------------------------------------------------------------------------------------------------

    def create(self, request: Request) -> dict[str, Any]:
        """Answer CreateEndpoint."""
        name, arn = request["EndpointName"], self._account.arns.endpoint(request["EndpointName"])

        def transition(existing: Endpoint | None) -> Endpoint:
            if existing or name.lower() in (other.lower() for other in self._live.names()):
                raise invalid(f'Cannot create already existing endpoint "{arn}".')
            target = self._compose(request, None, frozenset())
            self._account.tags.attach(arn, request.get("Tags"))
            fresh = Endpoint(name, arn, self._now(), self._now(), asked_config=target.config_name)
            return start(fresh, self._deployment(Kind.CREATE, target, self._capacity_fate(None, target), request))

        return {"EndpointArn": self._live.change(name, transition).arn}

    def update(self, request: Request) -> dict[str, Any]:
        """Answer UpdateEndpoint: a new fleet for every variant, while the old line-up goes on serving."""
        wanted = request["EndpointConfigName"]

        def transition(found: Endpoint | None) -> Endpoint:
            endpoint, lineup = self._require_changeable(request, found)
            self._around.configs.shelf.get(wanted)
            if wanted == lineup.config_name and endpoint.status is Status.IN_SERVICE:
                arn = self._account.arns.config(wanted)
                raise invalid(f'Cannot update endpoint with the currently in use endpoint configuration "{arn}".')
            # AWS compares the old configuration with the new one, so a deleted one in use blocks every update.
            self._around.configs.shelf.get(lineup.config_name)
            target = self._compose(request, lineup, retained_properties(request))
            self._refuse_to_lose_scaled(endpoint.name, lineup, target)
            settled = _with_settings(request, endpoint)
            self._check_guardrails(settled.get("DeploymentConfig"), lineup, target)
            self._check_quota(sum(_instances(lineup).values()) + sum(_instances(target).values()))
            fate = self._capacity_fate(None, target) or self._update_fate()
            return start(endpoint, self._deployment(Kind.UPDATE, target, fate, settled))

        return {"EndpointArn": self._change(request, transition)}

    def update_weights_and_capacities(self, request: Request) -> dict[str, Any]:
        """Answer UpdateEndpointWeightsAndCapacities: the old weights and counts hold until the change is complete."""

        def transition(found: Endpoint | None) -> Endpoint:
            endpoint, lineup = self._require_changeable(request, found)
            target = adjust(lineup, request["DesiredWeightsAndCapacities"])
            if _instances(target) != _instances(lineup):
                self._check_quota(sum(_instances(target).values()))
            fate = self._capacity_fate(lineup, target) or self._change_fate()
            return start(endpoint, self._deployment(Kind.ADJUST, target, fate, request, lineup))

        return {"EndpointArn": self._change(request, transition)}

    def delete(self, request: Request) -> dict[str, Any]:
        """Answer DeleteEndpoint: allowed in every state at rest, also Failed."""

        def transition(found: Endpoint | None) -> Endpoint:
            endpoint = self._require(request, found)
            self._refuse_in_progress(endpoint)
            target = endpoint.lineup or Lineup(endpoint.config_name, ())
            self._account.tags.forget(endpoint.arn)
            self._around.scaling.forget_endpoint(endpoint.name)
            return start(endpoint, self._deployment(Kind.DELETE, target, None, request))

        self._change(request, transition)
        return {}

    def describe(self, request: Request) -> dict[str, Any]:
        """Answer DescribeEndpoint."""
        endpoint = self._require(request, self._live.get(request["EndpointName"]))
        return describe_endpoint(endpoint, self._shown_status(endpoint), self._now())

    def list(self, request: Request) -> dict[str, Any]:
        """Answer ListEndpoints."""
        found = [endpoint for name in self._live.names() if (endpoint := self._live.get(name))]
        page = cut_page([_Listed(endpoint, self._shown_status(endpoint)) for endpoint in found], request)
        return page.answer("Endpoints", [summarise_endpoint(item.endpoint, item.status) for item in page.items])

    # -- for the rest of the sandbox -----------------------------------------------------------------------------------

    def serving(self, name: str) -> Serving:
        """Return what answers the endpoint's requests now. Cheap: called per request.

        Raises:
            Refusal: ``ValidationError`` when there is no such endpoint, or nothing serves behind it.
        """
        serving = self._live.serving(name)
        if serving is None:
            owner = self._account.arns.account_id
            raise Refusal("ValidationError", f"Endpoint {name} of account {owner} not found.")
        return serving

    def status(self, name: str) -> Status | None:
        """Return the status that DescribeEndpoint would show, or None when there is no such endpoint."""
        endpoint = self._live.get(name)
        return self._shown_status(endpoint) if endpoint else None

    def is_settled(self, name: str) -> bool:
        """Say whether the endpoint serves and nothing changes it, so that it can be changed."""
        return self.status(name) in _SETTLED

    def desired_counts(self, name: str) -> dict[str, int]:
        """Return the DesiredInstanceCount of each production variant that serves; nothing when none does."""
        return {
            variant["VariantName"]: variant["DesiredInstanceCount"]
            for variant in self._serving_variants(name)
            if "DesiredInstanceCount" in variant  # a serverless variant has none
        }

    def desired_concurrency(self, name: str) -> dict[str, int]:
        """Return the desired ProvisionedConcurrency of each serverless variant that serves and has any."""
        serverless = {
            variant["VariantName"]: section(variant, "DesiredServerlessConfig")
            for variant in self._serving_variants(name)
        }
        return {
            variant: config["ProvisionedConcurrency"]
            for variant, config in serverless.items()
            if "ProvisionedConcurrency" in config
        }

    def tick(self) -> None:
        """Advance every endpoint to the present moment, though nobody asks about it."""
        for name in self._live.names():
            self._live.get(name)

    def export(self) -> dict[str, object]:
        """Return everything kept, JSON-able."""
        return {"live": self._live.export(), "serial": next(self._serial)}

    def restore(self, state: dict[str, Any]) -> None:
        """Replace everything kept by an exported state; the fleets are started again."""
        self._serial = itertools.count(state["serial"])
        self._live.restore(state["live"])

    def _serving_variants(self, name: str) -> Sequence[Request]:
        """Return the production variants as DescribeEndpoint shows them; none when nothing serves."""
        endpoint = self._live.get(name)
        if endpoint is None or endpoint.status is Status.DELETING:
            return []
        return describe_endpoint(endpoint, endpoint.status, self._now()).get("ProductionVariants", [])

    # -- rules ---------------------------------------------------------------------------------------------------------

    def _now(self) -> datetime:
        return self._account.clock.now()

    def _change(self, request: Request, transition: Callable[[Endpoint | None], Endpoint]) -> str:
        return self._live.change(request["EndpointName"], transition).arn

    def _require(self, request: Request, found: Endpoint | None) -> Endpoint:
        if found is None:
            arn = self._account.arns.endpoint(request["EndpointName"])
            raise invalid(f'Could not find endpoint "{arn}".')
        return found

    def _require_changeable(self, request: Request, found: Endpoint | None) -> tuple[Endpoint, Lineup]:
        endpoint = self._require(request, found)
        self._refuse_in_progress(endpoint)
        if endpoint.lineup is None:
            # Only a Failed endpoint is at rest with nothing serving. AWS documents the rule, not the wording.
            raise invalid(f'Cannot update failed endpoint "{endpoint.arn}". It can only be deleted.')
        return endpoint, endpoint.lineup

    def _refuse_in_progress(self, endpoint: Endpoint) -> None:
        if self._shown_status(endpoint) not in (*_SETTLED, Status.FAILED):
            raise invalid(f'Cannot update in-progress endpoint "{endpoint.arn}".')

    def _refuse_to_lose_scaled(self, endpoint: str, before: Lineup, target: Lineup) -> None:
        """Refuse an update that drops a variant registered for autoscaling, or moves it to another instance type."""
        types = {variant.name: variant.spec.get("InstanceType") for variant in target.variants}
        lost = [
            variant.name
            for variant in before.variants
            if self._around.scaling.scales(endpoint, variant.name)
            and (variant.name not in types or types[variant.name] != variant.spec.get("InstanceType"))
        ]
        if lost:  # AWS documents the rule, not the wording
            raise invalid(
                f"The new configuration removes, or changes the instance type of, variant(s) {', '.join(lost)}, which "
                "Application Auto Scaling has registered as scalable targets. Deregister them first."
            )

    def _check_guardrails(self, settings: Request | None, before: Lineup, target: Lineup) -> None:
        check_settings(settings, list(_instances(before)), list(_instances(target)))
        if unknown := self._around.alarms.unknown(alarms_of(settings)):  # AWS documents the rule, not the wording
            raise invalid(f"AutoRollbackConfiguration names alarms that do not exist: {', '.join(unknown)}.")

    def _check_quota(self, needed: int) -> None:
        """Refuse a change for which the endpoint would need more instances than a fault lets it have."""
        limit = self._around.faults.instance_quota()
        if limit is not None and needed > limit:
            words = (
                f"The account-level service limit 'instances for endpoint usage' is {limit} Instances, with current "
                f"utilization of 0 Instances and a request delta of {needed} Instances."
            )
            raise Refusal("ResourceLimitExceeded", words)

    def _shown_status(self, endpoint: Endpoint) -> Status:
        maintained = endpoint.status is Status.IN_SERVICE and self._around.faults.system_updating(endpoint.name)
        return Status.SYSTEM_UPDATING if maintained else endpoint.status

    def _compose(self, request: Request, live: Lineup | None, retained: frozenset[str]) -> Lineup:
        config = self._around.configs.shelf.get(request["EndpointConfigName"])
        composer = Composer(self._around.models, self._next_fleet_id, request["EndpointName"], self._now())
        return composer.compose(config, live, retained)

    def _next_fleet_id(self, variant: str) -> str:
        return f"{variant}-{next(self._serial)}"

    def _deployment(
        self, kind: Kind, target: Lineup, fate: Fate | None, request: Request, before: Lineup | None = None
    ) -> Deployment:
        now = self._now()
        delays = self._around.delays
        resized = before is not None and _instances(before) != _instances(target)
        delay = {
            Kind.CREATE: delays.creating,
            Kind.UPDATE: delays.updating,
            Kind.ADJUST: max(delays.weights, delays.capacity) if resized else delays.weights,
            Kind.DELETE: delays.deleting,
        }[kind]
        bound = fate or Fate(Ending.COMPLETES)
        settings = request.get("DeploymentConfig")
        if kind is Kind.UPDATE and settings and self._around.faults.guardrails_ignored():
            settings = None
        steps = plan_steps(settings, sum(_instances(target).values())) if kind is Kind.UPDATE else ()
        delay += self._around.faults.delayed(_OPERATION[kind]) if kind in _OPERATION else timedelta(0)
        return Deployment(kind, target, now, now + delay, bound, settings, steps)

    def _capacity_fate(self, before: Lineup | None, target: Lineup) -> Fate | None:
        """Return the failure of a deployment whose new instances are refused."""
        had = _instances(before) if before else {}
        growing = [name for name, count in _instances(target).items() if count > had.get(name, 0)]
        refused = self._around.faults.capacity_refused(growing)
        return Fate(Ending.ROLLS_BACK, _NO_CAPACITY.format(refused)) if refused else None

    def _change_fate(self) -> Fate | None:
        return Fate(Ending.ROLLS_BACK, None) if self._around.faults.change_rolled_back() else None

    def _update_fate(self) -> Fate | None:
        fault = self._around.faults.update_fate()
        if fault is None:
            return None
        if isinstance(fault, UpdateRollsBack):
            reason = None if fault.silent else "The update failed and was rolled back (a fault of the rehearsal)."
            return Fate(Ending.ROLLS_BACK, reason)
        return Fate(Ending.ROLLBACK_FAILS, "The update and its rollback both failed (a fault of the rehearsal).")


def _with_settings(request: Request, endpoint: Endpoint) -> Request:
    """Return the request with the DeploymentConfig that holds: its own, or the last one if it is to be retained."""
    if request.get("DeploymentConfig") or not request.get("RetainDeploymentConfig"):
        return request
    return {**request, "DeploymentConfig": endpoint.last_settings}


def _instances(lineup: Lineup) -> dict[str, int]:
    return {variant.name: variant.fleet.instances for variant in lineup.everyone}
