"""The simulated AWS account: everything that the sandbox keeps and decides, behind one object.

Adapters (moto in process, the HTTP server, the data plane) translate the wire to this and back. There is no HTTP
here, no moto and no thread; time comes from the clock that is handed in.
"""

from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from random import Random
from typing import Any

from rollway.sandbox.clock import Clock
from rollway.sandbox.errors import Refusal, invalid
from rollway.sandbox.fault_menu import MetricGap, OutsideChange
from rollway.sandbox.faults import Faults, Planted
from rollway.sandbox.fleets import Fleets, NullFleets
from rollway.sandbox.metrics import MetricStore
from rollway.sandbox.request_log import LoggedRequest, RequestLog, summarise
from rollway.sandbox.sagemaker.configs import Configs
from rollway.sandbox.sagemaker.constraints import Request, check_constraints
from rollway.sandbox.sagemaker.deployment import Status
from rollway.sandbox.sagemaker.endpoints import Endpoints, Surroundings
from rollway.sandbox.sagemaker.models import Models
from rollway.sandbox.sagemaker.names import Arns, kind_of
from rollway.sandbox.sagemaker.resources import Account
from rollway.sandbox.sagemaker.tags import TagOperations, Tags
from rollway.sandbox.settings import SandboxSettings

_CHANGEABLE = (Status.IN_SERVICE, Status.UPDATE_ROLLBACK_FAILED)


@dataclass
class Outcome:
    """How a request ended: ``ok`` or an error's code."""

    code: str = "ok"


class Cloud:
    """One simulated account in one Region.

    Attributes:
        clock: the account's idea of now.
        settings: what it was set up with.
        fleets: what runs its model servers.
        rng: the seeded source of every random choice.
        faults: what goes wrong.
        models, configs, endpoints, tags: the simulated SageMaker.
        metrics: the simulated CloudWatch.
        request_log: the latest requests.
    """

    def __init__(self, clock: Clock, settings: SandboxSettings | None = None, fleets: Fleets | None = None) -> None:
        self.clock = clock
        self.settings = settings or SandboxSettings()
        self.fleets = fleets or NullFleets()
        self.rng = Random(self.settings.seed)  # noqa: S311 - seeded chance for a rehearsal, not a secret
        self.faults = Faults(clock, self.settings.seed)
        self.request_log = RequestLog()
        self.tags = Tags()
        self._watchers: list[Callable[[], None]] = []
        account = Account(clock, Arns(self.settings.account_id, self.settings.region), self.tags)
        self.models = Models(account)
        self.configs = Configs(account, self.models)
        around = Surroundings(self.models, self.configs, self.fleets, self.faults, self.settings.delays)
        self.endpoints = Endpoints(account, around, self._changed)
        self.metrics = MetricStore(clock)
        self._operations = self._sagemaker_operations()
        self.faults.watch(self._apply_metric_fault)
        for fault in self.settings.faults:
            self.faults.plant(fault)
        self._set_metric_delay()

    def tick(self) -> None:
        """Advance everything to the present moment. Called on every request, and by the server when there is none."""
        self._set_metric_delay()
        self.endpoints.tick()
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
    def request(self, operation: str, parameters: Mapping[str, Any]) -> Generator[Outcome]:
        """Surround any request of any service: advance, perhaps throttle, log the outcome.

        Raises:
            Refusal: ``ThrottlingException`` when a fault says so; what the body raises passes through.
        """
        outcome = Outcome()
        try:
            self._let_in(operation)
            yield outcome
        except Exception as error:
            outcome.code = str(getattr(error, "code", type(error).__name__))
            raise
        finally:
            self._log(operation, parameters, outcome.code)

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
            "faults": self.faults.export(),
            "configured_faults": self._configured_faults(),
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Replace the control plane's state by an exported one; fleets are started again."""
        self.models.shelf.restore(state["models"])
        self.configs.shelf.restore(state["configs"])
        self.tags.restore(state["tags"])
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

    def _configured_faults(self) -> object:
        return self.settings.model_dump(mode="json")["faults"]

    def _let_in(self, operation: str) -> None:
        self.tick()
        if self.faults.throttled(operation):
            raise Refusal("ThrottlingException", "Rate exceeded")

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
        """Make an outside change once the endpoint is at rest; a change that AWS would refuse is dropped."""
        if self.endpoints.status(change.endpoint) not in _CHANGEABLE:
            return
        self.faults.settle_outside_change(change)
        operation, parameters = _as_request(change)
        try:
            self.sagemaker(operation, parameters)
            outcome = "ok"
        except Refusal as refusal:
            outcome = refusal.code
        self._log(operation, parameters, outcome, actor="outside")

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

    def _log(self, operation: str, parameters: Mapping[str, Any], outcome: str, actor: str = "caller") -> None:
        now = self.clock.now()
        self.request_log.add(LoggedRequest(now, operation, summarise(parameters), outcome, actor))


def _as_request(change: OutsideChange) -> tuple[str, dict[str, Any]]:
    if change.config is not None:
        return "UpdateEndpoint", {"EndpointName": change.endpoint, "EndpointConfigName": change.config}
    wanted = [{"VariantName": name, "DesiredWeight": weight} for name, weight in (change.weights or {}).items()]
    return "UpdateEndpointWeightsAndCapacities", {
        "EndpointName": change.endpoint,
        "DesiredWeightsAndCapacities": wanted,
    }
