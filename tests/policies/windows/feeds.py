"""Calendars made up in the forms of those that services publish, with what they say: days, open times, or why they are refused."""

from collections.abc import Mapping
from typing import Final, NamedTuple

HEAD: Final = "VERSION:2.0\r\nPRODID:-//made up//EN\r\n"
BERLIN_RULES: Final = (
    "BEGIN:STANDARD\r\nDTSTART:16010101T030000\r\nTZOFFSETFROM:+0200\r\nTZOFFSETTO:+0100\r\n"
    "RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10\r\nEND:STANDARD\r\n"
    "BEGIN:DAYLIGHT\r\nDTSTART:16010101T020000\r\nTZOFFSETFROM:+0100\r\nTZOFFSETTO:+0200\r\n"
    "RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3\r\nEND:DAYLIGHT\r\n"
)


def calendar(*events: str, head: str = "", zones: Mapping[str, str] | None = None) -> str:
    """A calendar of events, each given as its lines."""
    written = "".join(f"BEGIN:VEVENT\r\n{each}\r\nEND:VEVENT\r\n" for each in events)
    defined = "".join(
        f"BEGIN:VTIMEZONE\r\nTZID:{name}\r\n{rules}END:VTIMEZONE\r\n" for name, rules in (zones or {}).items()
    )
    return f"BEGIN:VCALENDAR\r\n{HEAD}{head}{defined}{written}END:VCALENDAR\r\n"


def event(*lines: str, uid: str = "1") -> str:
    """An event that many writers would write."""
    return "\r\n".join([f"UID:{uid}@example.com", "DTSTAMP:20260101T000000Z", *lines])


class Feed(NamedTuple):
    """A calendar; the days that it closes in Berlin, those of the first two years where it goes on; or why it is refused."""

    text: str
    days: tuple[str, ...] = ()
    refused: str = ""


def day(date: str, *lines: str, uid: str = "1") -> str:
    """An event of one whole day, such as 20261225."""
    return event(f"DTSTART;VALUE=DATE:{date}", *lines, uid=uid)


