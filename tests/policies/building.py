"""Small builders of policies, plans, endpoints and metrics, so that a test says only what it is about."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pandas as pd

from policies.endpoint_config import EndpointConfig, make, put_beside, replace_model
from policies.facts import Endpoint, Facts, LiveVariant, ScalingTarget, Surroundings, Suspension
from policies.gates.evidence import Evidence, Window, gather_evidence
from policies.loading import parse_policy
from policies.observation import Metrics
from policies.plan import Plan, make_plan
from policies.spec import Policy
from policies.strata.names import ANSWER_COLUMNS, STRATA_COLUMNS

START = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
BASELINE = "AllTraffic"
CANDIDATE = "candidate"
LADDER = ({"share": 5, "bake": "5m"}, {"share": 50, "bake": "5m"})
COMPARING = {"errors": {"metric": "errors_5xx", "no_worse_than": {"ratio": 1.2, "or_absolute": "1%"}}}

Arms = tuple[float, float]
"""A number for the candidate and one for the baseline."""


def make_policy(**fields: object) -> Policy:
    """A two-stage canary with the default gates, and whatever fields are given."""
    return parse_policy({"strategy": "canary", "stages": LADDER} | fields)


def make_config(**variant: object) -> EndpointConfig:
    """A configuration of one variant, with members that the core knows nothing of."""
    fields: dict[str, Any] = {
        "VariantName": BASELINE,
        "ModelName": "fraud-v6",
        "InstanceType": "ml.m5.xlarge",
        "InitialInstanceCount": 1,
        "InitialVariantWeight": 1.0,
        "FutureMember": {"deep": [1, 2]},
    }
    document = {"ProductionVariants": [fields | variant], "KmsKeyId": "key-1"}
    return EndpointConfig(name="fraud-config", fields=document, tags={"team": "fraud", "aws:cloudformation:id": "x"})


def make_capturing(**capture: Any) -> EndpointConfig:
    """That configuration, with all requests and their answers captured unless ``capture`` says otherwise."""
    fields: dict[str, Any] = {
        "EnableCapture": True,
        "InitialSamplingPercentage": 100,
        "DestinationS3Uri": "s3://captures/fraud",
        "CaptureOptions": [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}],
    }
    config = make_config()
    return config.model_copy(update={"fields": config.fields | {"DataCaptureConfig": fields | capture}})


def make_beside(live: EndpointConfig, endpoint: str, model: str, instances: Mapping[str, int]) -> EndpointConfig:
    """The live configuration with a candidate of another model beside its variant."""
    wanted = replace_model(live, model)
    return make(put_beside(wanted, live.variants[0], {CANDIDATE: wanted.variants[0]}, instances), endpoint, "r-1")


def make_endpoint(config: str, shares: Mapping[str, float], instances: Mapping[str, int], **more: Any) -> Endpoint:
    """A settled endpoint, unless ``more`` says otherwise."""
    variants = tuple(
        LiveVariant(
            name=name,
            share=share,
            wanted_share=share,
            instances=instances.get(name, 1),
            wanted_instances=instances.get(name, 1),
        )
        for name, share in shares.items()
    )
    fields: dict[str, Any] = {
        "name": "fraud-prod",
        "arn": "arn:aws:sagemaker:eu-central-1:123456789012:endpoint/fraud-prod",
        "status": "InService",
    }
    return Endpoint(config=config, variants=variants, **(fields | more))


def make_facts(instances: int = 4, **changes: Any) -> Facts:
    """An endpoint that can take a rollout, with whatever changes are given."""
    config = changes.get("config", make_config())
    (name,) = [variant["VariantName"] for variant in config.variants][:1]
    fields: dict[str, Any] = {
        "endpoint": make_endpoint(config.name, {name: 100.0}, {name: instances}),
        "config": config,
        "wanted": replace_model(config, "fraud-v7"),
    }
    return Facts(**(fields | changes))


def make_scaling(*suspended: Suspension, maximum: int = 20) -> ScalingTarget:
    """Autoscaling of the baseline from one instance up, with what is suspended of it."""
    return ScalingTarget(variant=BASELINE, minimum=1, maximum=maximum, suspended=suspended)


def make_rollout(
    policy: Policy | None = None, instances: int = 4, *scaling: ScalingTarget, rivals: Sequence[str] = ()
) -> Plan:
    """The plan of a rollout that starts at ``START``, of an endpoint with these registrations for autoscaling."""
    others = tuple(replace_model(make_config(), rival) for rival in rivals)
    surroundings = Surroundings(tags={"team": "fraud"}, scaling=scaling)
    facts = make_facts(instances, surroundings=surroundings, rivals=others)
    return make_plan(policy or make_policy(), facts, "fraud-prod-1", START)


def make_strata(  # noqa: PLR0913 - what a minute consists of, all but two by name
    first: datetime,
    count: int,
    *,
    requests: Arms = (50, 950),
    errors: Arms = (0, 0),
    latency_ms: Arms = (50, 50),
    period: timedelta = MINUTE,
    answers: tuple[int, int, int] | None = None,
) -> pd.DataFrame:
    """Equal periods of traffic; every second one is a little slower, so that latencies scatter. An arm without requests has no rows.

    ``answers`` are the candidate's: expected, paired and agreeing.
    """
    rows = [
        (
            first + number * period,
            arm,
            sent,
            0,
            failed,
            failed,
            sent,
            sent * _ripple(mean, number + index),
            1.0,
            1e6,
            None,
        )
        for number in range(count)
        for index, (arm, sent, failed, mean) in enumerate(
            zip(("candidate", "baseline"), requests, errors, latency_ms, strict=True)
        )
        if sent
    ]
    table = pd.DataFrame(rows, columns=list(STRATA_COLUMNS)).astype({"minute": "datetime64[us, UTC]"})
    if answers is None:
        return table
    own = table["arm"] == "candidate"
    return table.assign(**{name: own * value for name, value in zip(ANSWER_COLUMNS, answers, strict=True)})


def _ripple(mean_ms: float, number: int) -> float:
    return mean_ms * 1000 * (1 + 0.02 * (number % 3 - 1))


def make_evidence(
    policy: Policy,
    strata: Sequence[pd.DataFrame] = (),
    series: Mapping[str, pd.Series] | None = None,
    *,
    share: float = 5,
    until: datetime | None = None,
) -> Evidence:
    """What the gates see at the first stage, which began at ``START``; by default all of ``strata`` has just settled."""
    table = pd.concat([make_strata(START, 0), *strata], ignore_index=True)
    newest = table["minute"].max() + policy.metrics.period if len(table) else START
    metrics = Metrics(strata=table, series=series or {}, settled_until=until or newest)
    return gather_evidence(policy, metrics, [Window(stage=0, share=share, start=START)])
