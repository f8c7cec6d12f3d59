"""The simulated AWS account: everything that the sandbox keeps and decides, behind one object.

Adapters (moto in process, the HTTP server, the data plane) translate the wire to this and back. There is no HTTP
here, no moto and no thread; time comes from the clock that is handed in.
"""

from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from random import Random
from typing import Any

from rollway.sandbox.alarms import Alarms
from rollway.sandbox.autoscaling.acting import Reach
from rollway.sandbox.autoscaling.names import CONCURRENCY, ScaledVariant
from rollway.sandbox.autoscaling.names import SERVICE as AUTOSCALING
from rollway.sandbox.autoscaling.registry import Registry
from rollway.sandbox.autoscaling.service import Autoscaling
from rollway.sandbox.captures import Captures
from rollway.sandbox.clock import Clock
from rollway.sandbox.common_errors import denied, expired_token, failed, throttled
from rollway.sandbox.envelope import PLAIN, Envelope
from rollway.sandbox.errors import Refusal, invalid
from rollway.sandbox.fault_menu import Fault, MetricGap, OutsideChange, ScalingActivity
from rollway.sandbox.faults import Faults, Planted
from rollway.sandbox.fleets import Fleets, NullFleets
from rollway.sandbox.iam.access import Access
from rollway.sandbox.iam.documents import read_principals
from rollway.sandbox.iam.request import Surroundings as Place
from rollway.sandbox.metrics import MetricStore
from rollway.sandbox.outside_changes import ApiRequest, is_time_for, requests_of
from rollway.sandbox.quotas import Quotas
from rollway.sandbox.request_log import LoggedRequest, RequestLog, summarise
from rollway.sandbox.sagemaker.configs import Configs
from rollway.sandbox.sagemaker.constraints import Request, check_constraints
from rollway.sandbox.sagemaker.endpoints import Endpoints, Surroundings
from rollway.sandbox.sagemaker.models import Models
from rollway.sandbox.sagemaker.names import Arns, kind_of
from rollway.sandbox.sagemaker.resources import Account
from rollway.sandbox.sagemaker.tags import TagOperations, Tags
from rollway.sandbox.scheduler.firing import Luck
from rollway.sandbox.scheduler.firing import Reach as SchedulerReach
from rollway.sandbox.scheduler.service import Scheduler
from rollway.sandbox.settings import SandboxSettings

_OK = "ok"
_INVOCATIONS = "sagemaker-runtime"


@dataclass
class Outcome:
    """How a request ended: ``ok`` or an error's code."""

    code: str = _OK


