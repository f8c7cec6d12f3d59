"""Every strategy through its flow, promoted and taken back: real model servers on the simulated AWS, a real Prefect server.

Ten minutes, so only with ``ROLLWAY_CHAOS=full``; the suites below have the same endings in seconds, on simulated models.
"""

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Generator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, get_args
from unittest.mock import patch

import pytest
import yaml

from policies.spec import Policy
from rollway.aws.sagemaker import describe_endpoint
from rollway.aws.session import Aws, connect
from rollway.aws.waiting import wait_until
from rollway.cli.demo.scene import Scene, set_scene
from rollway.sandbox.digits.training import held_out_rows

FULL = os.environ.get("ROLLWAY_CHAOS") == "full"
ROLLWAY = Path(sys.executable).parent / "rollway"
COMMON: dict[str, Any] = yaml.safe_load("""
gates:
  errors: {metric: model_errors, no_worse_than: {ratio: 1.5, or_absolute: 3%}}
  sample: {requests_at_least: 50}
guardrails:
  failing: {metric: Invocation5XXErrors, at_most: 0.05, breaches: 2, of: 4}
metrics: {period: 1s, settle: 2s, reread: 10s, look_every: 1s}
timeouts: {update: 2m, rollback: 3m, settle: 10s}
extend_at_most: 1m
deadline: 10m
""")
SPLIT = {"split": {"share_within": "40%"}}
POLICIES: dict[str, dict[str, Any]] = {
    "canary": {"stages": [{"share": 20, "bake": "6s"}, {"share": 90, "bake": "6s"}]},
    "linear": {"step": {"share": 50, "bake": "6s"}},
    "blue_green": {"stages": [{"share": 90, "bake": "8s"}], "probes": {"content_type": "text/csv"}},
    "control_twin": {"stages": [{"share": 30, "bake": "8s"}]},
    "shadow": {"stages": [{"shadow": True, "share": 100, "bake": "8s"}, {"share": 50, "bake": "6s", "gates": []}]},
    "guardrail": {
        "stages": [{"share": 50, "bake": "8s"}, {"share": 100, "bake": "6s", "gates": []}],
        "deployment_guardrails": {"brake": "4s"},
    },
    "ab_test": {"stages": [{"share": 40, "bake": "8s"}]},
}
PURCHASES = {"metric": "Purchase", "namespace": "Shop", "better_by": "0%", "values_at_least": 50}
RATES = {"digits-baseline": 0.2, "digits-better": 0.6, "digits-failing": 0.2}
ENDINGS = {"digits-better": ("PROMOTED", 0), "digits-failing": ("ROLLED_BACK", 3)}


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Generator[Scene]:
    """The demo's world, with a shop that counts what its visitors buy."""
    with patch.dict(os.environ), set_scene(tmp_path_factory.mktemp("scene"), with_prefect=True) as scene:
        over = threading.Event()
        shop = threading.Thread(target=keep_shop, args=(scene.aws, over))
        shop.start()
        yield scene
        over.set()
        shop.join()


def keep_shop(aws: Aws, over: threading.Event) -> None:
    """Tell CloudWatch every second what the visitors have bought: as many to each variant as its share, each buying at its model's rate."""
    while not over.wait(1):
        models, shares = models_of(aws), describe_endpoint(aws, "digits").shares
        for variant in models.keys() & {name for name, share in shares.items() if share}:
            visitors = round(2 * shares[variant])
            sold = round(visitors * (RATES[models[variant]] + 0.01 * (time.time() % 3)))
            dimensions = {"EndpointName": "digits", "VariantName": variant}
            datum = {
                "MetricName": "Purchase",
                "Dimensions": [{"Name": name, "Value": value} for name, value in dimensions.items()],
                "Timestamp": datetime.now(UTC),
                "Values": [1.0, 0.0],
                "Counts": [sold, visitors - sold],
                "StorageResolution": 1,
            }
            aws.cloudwatch.put_metric_data(Namespace="Shop", MetricData=[datum])


def models_of(aws: Aws) -> dict[str, str]:
    """The model of each variant that serves."""
    live = aws.sagemaker.describe_endpoint(EndpointName="digits")["EndpointConfigName"]
    variants = aws.sagemaker.describe_endpoint_config(EndpointConfigName=live)["ProductionVariants"]
    return {each["VariantName"]: each.get("ModelName", "") for each in variants}


@pytest.fixture
def baseline(scene: Scene) -> Generator[None]:
    """Bring the endpoint back to its first configuration afterwards."""
    yield
    if describe_endpoint(scene.aws, "digits").config != "digits-first":
        scene.aws.sagemaker.update_endpoint(EndpointName="digits", EndpointConfigName="digits-first")
    wait_until(
        lambda: describe_endpoint(scene.aws, "digits").settled or None,
        "the endpoint",
        deadline=timedelta(minutes=1),
        every=timedelta(seconds=0.3),
    )


@pytest.mark.skipif(not FULL, reason="ten minutes: only with ROLLWAY_CHAOS=full")
@pytest.mark.timeout(600)
@pytest.mark.usefixtures("baseline")
@pytest.mark.parametrize("model", ENDINGS)
@pytest.mark.parametrize("strategy", POLICIES)
def test_every_strategy_ends_as_its_candidate_deserves(scene: Scene, tmp_path: Path, strategy: str, model: str):
    """Through its flow, the better model is promoted and the failing one taken back, and the endpoint is as the outcome says."""
    outcome, code = ENDINGS[model]
    gates = COMMON["gates"] | ({} if strategy == "guardrail" else SPLIT)
    gates |= {"purchases": PURCHASES} if strategy == "ab_test" else {}
    fields = COMMON | {"strategy": strategy, "gates": gates} | POLICIES[strategy]
    if "probes" in fields:
        fields |= {"probes": fields["probes"] | {"body": held_out_rows()[0].body.decode()}}
    policy = tmp_path / f"{strategy}.yaml"
    policy.write_text(yaml.safe_dump(fields), "utf-8")
    command = [str(ROLLWAY), "run", "digits", "--model", model, "--policy", str(policy), "--output", "json"]

    done = subprocess.run(
        command, env=os.environ | dict(scene.environment), capture_output=True, text=True, check=False
    )

    assert done.returncode == code, done.stderr
    assert json.loads(done.stdout)["outcome"] == outcome
    serving = model if outcome == "PROMOTED" else "digits-baseline"
    assert models_of(connect()) == {"AllTraffic": serving}


def test_no_strategy_is_left_out():
    """A new strategy has to be shown here as well."""
    assert set(POLICIES) == set(get_args(Policy.model_fields["strategy"].annotation))