FEEDS: Final = {
    "google holidays": Feed(
        calendar(
            day("20261225", "DTEND;VALUE=DATE:20261226", "CLASS:PUBLIC", "DESCRIPTION:Public holiday",
                "SUMMARY:Christmas Day", "TRANSP:TRANSPARENT", "STATUS:CONFIRMED", "SEQUENCE:0"),
            head="CALSCALE:GREGORIAN\r\nMETHOD:PUBLISH\r\nX-WR-CALNAME:Holidays\r\nX-WR-TIMEZONE:UTC\r\n",
        ), ("2026-12-25",)),
    "outlook holidays": Feed(
        calendar(
            day("20261225", "DTEND;VALUE=DATE:20261226", "CATEGORIES:Holiday", "X-MICROSOFT-CDO-BUSYSTATUS:FREE",
                "X-MICROSOFT-CDO-IMPORTANCE:1", "PRIORITY:five", "CLASS:", "SUMMARY;LANGUAGE=en-us:Christmas\\, again"),
        ), ("2026-12-25",)),
    "exchange with a zone of its own": Feed(
        calendar(
            event("DTSTART;TZID=Customized Time Zone:20261224T220000", "DTEND;TZID=Customized Time Zone:20261225T010000",
                  "RRULE:FREQ=YEARLY;UNTIL=20280101T000000Z;INTERVAL=1;BYMONTHDAY=24;BYMONTH=12", "SUMMARY:Freeze"),
            zones={"Customized Time Zone": BERLIN_RULES},
        ), ("2026-12-24", "2026-12-25", "2027-12-24", "2027-12-25")),
    "exchange by Windows' names": Feed(
        calendar(
            event("DTSTART;TZID=Pacific Standard Time:20261224T160000", "DTEND;TZID=Pacific Standard Time:20261224T170000"),
        ), ("2026-12-25",)),
    "exchange fourth thursday": Feed(
        calendar(day("20261126", "RRULE:FREQ=YEARLY;UNTIL=20271231;INTERVAL=1;BYDAY=TH;BYMONTH=11;BYSETPOS=4")),
        ("2026-11-26", "2027-11-25")),
    "apple holidays": Feed(
        calendar(
            day("20040526", "RRULE:FREQ=YEARLY;BYMONTH=5;BYDAY=-1MO", "EXDATE;VALUE=DATE:20200525",
                "X-APPLE-UNIVERSAL-ID:no uuid", "CREATED:yesterday", "LAST-MODIFIED:", "SUMMARY;LANGUAGE=en:Memorial Day"),
        ), ("2021-05-31", "2022-05-30")),
    "apple birthdays from before the calendar": Feed(
        calendar(day("16040229", "RRULE:FREQ=YEARLY")), ("2020-02-29", "2024-02-29")),
    "nager": Feed(
        calendar(*(day(date, "TRANSP:OPAQUE", uid=date) for date in ("20260101", "20260406"))),
        ("2026-01-01", "2026-04-06")),
    "aws change calendar, open by default": Feed(
        calendar(
            event("DTSTART;TZID=America/Los_Angeles:20261224T180000", "DTEND;TZID=America/Los_Angeles:20261224T220000"),
            head="X-CALENDAR-TYPE:DEFAULT_OPEN\r\nX-WR-CALDESC:\r\nX-CALENDAR-CMEVENTS:DISABLED\r\nX-WR-TIMEZONE:America/Los_Angeles\r\n",
        ), ("2026-12-25",)),
    "thunderbird": Feed(
        calendar(
            event("DTSTART;TZID=/mozilla.org/20071231_1/Europe/Berlin:20261224T120000", "DURATION:PT3H", "X-MOZ-GENERATION:4",
                  "BEGIN:VALARM\r\nACTION:DISPLAY\r\nTRIGGER;VALUE=DURATION:rubbish\r\nDTSTART:nonsense\r\nEND:VALARM"),
        ), ("2026-12-24",)),
    "evolution": Feed(
        calendar(event("DTSTART;TZID=/freeassociation.sourceforge.net/Europe/Berlin:20261224T120000")), ("2026-12-24",)),
    "pagerduty on call": Feed(
        calendar(
            event("DTSTART;VALUE=DATE-TIME:20261224T230000Z", "DTEND;VALUE=DATE-TIME:20261225T230000Z", "ATTENDEE:nobody at all",
                  "URL;VALUE=URI:https://example.com/a;b", "SUMMARY:On Call - Ops"),
        ), ("2026-12-25",)),
    "opsgenie": Feed(
        calendar(event("DTSTART:20261224T080000Z", "DTEND:20261224T200000Z", 'ORGANIZER;CN="a:b":MAILTO:x', "GEO:here")),
        ("2026-12-24",)),
    "confluence": Feed(
        calendar(
            day("20261224", "DTEND;VALUE=DATE:20270102", "X-CONFLUENCE-SUBCALENDAR-TYPE:leaves",
                "ATTENDEE;X-CONFLUENCE-USER-KEY=1;CN=:MAILTO:",
                "SUMMARY:Year's end", "SEQUENCE:one"),
            head="X-WR-TIMEZONE:Europe/Berlin\r\nX-MIGRATED-FOR-USER-KEY:false\r\n",
        ), ("2026-12-24", "2026-12-25", "2026-12-26", "2026-12-27", "2026-12-28", "2026-12-29", "2026-12-30", "2026-12-31", "2027-01-01")),
    "school": Feed(
        calendar(day("20261221", "DTEND;VALUE=DATE:20261224"), day("20261026", uid="2")),
        ("2026-10-26", "2026-12-21", "2026-12-22", "2026-12-23")),
    "sports": Feed(
        calendar(
            event("DTSTART:20261212T193000Z", "DTEND:20261212T213000Z", "STATUS:CONFIRMED", "SUMMARY:A – B", uid="1"),
            event("DTSTART:20261219T193000Z", "DTEND:20261219T213000Z", "STATUS:CANCELLED", uid="2"),
            event("DTSTART:20261220T193000Z", "DTEND:20261220T213000Z", "STATUS:cancelled", uid="3"),
            event("DTSTART:20261226T193000Z", "STATUS:TENTATIVE", uid="4"),
        ), ("2026-12-12", "2026-12-26")),
    "one uid for all": Feed(calendar(day("20261224"), day("20261226")), ("2026-12-24", "2026-12-26")),
    "no uid": Feed(calendar("DTSTART:20261224", "DTSTART:20261226"), ("2026-12-24", "2026-12-26")),
    "a later revision": Feed(
        calendar(day("20261224", "SEQUENCE:1"), day("20261226", "SEQUENCE:2")), ("2026-12-26",)),
    "unix line ends, lower case, folded": Feed(
        calendar(day("2026\r\n 1224", "RRULE:FREQ=\r\n\tYEARLY;COUNT=2")).replace("\r\n", "\n").lower(),
        ("2026-12-24", "2027-12-24")),
    "byte order mark and nothing after the end": Feed(calendar(day("20261224")).rstrip(), ("2026-12-24",)),
    "two calendars in one file": Feed(
        calendar(day("20261224")) + calendar(day("20261226")), ("2026-12-24", "2026-12-26")),
    "tasks and journals are no events": Feed(
        calendar(day("20261224")).replace("END:VCALENDAR",
            "BEGIN:VTODO\r\nDTSTART:never\r\nRRULE:FREQ=SECONDLY\r\nEND:VTODO\r\nEND:VCALENDAR"),
        ("2026-12-24",)),
    "a changed occurrence": Feed(
        calendar(
            day("20261224", "RRULE:FREQ=YEARLY;COUNT=2"),
            day("20271227", "RECURRENCE-ID;VALUE=DATE:20271224"),
        ), ("2026-12-24", "2027-12-27")),
    "a cancelled occurrence": Feed(
        calendar(
            event("DTSTART;TZID=Europe/Berlin:20261224T120000", "RRULE:FREQ=YEARLY;COUNT=2"),
            event("DTSTART;TZID=Europe/Berlin:20271224T120000", "RECURRENCE-ID;TZID=Europe/Berlin:20271224T120000", "STATUS:CANCELLED"),
        ), ("2026-12-24",)),
    "a changed occurrence without its series": Feed(
        calendar(day("20271227", "RECURRENCE-ID;VALUE=DATE:20271224")), ("2027-12-27",)),
    "dates added and left out": Feed(
        calendar(day("20261224", "RRULE:FREQ=DAILY;COUNT=3", "EXDATE;VALUE=DATE:20261225", "RDATE;VALUE=DATE:20270101,20270104")),
        ("2026-12-24", "2026-12-26", "2027-01-01", "2027-01-04")),
    "no length": Feed(
        calendar(event("DTSTART:20261224T120000Z", "DTEND:20261224T120000Z"), day("20261226", "DTEND;VALUE=DATE:20261226", uid="2")),
        ("2026-12-24", "2026-12-26")),
    "ends at midnight": Feed(
        calendar(event("DTSTART;TZID=Europe/Berlin:20261224T140000", "DTEND;TZID=Europe/Berlin:20261225T000000")), ("2026-12-24",)),
    "floating": Feed(calendar(event("DTSTART:20261224T233000", "DTEND:20261225T003000")), ("2026-12-24", "2026-12-25")),
    "a day written with a time": Feed(calendar(event("DTSTART;VALUE=DATE:20261224T000000")), ("2026-12-24",)),
    "long over": Feed(calendar(day("20111224")), ()),
    "empty": Feed(calendar(), ()),
    "until the end of time": Feed(calendar(day("20261224", "DTEND;VALUE=DATE:99991231")), refused="names 5,122 days"),
    "every day": Feed(calendar(day("20200101", "RRULE:FREQ=DAILY")), refused="names 7,671 days"),
    "interval of nothing": Feed(calendar(day("20261224", "RRULE:FREQ=DAILY;INTERVAL=0")),
        refused="line 8: the VEVENT has an RRULE that repeats at another INTERVAL"),
    "by the second": Feed(calendar(day("20261224", "SUMMARY:Tick", "RRULE:FREQ=SECONDLY")),
        refused="line 9: the VEVENT of 'Tick' has an RRULE that repeats by another period"),
    "by the minute": Feed(calendar(day("20261224", "RRULE:FREQ=MINUTELY;COUNT=999999999")), refused="another period"),
    "by seconds of the day": Feed(calendar(day("20261224", "RRULE:FREQ=DAILY;BYSECOND=1,2,3")), refused="the time of day"),
    "a day that never comes": Feed(calendar(day("20260130", "RRULE:FREQ=MONTHLY;BYMONTH=2")), refused="may never find a day"),
    "without end from the year 1": Feed(
        calendar(*(day("00010101", "RRULE:FREQ=DAILY", uid=str(number)) for number in range(3))), refused="more than 100,000 times"),
    "a zone that nobody knows": Feed(
        calendar(event("DTSTART;TZID=Middle Earth:20261224T120000")),
        refused="line 7: the VEVENT has a DTSTART in the time zone 'Middle Earth'"),
    "a zone by the second": Feed(
        calendar(event("DTSTART;TZID=Own:20261224T120000"), zones={"Own": BERLIN_RULES.replace("YEARLY", "SECONDLY")}),
        refused="line 10: the STANDARD has an RRULE"),
    "a zone days away": Feed(
        calendar(event("DTSTART;TZID=Own:20261224T120000"), zones={"Own": BERLIN_RULES.replace("+0200", "+9900")}),
        refused="line 8: the STANDARD has a TZOFFSETFROM"),
    "a zone of summer only": Feed(
        calendar(event("DTSTART;TZID=Own:15001224T120000"), zones={"Own": BERLIN_RULES.replace("STANDARD", "DAYLIGHT")}),
        refused="has no STANDARD time"),
    "no beginning": Feed(calendar(event("SUMMARY:Lost")), refused="line 4: the VEVENT of 'Lost' has no DTSTART"),
    "a date that does not exist": Feed(calendar(day("20260230")), refused="line 7: the VEVENT has a DTSTART that is neither"),
    "ends before it begins": Feed(calendar(day("20261224", "DTEND;VALUE=DATE:20261220")), refused="line 8: the VEVENT ends before"),
    "a day that ends at a time": Feed(calendar(day("20261224", "DTEND:20261225T120000Z")), refused="one is a day, the other a time"),
    "a duration of ages": Feed(calendar(day("20261224", "DURATION:P99999999999W")), refused="line 8: the VEVENT has a DURATION"),
    "exceptions by rule": Feed(calendar(day("20261224", "EXRULE:FREQ=YEARLY")), refused="line 8: the VEVENT has an EXRULE"),
    "a change calendar of a third type": Feed(
        calendar(day("20261224"), head="X-CALENDAR-TYPE:HALF_OPEN\r\n"), refused="line 4: the VCALENDAR has an X-CALENDAR-TYPE"),
    "of another calendar": Feed(calendar(day("20261224"), head="CALSCALE:HEBREW\r\n"), refused="CALSCALE"),
    "cut off": Feed(calendar(day("20261224"))[:-30], refused="does not end"),
    "no calendar": Feed("days off: all\n", refused="is not an iCalendar file"),
    "a page in its place": Feed("<!doctype html>\n<title>Sign in</title>\n", refused="is not an iCalendar file"),
    "nothing": Feed("", refused="is not an iCalendar file"),
}  # fmt: skip
