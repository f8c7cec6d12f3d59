"""The receiver of registry events: how many it verifies and keeps a second, and that hostile requests leave nothing behind in memory.

What is kept goes to the simulated S3 in this process, so the figure for keeping is as much that of the simulation.
"""

import asyncio
import base64
import gc
import hashlib
import hmac
import json
import logging
import os
import time
import tracemalloc
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from policies.bindings.event import Handled
from rollway.aws.objects import ObjectStore
from rollway.aws.session import connect
from rollway.sandbox.clock import VirtualClock
from rollway.sandbox.cloud import Cloud
from rollway.sandbox.moto_adapter import in_process
from rollway.secrets import Secrets
from rollway.webhooks.doors import SENDERS
from rollway.webhooks.limits import Limits
from rollway.webhooks.receiver import Outside, Receiver, Senders
from rollway.webhooks.senders.delivery import Delivery

_NOW: Final = datetime(2026, 6, 1, 12, tzinfo=UTC)
_SECRET: Final = "benchmark-secret-0123456789"  # noqa: S105 - of this measurement only
_VERIFIED: Final = 20_000
_KEPT: Final = 300
_HOSTILE: Final = 10_000
_WARM: Final = 15_000
"""Requests before those that are measured: until 4,096 sources are remembered, which is the most, memory grows."""
_KIB: Final = 1024

Headers = Sequence[tuple[bytes, bytes]]


def signed(number: int, body: bytes | None = None) -> tuple[bytes, Headers]:
    """Return the body and the headers that MLflow would send for the alias that is set for the n-th time."""
    data = {"name": "fraud", "alias": "champion", "version": str(number)}
    alias = {"entity": "model_version_alias", "action": "created", "timestamp": _NOW.isoformat(), "data": data}
    raw = json.dumps(alias).encode() if body is None else body
    identity, stamp = f"d-{number}".encode(), str(int(_NOW.timestamp())).encode()
    mac = hmac.digest(_SECRET.encode(), b".".join((identity, stamp, raw)), hashlib.sha256)
    return raw, (
        (b"content-type", b"application/json"),
        (b"x-mlflow-delivery-id", identity),
        (b"x-mlflow-timestamp", stamp),
        (b"x-mlflow-signature", b"v1," + base64.b64encode(mac)),
    )


def hostile(number: int) -> tuple[str, Headers, list[bytes], str]:
    """Return the n-th hostile request: path, headers, the parts of its body, and the address it comes from, each another one."""
    address = f"2001:db8:{number % 65_536:x}::1"
    genuine, headers = signed(number)
    deep, deep_headers = signed(number, b"[" * 30_000)
    wide, wide_headers = signed(number, b'{"entity": "' + b"x" * 60_000 + b'", "action": "a"}')
    return (
        ("/mlflow", headers, [b"x" * 8_192] * 12, address),  # too long, without saying so
        ("/mlflow", headers, [genuine + b" "], address),  # forged
        ("/mlflow", deep_headers, [deep], address),
        ("/mlflow", wide_headers, [wide], address),
        ("/mlflow", [*headers, (b"x-mlflow-signature", b"v1,")], [genuine], address),
        (f"/{number}", [(b"x-" + str(number).encode(), b"y" * 4_096)], [], address),
        ("/wandb", [(b"content-type", b"application/json"), (b"authorization", b"Bearer x")], [genuine], address),
        ("/mlflow", headers, [genuine], "198.51.100.1"),  # a flood from one source
    )[number % 8]


async def ask(receiver: Receiver, path: str, headers: Headers, parts: list[bytes], address: str) -> int:
    """Send one request straight to the application and return the status of its answer."""
    waiting = list(parts)
    answered: list[int] = []

    async def receive() -> dict[str, Any]:
        part = waiting.pop(0) if waiting else b""
        return {"type": "http.request", "body": part, "more_body": bool(waiting)}

    async def send(message: Any) -> None:  # noqa: ANN401 - ASGI's own
        if message["type"] == "http.response.start":
            answered.append(message["status"])

    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": list(headers),
        "client": (address, 4711),
        "server": ("receiver", 80),
    }
    await receiver.app(scope, receive, send)
    return answered[0]


def assault(receiver: Receiver, requests: range) -> list[int]:
    """Send hostile requests and return the statuses."""

    async def go() -> list[int]:
        return [await ask(receiver, *hostile(number)) for number in requests]

    return asyncio.run(go())


def growth_kib(assaulted: Callable[[range], object], warm: int, requests: int) -> float:
    """Return by how much the memory that Python holds has grown over hostile requests, after some to warm up.

    Args:
        assaulted: sends hostile requests.
        warm: how many to begin with: caches fill.
        requests: how many to measure.
    """
    tracemalloc.start()
    try:
        assaulted(range(warm))
        gc.collect()
        before = tracemalloc.get_traced_memory()[0]
        assaulted(range(warm, warm + requests))
        gc.collect()
        return (tracemalloc.get_traced_memory()[0] - before) / _KIB
    finally:
        tracemalloc.stop()


def bench_receiver() -> dict[str, float]:
    """Return events verified and events kept a second, and KiB that 10,000 hostile requests have left behind."""
    os.environ |= {"AWS_ACCESS_KEY_ID": "simulated", "AWS_SECRET_ACCESS_KEY": "simulated"}
    os.environ["ROLLWAY_MLFLOW_SECRET"] = os.environ["ROLLWAY_WANDB_SECRET"] = _SECRET
    logging.getLogger("rollway.webhooks").setLevel(logging.CRITICAL)
    clock = VirtualClock(_NOW)
    with in_process(Cloud(clock)):
        aws = connect("us-east-1")
        aws.s3.create_bucket(Bucket="bench")
        store = ObjectStore(aws, "bench", now=clock.now)
        limits = Limits(
            burst=_KEPT, requests_per_s=0.001
        )  # what is let in would be kept by the simulated S3, in this memory
        senders = Senders(Secrets(SENDERS, lambda _: ()))
        receiver = Receiver(senders, Outside(aws, store, lambda _: Handled(why="bench"), limits))
        return {
            "verified_per_s": _VERIFIED / _verify(receiver),
            "kept_per_s": _KEPT / _keep(receiver),
            "hostile_growth_kib": growth_kib(lambda those: assault(receiver, those), _WARM, _HOSTILE),
        }


def _verify(receiver: Receiver) -> float:
    """Return the seconds that reading so many deliveries takes."""
    door = next(door for door in receiver.doors if door.sender == "mlflow")
    sent = [signed(number) for number in range(_VERIFIED)]
    deliveries = [
        Delivery({name.decode(): value.decode() for name, value in headers}, body, _NOW) for body, headers in sent
    ]
    began = time.perf_counter()
    for delivery in deliveries:
        door.read(delivery)
    return time.perf_counter() - began


def _keep(receiver: Receiver) -> float:
    """Return the seconds that so many requests take from the application's door to its answer, sixteen at a time."""

    async def go() -> None:
        at_a_time = asyncio.Semaphore(16)

        async def one(number: int) -> None:
            body, headers = signed(number)
            async with at_a_time:
                await ask(receiver, "/mlflow", headers, [body], "198.51.100.7")

        await asyncio.gather(*(one(number) for number in range(_KEPT)))

    began = time.perf_counter()
    asyncio.run(go())
    return time.perf_counter() - began


if __name__ == "__main__":
    print(json.dumps(bench_receiver()))  # noqa: T201 - the result of a command
