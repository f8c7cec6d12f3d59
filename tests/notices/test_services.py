"""Services: real requests to real receivers, bounded in time, with a reason when one fails and never a secret in it."""

import logging
import socket
import threading
from datetime import UTC, datetime, timedelta

import pytest
from apprise.plugins.slack import NotifySlack

from policies.notices.notice import Event, Level, Notice
from policies.notices.rendering import Link, render
from rollway.notices.dispatch import Dispatch
from rollway.notices.loading import parse_notifications

AT = datetime(2026, 11, 20, 14, 7, tzinfo=UTC)
NOTICE = Notice(
    key="promoted",
    event=Event.PROMOTED,
    level=Level.INFO,
    endpoint="fraud-prod",
    at=AT,
    headline="PROMOTED at 14:07:00 UTC",
    reason="fraud_v7 passed *every* gate.",
    commands=("rollway status fraud-prod",),
)
MESSAGE = render(NOTICE, (Link(name="Flow run", place="http://ui/runs/1"),))


def send(url, level=Level.INFO, limit=timedelta(seconds=10)):
    dispatch = Dispatch(parse_notifications({"routes": [{"name": "a", "url": url}]}), limit)
    return dispatch.send({"a": MESSAGE}, level, AT)["a"]


@pytest.mark.parametrize(
    ("level", "kind"), [(Level.INFO, "info"), (Level.WARNING, "warning"), (Level.CRITICAL, "failure")]
)
def test_a_webhook_gets_plain_text(receiver, level, kind):
    """Title, text and urgency arrive in the fields of a generic webhook."""
    assert send(receiver.url(), level) is None

    (got,) = receiver.got
    assert (got["title"], got["message"], got["type"]) == (MESSAGE.title, MESSAGE.plain, kind)


def test_a_chat_gets_markdown(receiver, monkeypatch):
    """Slack gets commands as code and links in its own form, and a person's words untouched."""
    monkeypatch.setattr(NotifySlack, "webhook_url", f"http://127.0.0.1:{receiver.port}/services")

    send("slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ")

    (got,) = receiver.got
    text = str(got)
    assert "`rollway status fraud-prod`" in text
    assert "<http://ui/runs/1|Flow run>" in text
    assert "passed \\\\*every\\\\* gate" in text


def test_an_email_gets_html():
    """A mail server on loopback gets the message as HTML, with the headline as its subject."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        mails: list[str] = []
        threading.Thread(target=_take_one_mail, args=(listening, mails), daemon=True).start()
        port = listening.getsockname()[1]

        assert send(f"mailto://127.0.0.1:{port}?from=rollway@example.com&to=ada@example.com&mode=insecure") is None

    (mail,) = mails
    assert "PROMOTED" in mail
    assert "text/html" in mail


def _take_one_mail(listening: socket.socket, mails: list[str]) -> None:
    """Speak as much SMTP as one mail needs (RFC 5321)."""
    connection, _ = listening.accept()
    with connection, connection.makefile("rwb", 0) as wire:
        wire.write(b"220 here\r\n")
        for line in iter(wire.readline, b""):
            verb = line[:4].upper()
            wire.write(b"354 go on\r\n" if verb == b"DATA" else b"250 fine\r\n")
            if verb == b"DATA":
                mails.append(b"".join(iter(wire.readline, b".\r\n")).decode())
                wire.write(b"250 taken\r\n")
            if verb == b"QUIT":
                return


@pytest.mark.parametrize("status", [500, None])
def test_a_failure_says_why_and_no_secret(receiver, caplog, status):
    """Refused or out of reach: the reason is told, while neither it nor any log has a piece of the address."""
    caplog.set_level(logging.DEBUG)
    receiver.status = status
    port = receiver.port if status else 9
    why = send(f"json://ada:pa55word@127.0.0.1:{port}/services/s3cr3t-token?+X-Key=k3y-of-keys")

    assert why
    assert ("500" in why) == bool(status)
    shown = f"{why} {caplog.text}"
    assert not [secret for secret in ("pa55word", "s3cr3t-token", "k3y-of-keys") if secret in shown]


def test_addresses_are_told_at_the_same_time(receiver):
    """Two addresses that each answer only once the other has its message both answer: neither waits for the other's end."""
    both_have_it = threading.Barrier(2, timeout=30)
    receiver.on_message = both_have_it.wait
    routes = [{"name": name, "url": f"{receiver.url(name)}?rto=60"} for name in ("one", "other")]
    dispatch = Dispatch(parse_notifications({"routes": routes}), limit=timedelta(seconds=60))

    assert dispatch.send(dict.fromkeys(("one", "other"), MESSAGE), Level.INFO, AT) == {"one": None, "other": None}


def test_a_silent_service_costs_its_limit_and_is_spared_for_a_while(receiver):
    """It is given up after the limit, and the next message does not wait for it again; another address gets all of them."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        routes = [
            {"name": "silent", "url": f"json://127.0.0.1:{silent.getsockname()[1]}"},
            {"name": "well", "url": receiver.url()},
        ]
        dispatch = Dispatch(parse_notifications({"routes": routes}), limit=timedelta(seconds=1))
        both = dict.fromkeys(("silent", "well"), MESSAGE)
        first, second = dispatch.send(both, Level.INFO, AT), dispatch.send(both, Level.INFO, AT)
        later = dispatch.send(both, Level.INFO, AT + timedelta(minutes=1))

    assert first == {"silent": "no answer within 1 s", "well": None}
    assert second["silent"] == "not tried: it was silent at 14:07:00 UTC"
    assert later["silent"] == "no answer within 1 s"
    assert len(receiver.got) == 3
