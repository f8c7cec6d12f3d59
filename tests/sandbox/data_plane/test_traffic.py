"""The simulated users."""

import json
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest

from rollway.sandbox.serving.server import listen, serve
from rollway.sandbox.traffic import NO_VARIANT, TrafficGenerator, VariantTraffic

ENDPOINT = "digits-prod"
Front = Callable[..., AbstractContextManager[tuple[Any, str]]]
Await = Callable[[Callable[[], bool]], None]


@pytest.fixture
def odd_fails() -> Generator[int]:
    """The port of a model server that fails on odd numbers."""

    def predict(body: bytes, content_type: str) -> bytes:
        if int(body) % 2:
            raise ValueError(content_type)
        return body

    listener = listen(0)
    threading.Thread(target=serve, args=(predict, listener), daemon=True).start()
    yield listener.getsockname()[1]
    listener.close()


def test_totals_name_the_variant_and_its_failures(front: Front, odd_fails: int, wait_until: Await) -> None:
    """Rows are replayed in turn; what users got is counted by answering variant, errors included, and agrees with AWS."""
    with front(odd_fails) as (stage, url):
        traffic = TrafficGenerator(url, ENDPOINT, [b"0", b"1", b"2", b"4"], 400)
        traffic.start()
        wait_until(lambda: traffic.summary().get("only", {}).get("requests", 0) >= 100)
        totals = traffic.stop()
        assert set(totals) == {"only"}
        only = totals["only"]
        assert only.latencies_ms.total() == only.requests
        assert only.requests // 4 <= only.failures <= only.requests // 4 + 1
        assert stage.sums("Invocations", "only") == only.requests
        assert stage.sums("Invocation5XXErrors", "only") == only.failures


def test_nobody_answers(wait_until: Await) -> None:
    """Requests that reach no variant are counted as failures under a name of their own."""
    with listen(0) as closed:
        port = closed.getsockname()[1]
    traffic = TrafficGenerator(f"http://127.0.0.1:{port}", ENDPOINT, [b"x"], 200)
    traffic.start()
    wait_until(lambda: traffic.summary().get(NO_VARIANT, {}).get("failures", 0) >= 3)
    totals = traffic.stop()
    assert totals[NO_VARIANT].requests == totals[NO_VARIANT].failures


def test_command_keeps_a_summary_file(front: Front, odd_fails: int, tmp_path: Path, wait_until: Await) -> None:
    """As a process it rewrites its summary while it runs, and prints the same totals when it is told to stop."""
    rows, summary = tmp_path / "rows.csv", tmp_path / "summary.json"
    rows.write_bytes(b"0\n2\n")
    with front(odd_fails) as (_, url):
        options = {"--address": url, "--endpoint": ENDPOINT, "--rows": rows, "--rate": 100, "--summary": summary}
        command = [sys.executable, "-m", "rollway.sandbox.traffic", *(str(part) for o in options.items() for part in o)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            wait_until(summary.exists)
            process.send_signal(signal.SIGTERM)
            printed, _ = process.communicate()
    assert process.returncode == 0
    assert json.loads(printed) == json.loads(summary.read_text(encoding="utf-8"))
    assert json.loads(printed)["only"]["requests"] > 0


def test_quantiles_are_nearest_rank() -> None:
    """A quantile is the least latency that covers its share of the requests (oracle: counted by hand)."""
    traffic = VariantTraffic()
    assert traffic.quantile_ms(0.5) is None
    traffic.latencies_ms.update({1.0: 90, 2.0: 9, 10.0: 1})
    assert [traffic.quantile_ms(q) for q in (0.5, 0.9, 0.99, 1.0)] == [1.0, 1.0, 2.0, 10.0]


@pytest.mark.parametrize(("rows", "rate"), [([], 10), ([b"x"], 0)])
def test_nothing_to_send_is_refused(rows: list[bytes], rate: float) -> None:
    """Traffic without rows or rate is a mistake that is named at once."""
    with pytest.raises(ValueError, match="needs rows and a rate above 0"):
        TrafficGenerator("http://127.0.0.1:1", ENDPOINT, rows, rate)
