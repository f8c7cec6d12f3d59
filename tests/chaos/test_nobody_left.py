"""All of our processes are killed and none is ever started again: the simulated AWS alone brings the traffic back."""

import multiprocessing
import time
from datetime import timedelta

from policies.values import parse_duration
from tests.chaos.actors import Death, Site, begin
from tests.chaos.conftest import ABANDONED, Ground


def candidate_share(site: Site) -> float:
    """Percent of traffic on the candidate, read back."""
    variants = site.connect().sagemaker.describe_endpoint(EndpointName=site.endpoint)["ProductionVariants"]
    weights = {variant["VariantName"]: variant.get("CurrentWeight", 0.0) for variant in variants}
    return 100 * weights.get("candidate", 0.0) / sum(weights.values())


def await_share(site: Site, at_least: float, within_s: float) -> bool:
    """Wait until the candidate has at least that share; for 0, until it has none."""
    until = time.monotonic() + within_s
    while time.monotonic() < until:
        share = candidate_share(site)
        if share >= at_least > 0 or share == at_least == 0:
            return True
        time.sleep(0.2)
    return False


def test_aws_alone_brings_the_traffic_back(ground: Ground):
    """Killed at 90 % and left for good, the endpoint has all its traffic on the baseline within the lease and a minute."""
    site = ground.site(ABANDONED, stages=[{"share": 90, "bake": "5m"}])
    process = multiprocessing.get_context("forkserver").Process(target=begin, args=(site, Death()))
    process.start()
    assert await_share(site, 90, within_s=60)
    process.kill()
    process.join()

    limit = parse_duration(site.policy["lease"]) + timedelta(minutes=1)
    assert await_share(site, 0, within_s=limit.total_seconds())
