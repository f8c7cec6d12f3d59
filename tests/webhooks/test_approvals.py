"""The page behind a signed link: it shows before it asks, takes one answer by POST alone, and shrugs off everything else."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import given
from hypothesis import strategies as st
from schemathesis import GenerationMode

from policies.approvals.link import LASTS, Question, sign
from policies.lifecycle import Approved, Outcome, Pause, Phase, State, begin, enter, turn_back
from policies.observation import Signal
from policies.verdict import Answer, GateVerdict
from rollway.journal.journal import Journal
from rollway.journal.leases import Bid, acquire
from rollway.journal.records import Decided, Started
from rollway.secrets import Secrets
from rollway.webhooks.doors import SECRETS
from rollway.webhooks.inbox import Inbox
from rollway.webhooks.receiver import Outside, Receiver, Senders
from tests.policies.building import MINUTE, make_policy, make_rollout
from tests.webhooks.conftest import set_up
from tests.webhooks.stage import Handler, Stage
from tests.webhooks.test_description import PROMISED, THOROUGHLY
from tests.webhooks.test_inbox import ENTRY, NAME

SECRET, NEWER = "approvals-secret-0123456789", "approvals-newer-0123456789"
GOOD = {"decision": "approve", "name": "Ada", "reason": "numbers look right"}
LADDER = [
    {"share": 5, "bake": "5m", "approval": {"within": "4h", "otherwise": "roll_back"}},
    {"share": 50, "bake": "5m"},
]
NASTY = """"><script>alert('x')</script>"""


@dataclass
class Site:
    """A receiver with the page, and a rollout that asks at its first stage."""

    stage: Stage
    journal: Journal
    state: State
    token: str

    def show(self, token: str = "") -> httpx.Response:
        """Open the link."""
        return self.stage.get(f"/approvals/{token or self.token}")

    def answer(self, token: str = "", **fields: Any) -> httpx.Response:
        """Fill the form in and send it."""
        body = str(httpx.QueryParams(GOOD | {"asked": self.asked} | fields)).encode()
        return self.post(body, token)

    @property
    def asked(self) -> str:
        """Since when it is asked, as the page has it."""
        return self.state.awaiting_since.isoformat() if self.state.awaiting_since else ""

    def post(self, body: bytes, token: str = "") -> httpx.Response:
        """Send any body."""
        headers = {"content-type": "application/x-www-form-urlencoded"}
        return self.stage.post(f"/approvals/{token or self.token}", body, headers)

    def record(self, state: State, reason: str = "as the test says") -> None:
        """Have the rollout go on."""
        self.state = state
        verdicts = [
            GateVerdict(gate=gate, verdict=Answer.PASS, sentence=sentence)
            for gate, sentence in (
                ("errors", "0.1% of the candidate's requests failed; ratio <1.2"),
                ("latency", "mean latency shown to be within + 5%"),
            )
        ]
        at = self.stage.clock.now()
        self.journal.append(Decided(at=at, action="act", reason=reason, state=state, verdicts=tuple(verdicts)))

    @property
    def signals(self) -> list[tuple[str, str, str, int | None]]:
        """What people have asked the rollout for."""
        read = Journal(self.journal.store, "r-1").read_signals()
        return [(each.verb, each.by, each.reason, each.stage) for each in read]


@pytest.fixture
def make_site(store, clock, monkeypatch) -> Callable[..., Site]:
    """Make a receiver with the page, with limits of one's own."""
    monkeypatch.setenv("ROLLWAY_APPROVAL_SECRET", SECRET)
    return partial(build_site, store, clock)


@pytest.fixture
def site(make_site: Callable[..., Site]) -> Site:
    return make_site()


def build_site(store, clock, **limits: float) -> Site:
    stage = set_up(store, clock, **limits)
    plan = make_rollout(make_policy(stages=LADDER)).model_copy(
        update={"rollout_id": "r-1", "started_at": clock.now() - 10 * MINUTE}
    )
    acquire(store, plan.endpoint, Bid("r-1", "fraud-v7", "kim@laptop", timedelta(minutes=3)))
    journal = Journal(store, "r-1")
    journal.append(Started(at=plan.started_at, by="kim@laptop", plan=plan, token=1))
    asking = enter(begin(plan), Phase.BAKING, clock.now()).model_copy(update={"awaiting_since": clock.now()})
    made = Site(stage, journal, asking, sign(SECRET, Question(rollout_id="r-1", stage=0), clock.now()))
    made.record(asking)
    return made


