"""A delivery's life: sent once, tried again with growing pauses, told as doubtful after a death, given up after a day."""

from datetime import UTC, datetime, timedelta

from policies.notices.delivering import GIVE_UP_AFTER, LONGEST_PAUSE, begin, conclude, follow_up

AT = datetime(2026, 11, 20, 14, 7, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def test_what_was_taken_is_never_sent_again():
    """A message that a service took stays sent, however often and late one looks."""
    sent = conclude(begin(AT), None, AT)

    assert follow_up(sent, AT + 30 * GIVE_UP_AFTER, abandoned=True) == sent


def test_pauses_grow_until_the_message_is_given_up_after_a_day():
    """A dead service is asked ever more rarely, at last every two hours, and no more after a day."""
    delivery, now, pauses = conclude(begin(AT), "refused", AT), AT, []
    while delivery.stand == "owed":
        now += timedelta(seconds=10)
        tried = follow_up(delivery, now, abandoned=False)
        if tried.stand == "sending":
            pauses.append(now - delivery.last)
            tried = conclude(tried, "refused", now)
        delivery = tried

    assert delivery.stand == "given up"
    assert delivery.why == "refused"
    assert pauses == sorted(pauses)
    assert (pauses[0], pauses[-1]) == (timedelta(seconds=30), LONGEST_PAUSE)
    assert len(pauses) < 25
    assert GIVE_UP_AFTER - LONGEST_PAUSE <= delivery.last - AT <= GIVE_UP_AFTER


def test_a_living_sender_is_left_alone():
    """While the process that sends may be alive, nobody else sends."""
    assert follow_up(begin(AT), AT + MINUTE, abandoned=False) == begin(AT)


def test_after_a_death_it_is_told_once_more_and_says_so():
    """Nobody knows what a dead process has sent: the message goes out again, marked, and never a third time."""
    again = follow_up(begin(AT), AT + MINUTE, abandoned=True)
    lost = follow_up(again, AT + 2 * MINUTE, abandoned=True)

    assert (begin(AT).doubt, again.stand) == ("", "sending")
    assert "may have been told before" in again.doubt
    assert lost.stand == "given up"
    assert "nobody knows" in lost.why


def test_a_late_message_says_since_when():
    """Whoever reads a message hours later sees that it is no news."""
    late = follow_up(conclude(begin(AT), "refused", AT), AT + MINUTE, abandoned=False)

    assert late.doubt == "Told late: tried since 2026-11-20 14:07:00 UTC."
