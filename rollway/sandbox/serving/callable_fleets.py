"""Fleets of Python callables with SIMULATED latency: for tests in one process, where nothing may sleep."""

from collections.abc import Callable, Mapping

from rollway.sandbox.fleets import FleetHealth, FleetSpec
from rollway.sandbox.runtime.messages import Invocation, Reply
from rollway.sandbox.runtime.replies import no_server

Model = Callable[[bytes], tuple[int, bytes, float]]
"""Takes a request's body; returns the HTTP status, the reply's body and the simulated latency in seconds."""


class CallableFleets:
    """Serves each fleet by the callable named like its SageMaker model or, failing that, like its variant.

    A fleet with neither fails, as one whose image cannot be pulled. ``models`` may be changed while in use: entries
    are looked up per request, so a test can make a model worse in the middle of a rollout.
    """

    def __init__(self, models: Mapping[str, Model]) -> None:
        self._models = models
        self._specs: dict[str, FleetSpec] = {}

    def ensure(self, spec: FleetSpec) -> None:
        """Take note of the fleet: it is ready at once."""
        self._specs[spec.fleet_id] = spec

    def health(self, fleet_id: str) -> FleetHealth:
        """Say whether there is a callable for the fleet."""
        spec = self._specs.get(fleet_id)
        if spec is None:
            return FleetHealth(ready=False)
        if self._model(spec) is None:
            known = ", ".join(sorted(self._models))
            failure = f"no callable for model {spec.model_name!r} or variant {spec.variant!r}; there are: {known}"
            return FleetHealth(ready=False, failure=failure)
        return FleetHealth(ready=True)

    def retire(self, fleet_id: str) -> None:
        """Forget the fleet."""
        self._specs.pop(fleet_id, None)

    def call(self, fleet_id: str, invocation: Invocation, timeout_s: float) -> Reply:
        """Call the fleet's callable; its latency is reported, not spent.

        Raises:
            Refusal: ``ServiceUnavailable`` when the fleet is unknown or has no callable.
        """
        del timeout_s  # the runtime applies the limit to the simulated latency
        spec = self._specs.get(fleet_id)
        model = None if spec is None else self._model(spec)
        if model is None:
            raise no_server()
        return Reply(*model(invocation.body))

    def _model(self, spec: FleetSpec) -> Model | None:
        return self._models.get(spec.model_name) or self._models.get(spec.variant)