def test_the_page_says_what_is_asked_and_changes_nothing(site: Site) -> None:
    """Model, endpoint, share, until when and what then, and the gates; opening it, as mail scanners do, answers nothing."""
    answers = [site.show() for _ in range(3)]

    assert {each.status_code for each in answers} == {200}
    page = answers[0].text
    for told in (
        "May fraud-v7 get more of fraud-prod?",
        "then back to fraud-v6",
        "Approve: fraud-v7 goes on to 50 %",
        "errors PASS",
        "ratio &lt;1.2",
        "stage 1 of 2",
    ):
        assert told in page
    assert "checked" not in page, "nothing is chosen for anybody"
    assert site.signals == []
    assert answers[0].headers["cache-control"] == "no-store"
    assert answers[0].headers["referrer-policy"] == "no-referrer"
    assert "default-src 'none'" in answers[0].headers["content-security-policy"]


@pytest.mark.parametrize(("decision", "told"), [("approve", "Approved: fraud-v7"), ("reject", "back to fraud-v6")])
def test_one_answer_reaches_the_journal(site: Site, decision: str, told: str) -> None:
    """Who, why and for which stage; whoever uses the link again reads what was answered, and adds nothing."""
    first, again, later = site.answer(decision=decision), site.answer(decision="reject"), site.show()

    assert (first.status_code, again.status_code, later.status_code) == (200, 409, 409)
    assert told in first.text
    assert "by Ada (by signed link) a moment ago: numbers look right" in later.text
    assert site.signals == [(decision, "Ada (by signed link)", "numbers look right", 0)]


def test_what_was_filled_in_is_checked_and_kept(site: Site) -> None:
    """Every problem at once, nothing typed is lost, and nothing is taken before all of it is right."""
    page = site.answer(decision="maybe", name=" ", reason="because it is Friday")

    assert page.status_code == 422
    assert "Choose whether to approve or to reject." in page.text
    assert "Give your name." in page.text
    assert 'value="because it is Friday"' in page.text
    assert site.answer(reason="x" * 501).status_code == 422
    assert site.post(b"decision=approve&decision=reject&name=Ada&reason=both").status_code == 422
    assert site.signals == []


def test_what_people_write_is_text(site: Site) -> None:
    """Neither the form, shown again, nor the journal, nor a line of a log is anything but text."""
    page = site.answer(decision="", name=NASTY, reason=NASTY)
    assert "<script>" not in page.text
    assert page.text.count("&lt;script&gt;") == 2

    assert site.answer(name="Ada\r\nEve", reason="one\u2028two\x00three").status_code == 200
    assert site.signals == [("approve", "Ada Eve (by signed link)", "one two three", 0)]
    assert "<script>" not in site.show().text


FORGED = sign("somebody-elses-secret-012345", Question(rollout_id="r-1", stage=0), make_rollout().started_at)


@pytest.mark.parametrize("token", ["x", "a.b", FORGED, "%00", "..%2f..", "é.é"])
def test_a_link_that_was_not_signed_here_leads_nowhere(site: Site, token: str) -> None:
    """Shown or answered: 403, and nothing of the rollout."""
    for page in (site.show(token), site.answer(token)):
        assert page.status_code in {403, 404}
        assert "fraud" not in page.text
    assert site.signals == []


