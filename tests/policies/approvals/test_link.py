"""Signed links: only what was signed with one of the secrets, unchanged and in time, is taken."""

import hashlib
import hmac
from base64 import urlsafe_b64encode
from datetime import timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from policies.approvals.link import LASTS, Question, Refusal, read, sign
from tests.policies.building import START

SECRET, OTHER = "a-secret-of-32-characters-012345", "another-secret-of-32-characters-"
QUESTION = Question(rollout_id="fraud-prod-20260601-abc", stage=1)
TOKEN = sign(SECRET, QUESTION, START)
SECOND = timedelta(seconds=1)
ENDLESS = b'{"rollout_id":"r","stage":1,"expires":' + b"9" * 30 + b"}"
"""Signed to expire at a time that no calendar has."""


def test_what_was_signed_is_read_until_it_expires() -> None:
    """A link is good for a week, to the second."""
    assert read([SECRET], TOKEN, START) == QUESTION
    assert read([SECRET], TOKEN, START + LASTS - SECOND) == QUESTION
    assert read([SECRET], TOKEN, START + LASTS) is Refusal.EXPIRED


def test_two_secrets_hold_while_one_replaces_the_other() -> None:
    """A link that was sent before the secret was changed still leads somewhere, until the old one is taken away."""
    assert read([OTHER, SECRET], TOKEN, START) == QUESTION
    assert read([OTHER], TOKEN, START) is Refusal.FORGED
    assert read([], TOKEN, START) is Refusal.FORGED


@given(at=st.integers(0, len(TOKEN) - 1), by=st.characters())
@example(at=0, by="\ud800")
@example(at=len(TOKEN) - 1, by="\udcff")
def test_a_token_that_was_changed_anywhere_is_refused(at: int, by: str) -> None:
    """No single character can be another one, also not where base64 would read the same bytes."""
    changed = TOKEN[:at] + by + TOKEN[at + 1 :]
    assert (read([SECRET], changed, START) == QUESTION) is (changed == TOKEN)


@given(st.text(st.characters(), max_size=80))
@example("\ud800")
@example("a.\udfff")
def test_whatever_is_no_token_is_refused(text: str) -> None:
    """Nothing that anybody makes up is an error."""
    assert read([SECRET], text, START) is Refusal.FORGED


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"[]",
        b"{}",
        b"\xff",
        b'{"rollout_id":"r","stage":-1,"expires":9e9}',
        b'{"rollout_id":"r","stage":0,"expires":999999999999}',
    ],
)
def test_what_is_signed_and_no_question_is_refused(payload: bytes) -> None:
    """Even with the secret, only what Rollway itself writes is read."""
    text = urlsafe_b64encode(payload).rstrip(b"=").decode()
    mac = hmac.new(SECRET.encode(), b"rollway approval 1:" + text.encode(), hashlib.sha256).digest()
    assert read([SECRET], f"{text}.{urlsafe_b64encode(mac).rstrip(b'=').decode()}", START) is Refusal.FORGED


def test_an_endless_token_is_refused() -> None:
    """Nothing is computed over what no link is as long as."""
    assert read([SECRET], TOKEN + "A" * 2000, START) is Refusal.FORGED
