"""What a rollout asks a person, in Prefect's UI: an artifact with the numbers, and a link to the form in which it can be answered.

A pause of Prefect's own with a form would stop the flow, and with it the judging of a candidate that has traffic.
"""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import cast
from urllib.parse import quote

from prefect.artifacts import acreate_markdown_artifact
from prefect.client.orchestration import get_client
from prefect.exceptions import ObjectNotFound
from prefect.settings import PREFECT_UI_URL

from policies.approvals.waiting import wants_approval
from policies.decision import Awaited, Decision
from policies.lifecycle import CLIMBING
from policies.notices.wording import awaited
from policies.plan import Plan
from tasks.artifacts import artifact_key

_FORM = "steer/steer"


@dataclass(frozen=True)
class Question:
    """What is asked, once.

    Attributes:
        awaits: what for.
        stage: at which stage.
        since: since when, where that is on record.
    """

    awaits: Awaited
    stage: int
    since: datetime | None


@dataclass(frozen=True)
class Posting:
    """What is published.

    Attributes:
        endpoint: whose rollout it is about.
        text: markdown.
        asks: whether there is something to answer.
    """

    endpoint: str
    text: str
    asks: bool


class Questions:
    """Tells a new question, and that nothing is asked any more, from the looks in between."""

    def __init__(self) -> None:
        self._asked: Question | None = None

    def news_in(self, plan: Plan, decision: Decision, now: datetime) -> Posting | None:
        """Return what is to be published; None where nothing has changed."""
        state = decision.state
        open_since = state.awaiting_since if state.phase in CLIMBING and wants_approval(plan, state) else None
        awaits: Awaited | None = "approval" if open_since else decision.awaits
        asked = Question(awaits, state.stage, open_since) if awaits else None
        if asked == self._asked:
            return None
        self._asked = asked
        if asked is None:
            return Posting(plan.endpoint, f"# Nobody is asked any more\n\n{decision.reason}", asks=False)
        return Posting(plan.endpoint, _ask(plan, decision, asked.awaits, now), asks=True)


async def publish_question(posting: Posting) -> None:
    """Publish a posting; the newest version of an endpoint's artifact says how things stand."""
    form = await find_form(posting.endpoint) if posting.asks else None
    link = f"\n\n**[Answer in the form]({form})**" if form else ""
    key = artifact_key("question", posting.endpoint)
    await acreate_markdown_artifact(f"{posting.text}{link}", key=key, description="What a person is asked")


async def find_form(endpoint: str) -> str | None:
    """Return the address of the form in which a rollout can be answered, the endpoint filled in and the answer not; None without one."""
    page = cast("str | None", PREFECT_UI_URL.value())
    if not page:
        return None
    async with get_client() as client:
        try:
            form = await client.read_deployment_by_name(_FORM)
        except ObjectNotFound:
            return None
    filled_in = quote(quote(json.dumps({"wish": {"endpoint": endpoint}})))  # twice: the page reads it so
    return f"{page.rstrip('/')}/deployments/deployment/{form.id}/run?parameters={filled_in}"


def _ask(plan: Plan, decision: Decision, awaits: Awaited, now: datetime) -> str:
    notice = awaited(plan, decision.state, now, (awaits, decision.reason, decision.verdicts))
    numbers = "\n".join(f"- {line}" for line in notice.numbers)
    commands = "\n".join(f"- `{command}`" for command in notice.commands)
    return f"# {notice.headline}\n\n{notice.reason}\n\n{numbers}\n\nTo answer from a terminal:\n\n{commands}"
