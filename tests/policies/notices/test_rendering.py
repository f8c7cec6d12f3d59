"""One notice in plain text and HTML; nothing that a person wrote becomes markup."""

from datetime import UTC, datetime

from policies.notices.notice import Event, Level, Notice
from policies.notices.rendering import Link, render

NOTICE = Notice(
    key="aborted",
    event=Event.ABORTED,
    level=Level.CRITICAL,
    endpoint="fraud-prod",
    at=datetime(2026, 11, 20, 14, 7, tzinfo=UTC),
    headline="ABORTED at 14:07:00 UTC",
    reason="abort by kim: see [this](http://evil), <b>now</b> & *fast*, `rm`, _why_, errors_5xx.",
    numbers=("errors_5xx FAIL: 2 % > 1 %",),
    commands=("rollway status fraud-prod",),
)
LINKS = (Link(name="Flow run", place="http://ui/runs/1"), Link(name="Journal", place="s3://bucket/rollouts/1/"))


def test_html():
    """What e-mails and chats get, with everything escaped that would be a tag."""
    message = render(NOTICE, LINKS, "")
    html = message.html

    assert message.title == "CRITICAL: ABORTED at 14:07:00 UTC"
    assert "&lt;b&gt;now&lt;/b&gt; &amp; *fast*" in html
    assert '<a href="http://ui/runs/1">Flow run</a>' in html
    assert "<li><code>rollway status fraud-prod</code></li>" in html


def test_plain_text_leaves_out_what_there_is_not():
    """A notice with nothing but a headline has no empty headings, and yet a body, which services insist on."""
    bare = NOTICE.model_copy(update={"reason": "", "numbers": (), "commands": ()})

    assert render(bare).plain == "CRITICAL: ABORTED at 14:07:00 UTC"
    assert render(NOTICE, LINKS).plain.endswith("Flow run: http://ui/runs/1\nJournal: s3://bucket/rollouts/1/")
