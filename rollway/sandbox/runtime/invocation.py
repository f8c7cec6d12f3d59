"""One code path for every invocation: route, ask the model servers, settle the reply into metrics and AWS's answer.

The HTTP front awaits the model servers between :meth:`Runtime.route` and :meth:`Runtime.settle`; in process,
:meth:`Runtime.invoke` does all three, and :meth:`Runtime.simulate` does them in bulk on a virtual clock. Nothing here
sleeps.
"""

from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from random import Random

from rollway.sandbox.captures import Ticket
from rollway.sandbox.cloud import Cloud
from rollway.sandbox.errors import Refusal
from rollway.sandbox.fleets import Fleets
from rollway.sandbox.runtime import answers, routing
from rollway.sandbox.runtime.accounting import Accounting, Batch
from rollway.sandbox.runtime.messages import Answer, Invocation, ModelServers, Reply
from rollway.sandbox.runtime.replies import no_server, timed_out
from rollway.sandbox.sagemaker.serving import Serving, ServingVariant

MAX_BODY_BYTES = 6_291_456
"""The largest request body that InvokeEndpoint takes."""

SIMULATED_OVERHEAD_S = 0.001
"""OverheadLatency of an invocation in process, where no network adds any."""


@dataclass(frozen=True, slots=True)
class Assignment:
    """One variant's part in a request, with what the planted faults do to it.

    Attributes:
        endpoint: the endpoint's name.
        variant: the variant that is asked.
        delay_s: seconds by which a planted fault makes the reply late.
        forced_status: the HTTP status with which a planted fault replaces the reply, or None.
        ticket: asks for the request to be captured with its reply; None where it is not.
    """

    endpoint: str
    variant: ServingVariant
    delay_s: float
    forced_status: int | None
    ticket: Ticket | None = None


@dataclass(frozen=True, slots=True)
class Route:
    """Where a request goes: to the variant whose reply the caller gets, and in copy to shadows."""

    answering: Assignment
    shadows: tuple[Assignment, ...]


class Runtime:
    """The simulated SageMaker runtime of one account.

    Args:
        cloud: the account.
        fleets: its fleets; those that serve nothing are as good as down.
    """

    def __init__(self, cloud: Cloud, fleets: Fleets) -> None:
        self._cloud = cloud
        self._servers = fleets if isinstance(fleets, ModelServers) else None
        self._accounting = Accounting(cloud.metrics)
        self._rng = Random(f"{cloud.settings.seed}/routing")  # noqa: S311 - seeded chance, not a secret
        self.timeout_s = cloud.settings.invocation_timeout.total_seconds()

    def route(self, invocation: Invocation) -> Route:
        """Decide who is asked.

        Raises:
            Refusal: as AWS words it, when the request cannot go to any model server.
        """
        if len(invocation.body) > MAX_BODY_BYTES:
            raise body_too_large()
        return self._route(self._cloud.endpoints.serving(invocation.endpoint), invocation)

    def settle(self, assignment: Assignment, reply: Reply, overhead_s: float = SIMULATED_OVERHEAD_S) -> Answer:
        """Apply planted faults and the time limit to a reply, record its metrics, and return AWS's answer to it."""
        endpoint, variant = assignment.endpoint, assignment.variant
        reply = self._outcome(assignment, reply)
        now = self._cloud.clock.now()
        self._accounting.record_status(endpoint, variant, reply.status, now)
        self._accounting.record_latency(endpoint, variant, reply.latency_s, now)
        self._accounting.record_overhead(endpoint, variant, overhead_s, now)
        self._capture(assignment, reply)
        if reply.succeeded:
            return answers.pass_through(reply, variant.name)
        return answers.model_error(reply, endpoint, variant.name, self._cloud.settings)

    def invoke(self, invocation: Invocation) -> Answer:
        """Serve one request in process, waiting for the model servers; shadows are asked last."""
        try:
            route = self.route(invocation)
            answer = self.settle(route.answering, self._call(route.answering, invocation))
        except Refusal as refusal:
            return answers.refuse(refusal)
        for shadow in route.shadows:
            with suppress(Refusal):  # a shadow without a server costs the caller nothing
                self.settle(shadow, self._call(shadow, invocation))
        return answer

    def simulate(self, endpoint: str, bodies: Iterable[bytes]) -> Counter[tuple[str, int]]:
        """Serve one request per body, all at the clock's present moment, and count them by variant and status.

        The fast path for tests on a virtual clock: same routing, faults and metrics as :meth:`invoke`, recorded in
        bulk.

        Raises:
            Refusal: when the endpoint does not serve.
        """
        serving = self._cloud.endpoints.serving(endpoint)
        now = self._cloud.clock.now()
        # By fleet: while a deployment bakes, two variants have one name.
        batches = {each.fleet_id: Batch(each) for each in (*serving.variants, *serving.shadow)}
        for body in bodies:
            invocation = Invocation(endpoint, body)
            route = self._route(serving, invocation)
            for assignment in (route.answering, *route.shadows):
                reply = self._outcome(assignment, self._call(assignment, invocation))
                self._capture(assignment, reply)
                batch = batches[assignment.variant.fleet_id]
                batch.latencies_s.append(reply.latency_s)
                batch.statuses[reply.status] += 1
        tally: Counter[tuple[str, int]] = Counter()
        for batch in batches.values():
            if batch.latencies_s:
                self._accounting.record_batch(endpoint, batch, SIMULATED_OVERHEAD_S, now)
            tally.update({(batch.variant.name, status): count for status, count in batch.statuses.items()})
        return tally

    def _route(self, serving: Serving, invocation: Invocation) -> Route:
        variant = routing.choose_variant(serving, invocation.target_variant, self._rng)
        shadows = routing.choose_shadows(serving, self._rng)
        asked = (variant, *shadows)
        tickets = self._cloud.captures.draw(serving, [each.name for each in asked], invocation)
        assigned = [self._assign(serving.endpoint, each, ticket) for each, ticket in zip(asked, tickets, strict=True)]
        return Route(assigned[0], tuple(assigned[1:]))

    def _assign(self, endpoint: str, variant: ServingVariant, ticket: Ticket | None) -> Assignment:
        faults = self._cloud.faults
        if not faults.any_planted:  # asked for every request
            return Assignment(endpoint, variant, 0.0, None, ticket)
        delay_s = faults.slowed(variant.name).total_seconds()
        return Assignment(endpoint, variant, delay_s, faults.model_error(variant.name), ticket)

    def _capture(self, assignment: Assignment, reply: Reply) -> None:
        if assignment.ticket:
            self._cloud.captures.take(assignment.ticket, reply)

    def _call(self, assignment: Assignment, invocation: Invocation) -> Reply:
        if self._servers is None:
            raise no_server()
        return self._servers.call(assignment.variant.fleet_id, invocation, self.timeout_s)

    def _outcome(self, assignment: Assignment, reply: Reply) -> Reply:
        latency_s = reply.latency_s + assignment.delay_s
        if latency_s >= self.timeout_s:
            return timed_out(self.timeout_s)
        if assignment.forced_status is not None:
            return Reply(assignment.forced_status, b"planted fault: model_error", latency_s)
        return replace(reply, latency_s=latency_s) if assignment.delay_s else reply


def body_too_large() -> Refusal:
    """Return AWS's refusal of a request body above the limit."""
    return Refusal("413", f"HTTP content length exceeded {MAX_BODY_BYTES} bytes.", 413)
