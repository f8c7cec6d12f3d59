"""Artifacts in Prefect's UI: the outcome of a rollout and why, for whoever opens the run."""

import re

from prefect import task
from prefect.artifacts import acreate_markdown_artifact
from prefect.cache_policies import NO_CACHE


def artifact_key(kind: str, endpoint: str) -> str:
    """Return a key that Prefect accepts (lower case, digits, dashes), the same for every rollout of an endpoint."""
    return re.sub(r"[^a-z0-9-]+", "-", f"rollway-{kind}-{endpoint}".lower())


@task(
    name="publish report",
    task_run_name="publish report on {endpoint}",
    cache_policy=NO_CACHE,
    retries=3,
    retry_delay_seconds=2,
    timeout_seconds=60,
)
async def publish_report(markdown: str, endpoint: str) -> None:
    """Publish the report of a rollout."""
    await acreate_markdown_artifact(markdown, key=artifact_key("report", endpoint), description="Outcome and why")