class Cloud:
    """One simulated account in one Region.

    Attributes:
        clock: the account's idea of now.
        settings: what it was set up with.
        fleets: what runs its model servers.
        rng: the seeded source of every random choice.
        faults: what goes wrong.
        models, configs, endpoints, tags: the simulated SageMaker.
        metrics, alarms: the simulated CloudWatch.
        autoscaling: the simulated Application Auto Scaling.
        scheduler: the simulated EventBridge Scheduler.
        quotas: the simulated Service Quotas.
        captures: the simulated data capture.
        access: who may do what.
        dead_letters: the latest of its invocations that came to nothing and whose queue does not exist.
        request_log: the latest requests.
    """

    def __init__(self, clock: Clock, settings: SandboxSettings | None = None, fleets: Fleets | None = None) -> None:
        self.clock = clock
        self.settings = settings or SandboxSettings()
        self.fleets = fleets or NullFleets()
        self.rng = Random(self.settings.seed)  # noqa: S311 - seeded chance for a rehearsal, not a secret
        self.faults = Faults(clock, self.settings.seed)
        self.quotas = Quotas(self.settings)
        self.request_log = RequestLog(self.settings.request_log)
        self.tags = Tags()
        self._watchers: list[Callable[[], None]] = []
        self._arns = Arns(self.settings.account_id, self.settings.region)
        account = Account(clock, self._arns, self.tags)
        self.models = Models(account)
        self.configs = Configs(account, self.models)
        registry = Registry()
        self.metrics = MetricStore(clock)
        self.alarms = Alarms(clock, self.metrics)
        self.access = self._make_access()
        delays = self.settings.delays
        around = Surroundings(self.models, self.configs, self.fleets, self.faults, delays, registry, self.alarms)
        self.endpoints = Endpoints(account, around, self._changed)
        reach = Reach(account, self.endpoints, self.metrics, self._scale)
        self.autoscaling = Autoscaling(registry, reach, self._changed)
        self._operations = self._sagemaker_operations()
        calls = SchedulerReach(
            account, self.operations, self._fire, self.faults.schedule_fires, self.access.check_schedule
        )
        luck = Luck(self.settings.schedule_lateness, self.settings.seed)
        self.scheduler = Scheduler(calls, luck, self._changed)
        self.dead_letters = self.scheduler.undelivered
        self.captures = Captures(clock, self.settings.capture, self.settings.seed)
        self.faults.watch(self._apply_metric_fault)
        for fault in self.settings.faults:
            self.faults.plant(fault)
        self._set_metric_delay()

    def tick(self) -> None:
        """Advance everything to the present moment. Called on every request, and by the server when there is none."""
        self._set_metric_delay()
        self.alarms.tick()
        self.endpoints.tick()
        self.autoscaling.tick()
        self.scheduler.tick()
        self.captures.tick()
        for activity in self.faults.scaling_activities():
            self._try_scaling_activity(activity)
        for change in self.faults.outside_changes():
            self._try_outside_change(change)

    def call(self, operation: str, parameters: Request) -> dict[str, Any]:
        """Answer a SageMaker request as the service would, faults and request log included.

        Raises:
            Refusal: when the simulated SageMaker turns it down.
        """
        with self.request(operation, parameters):
            return self.sagemaker(operation, parameters)

    @contextmanager
    def request(self, operation: str, parameters: Mapping[str, Any], envelope: Envelope = PLAIN) -> Generator[Outcome]:
        """Surround any request of any service: advance, perhaps turn it away or lose its answer, log the outcome.

        Raises:
            Refusal: when a fault says so; what the body raises passes through.
        """
        outcome = Outcome()
        try:
            self._let_in(operation, envelope)
            self.access.check(envelope.caller, envelope.service, operation, parameters)
            yield outcome
        except Exception as error:
            outcome.code = str(getattr(error, "code", type(error).__name__))
            raise
        finally:
            self._log(operation, parameters, outcome.code, envelope=envelope)
        if outcome.code == _OK and self.faults.answer_lost(operation):
            raise failed(envelope.service)

    def sagemaker(self, operation: str, parameters: Request) -> dict[str, Any]:
        """Answer a SageMaker request that was let in already: check it, do it.

        Raises:
            Refusal: when the simulated SageMaker turns it down.
        """
        check_constraints(operation, parameters)
        answer = self._operations[operation](parameters)
        if not operation.startswith(("Describe", "List")):
            self._changed()
        return answer

    @property
    def operations(self) -> tuple[str, ...]:
        """The SageMaker operations that are simulated here; all others are moto's."""
        return tuple(self._operations)

    def plant(self, fault: Fault) -> None:
        """Put a fault to work while the account is in use; it is saved with the account."""
        self.faults.plant(fault)
        self._changed()

    def clear_faults(self) -> None:
        """Remove every fault and end every gap in the metrics. What they have done already stays done."""
        now = self.clock.now()
        self.faults.clear()
        self.metrics.gaps = [(of, since, min(until, now)) for of, since, until in self.metrics.gaps if since < now]
        self._changed()

    def watch(self, watcher: Callable[[], None]) -> None:
        """Have ``watcher`` called after every change of the control plane. It may be called with locks held."""
        self._watchers.append(watcher)

    def export(self) -> dict[str, Any]:
        """Return the control plane's state, JSON-able. Metrics are exported by their own store."""
        return {
            "models": self.models.shelf.export(),
            "configs": self.configs.shelf.export(),
            "endpoints": self.endpoints.export(),
            "tags": self.tags.export(),
            "autoscaling": self.autoscaling.export(),
            "scheduler": self.scheduler.export(),
            "faults": self.faults.export(),
            "configured_faults": self._configured_faults(),
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Replace the control plane's state by an exported one; fleets are started again."""
        self.models.shelf.restore(state["models"])
        self.configs.shelf.restore(state["configs"])
        self.tags.restore(state["tags"])
        if scaling := state.get("autoscaling"):  # saved before there was any, it has none
            self.autoscaling.restore(scaling)
        if schedules := state.get("scheduler"):  # likewise
            self.scheduler.restore(schedules)
        if state["configured_faults"] == self._configured_faults():
            # Otherwise the user has changed the settings since: what they ask for now is what they get.
            self.faults.restore(state["faults"])
            self.metrics.gaps = []
            for planted in self.faults.planted():
                self._apply_metric_fault(planted)
        self.endpoints.restore(state["endpoints"])

    def _sagemaker_operations(self) -> dict[str, Callable[[Request], dict[str, Any]]]:
        tagging = TagOperations(self.tags, self._require_resource)
        return {
            "CreateModel": self.models.create,
            "DescribeModel": self.models.describe,
            "ListModels": self.models.list,
            "DeleteModel": self.models.delete,
            "CreateEndpointConfig": self.configs.create,
            "DescribeEndpointConfig": self.configs.describe,
            "ListEndpointConfigs": self.configs.list,
            "DeleteEndpointConfig": self.configs.delete,
            "CreateEndpoint": self.endpoints.create,
            "DescribeEndpoint": self.endpoints.describe,
            "ListEndpoints": self.endpoints.list,
            "UpdateEndpoint": self.endpoints.update,
            "UpdateEndpointWeightsAndCapacities": self.endpoints.update_weights_and_capacities,
            "DeleteEndpoint": self.endpoints.delete,
            "AddTags": tagging.add_tags,
            "ListTags": tagging.list_tags,
            "DeleteTags": tagging.delete_tags,
        }

    def _make_access(self) -> Access:
        place = Place(
            partition=self._arns.partition,
            region=self.settings.region,
            account_id=self.settings.account_id,
            tags_of=self.tags.of,
            key_of_config=self.configs.key_of,
        )
        return Access(place, read_principals(self.settings.permissions))

    def _configured_faults(self) -> object:
        return self.settings.model_dump(mode="json")["faults"]

    def _let_in(self, operation: str, envelope: Envelope) -> None:
        self.tick()
        service = envelope.service
        if service != _INVOCATIONS:  # in process they pass here; over HTTP they have a door of their own
            if outage := self.faults.outage(service, envelope.bucket):
                raise failed(service, outage.status)
            if self.faults.credentials_expired():
                raise expired_token(service)
            if self.faults.denied(operation):
                raise denied(service, operation, self.settings.account_id)
        if self.faults.throttled(operation):
            raise throttled(service)

    def _require_resource(self, arn: str) -> None:
        """Refuse an ARN that names nothing that exists."""
        name = arn.rsplit("/", 1)[-1]
        match kind_of(arn):
            case "model":
                self.models.shelf.get(name)
            case "endpoint-config":
                self.configs.shelf.get(name)
            case "endpoint":
                self.endpoints.describe({"EndpointName": name})
            case kind:
                raise invalid(f'The simulated SageMaker keeps no tags for "{kind}" resources.')

    def _try_outside_change(self, change: OutsideChange) -> None:
        """Make an outside change once it is time; one that AWS would refuse even then is logged and dropped."""
        if is_time_for(change, self.endpoints) and self.faults.settle(change):
            for request in requests_of(change, self._arns):
                with suppress(Refusal):
                    self._act_as("outside", request)

    def _try_scaling_activity(self, order: ScalingActivity) -> None:
        """Have autoscaling act once the endpoint is at rest."""
        if self.endpoints.is_settled(order.endpoint) and self.faults.settle(order):
            self.autoscaling.act_now(ScaledVariant(order.endpoint, order.variant), order.instances)

    def _scale(self, of: ScaledVariant, capacity: int) -> None:
        """Change a variant's capacity on autoscaling's behalf."""
        serverless = {"ServerlessUpdateConfig": {"ProvisionedConcurrency": capacity}}
        wanted = serverless if of.dimension == CONCURRENCY else {"DesiredInstanceCount": capacity}
        named = [{"VariantName": of.variant, **wanted}]
        parameters = {"EndpointName": of.endpoint, "DesiredWeightsAndCapacities": named}
        self._act_as("autoscaling", ApiRequest("sagemaker", "UpdateEndpointWeightsAndCapacities", parameters))

    def _fire(self, operation: str, parameters: Mapping[str, Any]) -> None:
        """Make a request on the Scheduler's behalf.

        Raises:
            Refusal: when the simulated SageMaker turns it down.
        """
        self._act_as("scheduler", ApiRequest("sagemaker", operation, parameters))

    def _act_as(self, actor: str, request: ApiRequest) -> None:
        """Make a request that came by no wire, and log who made it.

        Raises:
            Refusal: when the service turns it down.
        """
        answer = self.autoscaling.answer if request.service == AUTOSCALING else self.sagemaker
        outcome = _OK
        try:
            answer(request.operation, request.parameters)
        except Refusal as refusal:
            outcome = refusal.code
            raise
        finally:
            envelope = Envelope(request.service)
            self._log(request.operation, request.parameters, outcome, actor=actor, envelope=envelope)

    def _set_metric_delay(self) -> None:
        self.metrics.delay = self.settings.metric_delay + self.faults.metric_delay()

    def _apply_metric_fault(self, planted: Planted) -> None:
        fault = planted.fault
        if isinstance(fault, MetricGap):
            dimensions = {} if fault.variant is None else {"VariantName": fault.variant}
            self.metrics.gaps.append((dimensions, planted.since, planted.since + fault.duration))

    def _changed(self) -> None:
        for watcher in self._watchers:
            watcher()

    def _log(
        self,
        operation: str,
        parameters: Mapping[str, Any],
        outcome: str,
        *,
        actor: str = "caller",
        envelope: Envelope = PLAIN,
    ) -> None:
        now, summary = self.clock.now(), summarise(parameters)
        self.request_log.add(
            LoggedRequest(now, operation, summary, outcome, actor, service=envelope.service, agent=envelope.agent)
        )