def test_links_expire_and_secrets_are_changed(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the new secret before the old one, links of both lead on; a week later, none does."""
    monkeypatch.setenv("ROLLWAY_APPROVAL_SECRET", NEWER)
    monkeypatch.setenv("ROLLWAY_APPROVAL_SECRET_2", SECRET)
    site.stage.receiver._secrets.refresh()
    newer = sign(NEWER, Question(rollout_id="r-1", stage=0), site.stage.clock.now())
    assert [site.show(token).status_code for token in (site.token, newer)] == [200, 200]

    site.stage.clock.advance(LASTS)
    assert [site.show(token).status_code for token in (site.token, newer)] == [410, 410]


def approved(state: State, site: Site) -> State:
    """Somebody has approved."""
    return state.model_copy(
        update={"approved": (Approved(stage=0, by="kim", reason="fine", at=site.stage.clock.now()),)}
    )


ENDED: list[tuple[Callable[[State, Site], State], str]] = [
    (approved, "approved by kim at"),
    (
        lambda state, site: enter(approved(state, site), Phase.BAKING, site.stage.clock.now(), stage=1),
        "approved by kim at",
    ),
    (lambda state, site: enter(state, Phase.SHIFTING, site.stage.clock.now()), "does not ask this now"),
    (
        lambda state, site: turn_back(state, Outcome.ROLLED_BACK, "errors: too many", site.stage.clock.now()),
        "ROLLED_BACK, errors: too many",
    ),
]


@pytest.mark.parametrize(("after", "told"), ENDED)
def test_a_question_that_is_no_longer_asked(site: Site, after: Callable[[State, Site], State], told: str) -> None:
    """Approved, gone on, asked anew later or taken back: whoever comes late reads what happened, and changes nothing."""
    site.record(after(site.state, site))
    for page in (site.show(), site.answer()):
        assert page.status_code == 409
        assert told in page.text
    assert site.signals == []


def test_a_link_of_an_earlier_stage_does_not_answer_a_later_one(site: Site) -> None:
    """Each link is for one stage, whatever asks by now."""
    second = enter(site.state, Phase.BAKING, site.stage.clock.now(), stage=1)
    site.record(second.model_copy(update={"awaiting_since": site.stage.clock.now()}))
    assert site.answer().status_code == 409
    assert site.signals == []


def test_a_rollout_that_nobody_drives_or_that_is_gone(site: Site) -> None:
    """The page says when nobody would hear at once; without the rollout's journal there is nothing to answer."""
    site.stage.clock.advance(timedelta(minutes=10))
    assert "no process drives this rollout just now" in site.show().text
    lost = sign(SECRET, Question(rollout_id="r-2", stage=0), site.stage.clock.now())
    assert site.show(lost).status_code == 404


def test_bodies_that_are_no_forms(site: Site) -> None:
    """Too long, no text, too many fields: refused, told, and one line each in the log."""
    assert site.post(b"x" * 100_000).status_code == 413
    assert site.post(b"\xff\xfe").status_code == 400
    assert site.post(b"&".join(b"a=1" for _ in range(50))).status_code == 400
    assert site.post(b"").status_code == 422
    assert site.signals == []


def test_requests_are_limited_and_leave_one_line_each(
    make_site: Callable[..., Site], lines: Callable[[], list[str]]
) -> None:
    """Guessing is slow, and a log never has the link in it."""
    site = make_site(burst=3, requests_per_s=0.001)
    site.show()
    before = len(lines())
    statuses = [site.show("guess").status_code for _ in range(5)]

    assert statuses == [403, 403, 403, 429, 429]
    assert len(lines()) - before == len(statuses)
    assert not any(site.token in line for line in lines())


def test_a_receiver_for_answers_alone_leaves_events_to_another(store, clock, monkeypatch) -> None:
    """It has no bindings, so what lies in the inbox waits for a receiver that has some, however old it is."""
    monkeypatch.setenv("ROLLWAY_APPROVAL_SECRET", SECRET)
    secrets = Secrets(SECRETS, lambda _: ())
    handler = Handler()
    receiver = Receiver(Senders(secrets), Outside(store.aws, store, handler))
    Inbox(store).put(ENTRY)
    clock.advance(timedelta(days=3))

    async def serve_for_a_while() -> None:
        async with receiver.app.router.lifespan_context(receiver.app):
            await asyncio.sleep(0.3)

    asyncio.run(serve_for_a_while())

    assert receiver.takes_answers
    assert handler.given == []
    assert receiver.desk.due(clock.now()) == (NAME,)


def test_without_a_secret_there_is_no_page(store, clock) -> None:
    """Nothing is there that could be tried."""
    assert set_up(store, clock).get("/approvals/x").status_code == 404


@pytest.mark.parametrize(("method", "seen"), [("GET", {200, 403}), ("POST", {200, 403, 409})])
def test_the_description_holds(site: Site, method: str, seen: set[int]) -> None:
    """Whatever is made up by the description, with a good link or any, gets one of the promised answers."""
    operation = schemathesis.openapi.from_dict(site.stage.receiver.app.openapi())["/approvals/{token}"][method]
    statuses: set[int] = set()

    @THOROUGHLY
    @given(case=operation.as_strategy(generation_mode=GenerationMode.POSITIVE), is_signed=st.booleans())
    def hold(case: Any, is_signed: bool) -> None:  # noqa: FBT001 - drawn by Hypothesis
        if is_signed:
            case.path_parameters = {"token": site.token}
        sent = case.as_transport_kwargs(base_url="http://receiver")
        path = httpx.URL(sent["url"]).raw_path.decode()
        fields = httpx.QueryParams(sent.get("data") or {})
        body = str(fields.set("asked", site.asked) if is_signed else fields).encode()
        answer = site.stage.get(path) if method == "GET" else site.stage.post(path, body, {})
        statuses.add(answer.status_code)
        case.validate_response(schemathesis.Response.from_httpx(answer, verify=False), checks=PROMISED)

    hold()
    assert seen <= statuses


def test_a_form_that_shows_an_earlier_question_is_shown_again(site: Site) -> None:
    """The same stage may ask anew while somebody reads: what they fill in is kept, and nothing is taken for the new question."""
    earlier = site.state.awaiting_since
    assert earlier is not None
    assert f'value="{earlier.isoformat()}"' in site.show().text
    site.stage.clock.advance(MINUTE)
    site.record(site.state.model_copy(update={"awaiting_since": site.stage.clock.now()}))

    page = site.answer(asked=earlier.isoformat())

    assert page.status_code == 422
    assert "Something else is asked by now" in page.text
    assert 'value="numbers look right"' in page.text
    assert site.signals == []


@pytest.mark.parametrize("fields", [{}, {"asked": ""}, {"asked": "now"}])
def test_a_form_that_does_not_say_what_it_answers_is_shown_again(site: Site, fields: dict[str, str]) -> None:
    """Without the field, or with a made-up one, an answer could be one to an earlier question: it is not taken, and nothing is lost."""
    page = site.post(str(httpx.QueryParams(GOOD | fields)).encode())

    assert page.status_code == 422
    assert ("did not say which question" in page.text) is not bool(fields.get("asked"))
    assert f'value="{site.asked}"' in page.text
    assert 'value="numbers look right"' in page.text
    assert site.signals == []


def test_who_has_a_link_is_not_kept_out_by_who_guesses(make_site: Callable[..., Site]) -> None:
    """Guesses are slowed down; behind a proxy they come from the same address as everybody else."""
    site = make_site(burst=3, requests_per_s=0.001)
    assert [site.show("guess").status_code for _ in range(5)][-1] == 429
    assert site.show().status_code == 200


def test_a_link_does_not_use_up_the_threads(make_site: Callable[..., Site]) -> None:
    """Its holder is slowed down as well after many requests, since each page reads the journal."""
    site = make_site(burst=3, requests_per_s=0.001)
    assert [site.show().status_code for _ in range(5)] == [200, 200, 200, 429, 429]


def test_a_rollout_that_is_held_says_so(site: Site) -> None:
    """An approval does not end a pause, and whoever gives it reads that."""
    pause = Pause(by="lee", reason="checkout is down", since=site.stage.clock.now())
    site.record(site.state.model_copy(update={"paused": pause}))
    assert "paused by lee: checkout is down" in site.show().text


def test_signals_of_others_do_not_close_the_question(site: Site) -> None:
    """A pause answers nothing."""
    site.journal.send_signal(Signal(verb="pause", reason="look", by="kim"), site.stage.clock.now())
    assert site.show().status_code == 200
