"""Links to answer by: made for the message alone, and good for the page that takes the answer."""

import re
import time
from dataclasses import replace

import pytest

from policies.errors import PolicyError
from policies.lifecycle import Outcome
from rollway.notices.loading import find_notifications, load_later, parse_notifications
from rollway.notices.messenger import telling
from rollway.notices.signing import Signer, find_signer
from rollway.webhooks.approving.questions import Questions
from tests.loop.rehearsal import QUICK
from tests.notices.receiving import Receiver

URL, SECRET = "https://rollway.example.com", "approvals-secret-0123456789"
ASKING = QUICK | {"stages": [{"share": 20, "bake": "3m", "approval": True}], "notify": {"at_least": "warning"}}
PATIENCE_S = 20


def await_link(receiver: Receiver) -> str:
    """Wait until a message with a link has arrived, as a person does, and return the link."""
    give_up = time.monotonic() + PATIENCE_S
    while time.monotonic() < give_up:
        found = [match[0] for got in receiver.got if (match := re.search(r"https://\S+/approvals/\S+", got["message"]))]
        if found:
            return found[-1]
        time.sleep(0.05)
    raise AssertionError("no message had a link")


@pytest.mark.parametrize(("decision", "outcome"), [("approve", Outcome.PROMOTED), ("reject", Outcome.ROLLED_BACK)])
def test_whoever_gets_the_message_answers_by_its_link(rehearsal, receiver, decision, outcome):
    """The link of the message leads to the page, the page's answer to the outcome; nothing in the journal could be used as a link."""
    routes = parse_notifications({"routes": [{"name": "team", "url": receiver.url()}]})
    questions = Questions(rehearsal.store, lambda: [SECRET], rehearsal.now)
    links: list[str] = []
    asked: list[bool] = []

    def answer(_, seen):
        asked.extend([True] if seen.awaits else [])
        if len(asked) == 2 and not links:  # the first such look is told once it is over
            links.append(await_link(receiver))
            token = links[0].removeprefix(f"{URL}/approvals/")
            fields = {"decision": decision, "name": "Ada", "reason": "as I see it"}
            fields["asked"] = seen.state.awaiting_since.isoformat()
            page = questions.answer(token, {name: [value] for name, value in fields.items()})
            assert page.status == 200

    rehearsal.watch = answer
    with telling(replace(routes, signer=Signer(URL, SECRET)), rehearsal.now):
        ending = rehearsal.play(ASKING)

    assert ending.outcome is outcome
    assert len(links) == 1
    told = [rehearsal.store.read(key).body for key in rehearsal.store.list_keys("")]
    assert not any("/approvals/" in each for each in told)
    assert any("Ada (by signed link)" in each for each in told)


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"URL": URL}, "ROLLWAY_APPROVAL_SECRET: is not set"),
        ({"SECRET": SECRET}, "ROLLWAY_APPROVAL_URL: is not set"),
        ({"URL": "rollway.example.com", "SECRET": SECRET}, "is no address — write for example https://"),
        ({"URL": URL, "SECRET": "short"}, "a secret of 5 characters, of 16 at least"),
    ],
)
def test_half_a_setup_is_told_before_a_rollout_starts(settings, told, monkeypatch, tmp_path, caplog):
    """Without the other half there would be no link, and nobody would know why; a rollout under way goes on telling without links."""
    file = tmp_path / "notifications.yaml"
    file.write_text("routes: [{name: team, url: 'json://127.0.0.1:9/hook'}]\n", "utf-8")
    for name, value in settings.items():
        monkeypatch.setenv(f"ROLLWAY_APPROVAL_{name}", value)

    with pytest.raises(PolicyError) as caught:
        find_notifications(str(file))
    later = load_later(str(file))()

    assert told in str(caught.value)
    assert later is not None
    assert later.signer is None
    assert "no message has a link to approve by" in caplog.text


def test_links_are_made_where_both_are_set_and_nowhere_else(monkeypatch):
    """Neither is an error; both make links; a secret never shows."""
    assert find_signer() is None
    monkeypatch.setenv("ROLLWAY_APPROVAL_URL", f"{URL}/")
    monkeypatch.setenv("ROLLWAY_APPROVAL_SECRET", SECRET)
    assert find_signer() == Signer(URL, SECRET)
    assert SECRET not in repr(find_signer())
