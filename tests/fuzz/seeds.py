"""Inputs that are right, for the fuzzers to spoil."""

import json
from pathlib import Path

from policies.loading import LIBRARY
from tests.policies.windows.feeds import FEEDS

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"

YAML_TOKENS = (
    b"&a ", b"*a", b"<<: *a", b"!!python/object ", b"!!timestamp ", b"!", b"- ", b": ", b"? ", b"{", b"[", b"}", b"]", b"'", b'"',
    b"|\n", b">-\n", b"---\n", b"...\n", b"%YAML 1.1\n", b"\t", b"\r", b"#", b"\x00", b"\xff", b"\xef\xbb\xbf", b"\xff\xfe", b"9" * 400,
    b"1:30", b"1e999", b".inf", b".nan", b"2026-02-30", b"no", b"null", b"~", b"-1", b"0", b"5%", b"10m", b"100d", b"\xf0\x9f\x98\x80",
    b'"\\ud800"', b"[" * 60, b"\n  ",
)  # fmt: skip
JSON_TOKENS = (
    b"{", b"}", b"[", b"]", b",", b":", b'"', b"null", b"true", b"NaN", b"Infinity", b"-1", b"1e999", b"9" * 5000, b"\\ud800",
    b'"\\ud83d\\ude00"', b"[" * 2000, b'{"a":' * 500, b"\x00", b"\xff", b"\xef\xbb\xbf", b'"0001-01-01T00:00:00+05:00"',
    b'"9999-12-31T23:59:59-05:00"', b"\n", b"\\u0000", b"{}",
)  # fmt: skip
ICAL_TOKENS = (
    b"\r\n ", b"\n", b";", b",", b":", b"=", b'"', b"BEGIN:VEVENT\r\n", b"END:VEVENT\r\n", b"BEGIN:VTIMEZONE\r\n", b"END:VCALENDAR\r\n",
    b"RRULE:FREQ=DAILY\r\n", b"RRULE:FREQ=SECONDLY\r\n", b"FREQ=MONTHLY", b"FREQ=WEEKLY", b";INTERVAL=0", b";INTERVAL=999",
    b";COUNT=999999999", b";UNTIL=99991231", b";BYMONTH=2", b";BYMONTHDAY=30", b";BYMONTHDAY=-31", b";BYDAY=5MO", b";BYDAY=MO,TU",
    b";BYSETPOS=-1", b";BYSETPOS=5", b";BYYEARDAY=366", b";BYWEEKNO=53", b";BYHOUR=1", b"00010101", b"99991231", b"20260230",
    b"20261224T120000", b"20261224T120000Z", b";TZID=Nowhere", b";TZID=Own", b";TZID=Europe/Berlin", b";TZID=Pacific Standard Time",
    b";VALUE=DATE", b"RDATE:20261224,20261225\r\n", b"EXDATE:20261224\r\n", b"RECURRENCE-ID:20261224\r\n", b";RANGE=THISANDFUTURE",
    b"DURATION:P9999999W\r\n", b"DURATION:-P1D\r\n", b"STATUS:CANCELLED\r\n", b"X-CALENDAR-TYPE:DEFAULT_CLOSED\r\n", b"SEQUENCE:9\r\n",
    b"+9959", b"\xff", b"\x00", b"DTEND:99991231T235959Z\r\n", b"DTSTART:00010101T000000Z\r\n",
)  # fmt: skip
CSV_TOKENS = (
    b",", b'"', b"\n", b"\r", b"\x00", b"\xff", b"nan", b"inf", b"-1", b"1e999", b"9" * 400, b"0001-01-01T00:00:00+05:00",
    b"9999-12-31T23:59:59-05:00", b'"{""1"": 1}"', b'"{""1"": 1e999}"', b"minute", b"arm", b"latency_histogram", b"1_000",
    b"\xef\xbb\xbf", b"\xd9\xa5", b"0x10", b"True",
)  # fmt: skip

POLICIES = [each.read_bytes() for each in sorted(LIBRARY.glob("*.yaml"))]
POLICIES_IN_JSON = [b'{"strategy": "canary", "stages": [{"share": 5, "bake": "10m"}]}']
FLEETS = [each.read_bytes() for each in sorted((EXAMPLES / "fleets").glob("*.yaml"))]
OTHER_YAML = [
    (EXAMPLES / f"{name}.yaml").read_bytes() for name in ("bindings", "blueprint", "notifications", "office-hours")
]
SETTINGS = [
    b"seed: 1\ndelays: {creating: 3s}\nimages: {a: python x}\nfaults: []\n",
    b"{currency: EUR, per_hour: {ml.m5.xlarge: 0.23}}",
]
DEPLOYMENTS = [(ROOT / "deployments.yaml").read_bytes()]
CALENDARS = [feed.text.encode() for feed in FEEDS.values()]
OBSERVATIONS = [each.read_bytes()[:2000] for each in sorted((EXAMPLES / "observations").glob("*.csv"))]
CAPTURES = [
    json.dumps(
        {
            "captureData": {
                "endpointInput": {"mode": "INPUT", "data": "1,2", "encoding": encoding},
                "endpointOutput": {"mode": "OUTPUT", "data": answer, "encoding": encoding},
            },
            "eventMetadata": {"eventId": "e", "inferenceId": "i", "inferenceTime": "2026-01-05T12:00:05Z"},
            "eventVersion": "0",
        }
    ).encode()
    for encoding, answer in (
        ("JSON", '{"label": 1, "scores": [0.1, 2]}'),
        ("CSV", "0.1,0.2\n1,2"),
        ("BASE64", "MC4xLDAuMg=="),
    )
]
