"""Users, simulated: replays rows through a data plane at a steady rate and counts who answered what.

``python -m rollway.sandbox.traffic --address URL --endpoint NAME --rows FILE --rate 200 --summary FILE`` runs until
it gets SIGINT or SIGTERM; :class:`TrafficGenerator` is the same inside a process. The load is open-loop: requests are
sent when they are due, however slow the answers are, and a latency counts from the moment the request was due, so
waiting for a slow model is not hidden.
"""

import argparse
import asyncio
import json
import signal
import threading
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from itertools import cycle
from pathlib import Path
from types import FrameType
from typing import Any
from urllib.parse import urlsplit

from rollway.sandbox.runtime.http1 import Response, format_request
from rollway.sandbox.runtime.upstream import Upstream

NO_VARIANT = "(none)"
"""Under which requests are counted that no variant answered."""

_CONNECTIONS = 16
_MAX_OUTSTANDING = 1_000
_SUMMARY_EVERY_S = 1.0
_VARIANT_HEADER = "x-amzn-invoked-production-variant"


@dataclass
class VariantTraffic:
    """What one variant's users got.

    Attributes:
        requests: requests that the variant answered.
        failures: those of them whose answer was an error.
        latencies_ms: how many requests took how long, to a tenth of a millisecond.
    """

    requests: int = 0
    failures: int = 0
    latencies_ms: Counter[float] = field(default_factory=Counter[float])

    def quantile_ms(self, quantile: float) -> float | None:
        """Return the latency in milliseconds that this share of the requests stayed within, or None without requests."""
        rank = quantile * self.latencies_ms.total()
        for latency_ms, count in sorted(self.latencies_ms.items()):
            rank -= count
            if rank <= 0:
                return latency_ms
        return None

    def describe(self) -> dict[str, Any]:
        """Return the counts and two quantiles, JSON-able."""
        return {
            "requests": self.requests,
            "failures": self.failures,
            "p50_ms": self.quantile_ms(0.50),
            "p99_ms": self.quantile_ms(0.99),
        }


class TrafficGenerator:
    """Sends rows to an endpoint at a steady rate from a thread of its own.

    Args:
        address: the data plane's URL.
        endpoint: the endpoint's name.
        rows: the bodies, sent in turn, again and again.
        rate_per_s: requests per second.
        content_type: the bodies' media type.
    """

    def __init__(
        self, address: str, endpoint: str, rows: Sequence[bytes], rate_per_s: float, *, content_type: str = "text/csv"
    ) -> None:
        if not rows or rate_per_s <= 0:
            raise ValueError(f"traffic needs rows and a rate above 0, not {len(rows)} rows at {rate_per_s} per second")
        parts = urlsplit(address)
        self._host, self._port = parts.hostname or "127.0.0.1", parts.port or 80
        path = f"/endpoints/{endpoint}/invocations"
        self._requests = cycle([format_request(path, {"Content-Type": content_type}, row) for row in rows])
        self._interval_s = 1 / rate_per_s
        self._totals: dict[str, VariantTraffic] = {}
        self._lock = threading.Lock()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name=f"traffic to {endpoint}", daemon=True)
        self._stopping = asyncio.Event()

    def start(self) -> None:
        """Begin to send. Returns at once."""
        self._thread.start()

    def stop(self) -> Mapping[str, VariantTraffic]:
        """Stop sending, wait for the answers under way, and return the totals by answering variant."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stopping.set)
            self._thread.join()
        return self._totals

    def summary(self) -> dict[str, Any]:
        """Return the totals so far by answering variant, JSON-able."""
        with self._lock:
            return {variant: traffic.describe() for variant, traffic in self._totals.items()}

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._send_all())

    async def _send_all(self) -> None:
        upstream = Upstream(self._port, max_connections=_CONNECTIONS, host=self._host)
        async with asyncio.TaskGroup() as outstanding:
            due = time.perf_counter()
            pending: set[asyncio.Task[None]] = set()
            while not self._stopping.is_set():
                if len(pending) < _MAX_OUTSTANDING:
                    task = outstanding.create_task(self._send(upstream, next(self._requests), due))
                    pending.add(task)
                    task.add_done_callback(pending.discard)
                else:
                    self._count(NO_VARIANT, None, due)
                due += self._interval_s
                await self._sleep_until(due)
        upstream.close()

    async def _sleep_until(self, moment: float) -> None:
        await asyncio.sleep(0)  # answers must come in even when the next request is overdue
        pause = moment - time.perf_counter()
        if pause > 0:
            with suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._stopping.wait()

    async def _send(self, upstream: Upstream, request: bytes, due: float) -> None:
        try:
            response = await upstream.exchange(request)
        except OSError:
            self._count(NO_VARIANT, None, due)
        else:
            self._count(response.headers.get(_VARIANT_HEADER, NO_VARIANT), response, due)

    def _count(self, variant: str, response: Response | None, due: float) -> None:
        latency_ms = round((time.perf_counter() - due) * 1_000, 1)
        with self._lock:
            traffic = self._totals.setdefault(variant, VariantTraffic())
            traffic.requests += 1
            traffic.failures += response is None or response.status != HTTPStatus.OK
            traffic.latencies_ms[latency_ms] += 1


def write_summary(summary: Mapping[str, Any], path: Path) -> None:
    """Replace the summary file as a whole, so a reader never sees half of one."""
    fresh = path.with_name(f"{path.name}.new")
    fresh.write_text(json.dumps(summary), encoding="utf-8")
    fresh.replace(path)


def main(arguments: Sequence[str] | None = None) -> int:
    """Send traffic until told to stop, with a summary file every second. Prints the totals as JSON."""
    parser = argparse.ArgumentParser(prog="python -m rollway.sandbox.traffic", description="Simulated users.")
    parser.add_argument("--address", required=True, help="the data plane's URL")
    parser.add_argument("--endpoint", required=True)
    parser.add_argument("--rows", required=True, type=Path, help="one request body per line")
    parser.add_argument("--rate", required=True, type=float, help="requests per second")
    parser.add_argument("--content-type", default="text/csv")
    parser.add_argument("--summary", required=True, type=Path, help="a JSON file, replaced every second")
    options = parser.parse_args(arguments)
    rows = options.rows.read_bytes().splitlines()
    generator = TrafficGenerator(
        options.address, options.endpoint, rows, options.rate, content_type=options.content_type
    )
    stopping = threading.Event()

    def stop(number: int, frame: FrameType | None) -> None:
        del number, frame
        stopping.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    generator.start()
    while not stopping.wait(_SUMMARY_EVERY_S):
        write_summary(generator.summary(), options.summary)
    generator.stop()
    write_summary(generator.summary(), options.summary)
    print(json.dumps(generator.summary()))  # noqa: T201 - the result of a command
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
