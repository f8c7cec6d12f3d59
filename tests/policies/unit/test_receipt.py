"""Receipts: everything that a verdict rests on, and the same bytes when it is judged again."""

import json
from datetime import timedelta

import pytest

from policies import judge
from policies.errors import PolicyError
from policies.receipt import ReceiptError, format_receipt, issue_receipt, replay_receipt
from policies.strata.findings import ObservationError
from tests.policies.building import MINUTE, START
from tests.policies.unit.observed import MINUTES, make_quick, observe

NOW = START + MINUTES * MINUTE + timedelta(minutes=2, microseconds=7)
VERSION = "1.2.3"


def issue(frame=None, now=NOW, **policy):
    """A receipt as text."""
    return format_receipt(issue_receipt(make_quick(**policy), observe() if frame is None else frame, now, VERSION))


@pytest.mark.parametrize(
    "frame",
    [
        observe(),
        observe().iloc[:0],
        observe(errors=(90, 5)),
        observe(requests=(0, 500)).assign(latency_histogram=None),
        observe().assign(CPUUtilization=1 / 3, latency_sum_us=50_000 * 500 + 1 / 7),
        observe().drop(columns="model_errors"),
    ],
)
@pytest.mark.parametrize("now", [None, NOW])
def test_a_replay_gives_the_same_bytes(frame, now):
    """Whatever was judged, judging it again from the receipt alone comes out the same to the byte."""
    text = issue(frame, now)
    replay = replay_receipt(text, VERSION)
    assert replay.differences == ()
    assert format_receipt(replay.receipt) == text


def test_a_receipt_holds_the_verdict_and_what_it_rests_on():
    """The verdict is the judge's, beside the policy with its digest, the observations, the moment and the version."""
    policy = make_quick()
    receipt = json.loads(issue())
    assert receipt["verdict"] == judge(policy, observe(), NOW).model_dump(mode="json")
    assert (receipt["rollway"], receipt["policy_digest"]) == (VERSION, policy.digest)
    assert receipt["policy"] == policy.model_dump(mode="json")
    assert len(receipt["observations"]["rows"]) == 2 * MINUTES
    assert len(receipt["observations_sha256"]) == 64


def test_equal_observations_have_equal_receipts():
    """How a table was written does not matter: text and numbers give the same receipt."""
    assert issue(observe().astype({"invocations": str, "share": str})) == issue()


def test_the_policy_counts_as_it_is_written_down():
    """A margin with more digits than the receipt holds is judged with the digits that it holds."""
    text = issue(risk={"false_rollback": "4.123456789%", "false_promotion": "5%"})
    assert replay_receipt(text, VERSION).differences == ()


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('"PROMOTE"', '"ROLLBACK"', 'verdict.decision: in the receipt "ROLLBACK", now "PROMOTE"'),
        ('"rollway": "1.2.3"', '"rollway": "1.2.2"', 'rollway: in the receipt "1.2.2", now "1.2.3"'),
        ('"false_promotion": "5%"', '"false_promotion": "4%"', "policy_digest: in the receipt"),
        ("2026-11-22T12:14:00+00:00", "2026-11-22T12:14:00Z", 'rows[28][0]: in the receipt "2026-11-22T12:14:00Z"'),
    ],
)
def test_a_receipt_that_was_altered_is_found_out(old, new, told):
    """Whatever was altered, the replay says what differs."""
    text = issue()
    assert old in text
    assert any(told in each for each in replay_receipt(text.replace(old, new), VERSION).differences)


def test_layout_counts():
    """A receipt that says the same in another layout is not the same bytes, and is told as that."""
    assert replay_receipt(issue().replace("\n", "\r\n"), VERSION).differences == ("the layout of the file",)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda _: "no JSON", "the file"),
        (lambda _: "{}", "rollway: Field required"),
        (lambda text: text.replace('"receipt": 1', '"receipt": 2'), "receipt: Input should be 1"),
        (lambda text: text.replace('        "candidate",\n', "", 1), "row 1 has 13 cells, and there are 14 columns"),
    ],
)
def test_what_is_no_receipt_is_refused(change, told):
    """A file that is no receipt, or a damaged one, is told as that."""
    with pytest.raises(ReceiptError) as caught:
        replay_receipt(change(issue(observe().assign(CPUUtilization=1.0))), VERSION)
    assert told in str(caught.value)


def test_inputs_that_were_made_impossible_are_refused():
    """A policy or observations that could never have been judged are refused like any others."""
    with pytest.raises(PolicyError):
        replay_receipt(issue().replace('"share": 50.0', '"share": 500.0', 1), VERSION)
    with pytest.raises(ObservationError, match="row 1, arm"):
        replay_receipt(issue().replace('"candidate",\n', '"nobody",\n', 1), VERSION)
