"""Every parser of files and of what comes over the wire, as a function of bytes: it returns a result, or raises the project's own error."""

import json
from base64 import urlsafe_b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from zoneinfo import ZoneInfo

from pydantic import TypeAdapter

from policies.answers.tallying import Tally
from policies.approvals import link
from policies.bindings.loading import load_bindings
from policies.blueprint.loading import parse_blueprint
from policies.documents.loading import parse_document
from policies.errors import PolicyError, RolloutError
from policies.fleet.loading import load_fleet
from policies.gates.spec import Agreement
from policies.loading import load_policy, read_policy
from policies.observation import Signal
from policies.receipt import replay_receipt
from policies.strata.reading import read_observations
from policies.windows.calendars.components import CalendarError
from policies.windows.calendars.reading import read_calendar
from rollway.aws.captured import NotCaptured, read_lines, unpack
from rollway.aws.shapes import blueprint_shapes
from rollway.cli.setting_up.deployments_file import read_deployments
from rollway.journal.documents import read_document
from rollway.journal.lease import Lease
from rollway.journal.records import RECORD
from rollway.notices.loading import load_notifications
from rollway.sandbox.settings import SettingsError, load_settings
from rollway.webhooks import doors
from rollway.webhooks.senders import eventbridge, generic, hugging_face, mlflow, wandb
from rollway.webhooks.senders.delivery import Accepted, Delivery, Ignored, Refusal
from tests.fuzz import seeds
from tests.webhooks import signing

SECRET = "0123456789abcdef0123456789abcdef"  # noqa: S105 - made up
NOW = datetime(2026, 1, 5, 12, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@dataclass(frozen=True)
class Target:
    """One parser.

    Attributes:
        run: parses bytes; asserts whatever else holds.
        seeds: inputs that are right.
        tokens: what to put into them.
        errors: what it may raise.
    """

    run: Callable[[bytes], object]
    seeds: Sequence[bytes]
    tokens: Sequence[bytes] = seeds.YAML_TOKENS
    errors: tuple[type[Exception], ...] = field(default=(RolloutError,))


@cache
def _folder() -> Path:
    return Path(mkdtemp(prefix="fuzz"))


def _of_file(name: str, load: Callable[[Path], object]) -> Callable[[bytes], object]:
    """Return a parser of bytes from one of a file."""

    def run(content: bytes) -> object:
        path = _folder() / name
        path.write_bytes(content)
        return load(path)

    return run


def _policy(content: bytes) -> object:
    return read_policy(content.decode("utf-8", "surrogateescape"))


def _blueprint(content: bytes) -> object:
    return parse_blueprint(parse_document(content, "given.json").content, blueprint_shapes())


def _calendar(content: bytes) -> None:
    found = read_calendar(content.decode("utf-8", "replace"), ZoneInfo("Europe/Berlin"))
    assert [*found.closed] == sorted(set(found.closed))
    assert all(begins < ends for begins, ends in found.open_times or ())


RULE = Agreement.model_validate({"agree_at_least": "90%", "compare": "label"})


def _captures(content: bytes) -> None:
    """Whatever is in a line, the lines beside it are read, and what was read can be compared."""
    good = seeds.CAPTURES[0]
    lines = [*read_lines(good + b"\n" + unpack(content).replace(b"\x1f\x8b", b"") + b"\n" + good, MINUTE)]
    assert not isinstance(lines[0], NotCaptured)
    assert not isinstance(lines[-1], NotCaptured)
    tally = Tally(RULE)
    for line in lines:
        if not isinstance(line, NotCaptured):
            tally.add("baseline", line[1])
            tally.add("candidate", line[1])
    tally.count()


def _token(content: bytes) -> None:
    """A token that is not ours is refused, and one that is signed holds a question or is refused."""
    text = content.decode("utf-8", "surrogateescape")
    assert isinstance(link.read([SECRET], text, NOW), link.Refusal | link.Question)
    payload = urlsafe_b64encode(content).rstrip(b"=").decode()
    signature = link._encode(link._signature(SECRET, payload))
    assert isinstance(link.read([SECRET], f"{payload}.{signature}", NOW), link.Refusal | link.Question)


READERS = {
    "mlflow": (mlflow.read, signing.mlflow),
    "generic": (generic.read, signing.standard),
    "wandb": (wandb.read, signing.wandb),
    "hugging_face": (hugging_face.read, signing.hugging_face),
    "eventbridge": (eventbridge.read, signing.eventbridge),
}


def _webhook(sender: str) -> Callable[[bytes], None]:
    read, sign = READERS[sender]
    secret = signing.SECRETS[sender.replace("_", "")]
    enter = doors._total(lambda delivery: read(delivery, [secret]))

    def run(content: bytes) -> None:
        body, headers = sign(content)
        assert isinstance(enter(Delivery(headers, body, signing.NOW)), Accepted | Ignored | Refusal)

    return run


class _Shelf:
    """A store that holds one text under every key."""

    def __init__(self, body: str) -> None:
        self.body = body

    def read(self, key: str) -> "_Shelf":
        del key
        return self

    def url(self, key: str) -> str:
        return f"s3://journal/{key}"


def _journal(content: bytes) -> None:
    shelf = _Shelf(content.decode("utf-8", "replace"))
    errors = []
    for form in (RECORD, TypeAdapter(Lease), TypeAdapter(Signal)):
        try:
            read_document(shelf, "key", form)  # type: ignore[arg-type] - what it reads of a store
        except RolloutError as error:
            errors.append(error)
    assert len(errors) >= 2  # no text is of two forms


JOURNAL = [
    json.dumps({"schema_version": 1, "verb": "abort", "reason": "r", "by": "b"}).encode(),
    json.dumps({"schema_version": 1, "at": "2026-01-05T12:00:00Z", "record": "taken_up", "by": "b"}).encode(),
    json.dumps({"schema_version": 2}).encode(),
]
BODIES = [
    json.dumps(each).encode()
    for each in (signing.alias_set(), signing.package_event(), {"happening": "alias_set", "model": "m"})
]

TOKENS = [
    link.sign(SECRET, link.Question(rollout_id="r", stage=1), NOW).encode(),
    b'{"rollout_id": "r", "stage": 1, "expires": 1}',
]

TARGETS = {
    "policy as text": Target(_policy, seeds.POLICIES),
    "policy": Target(_of_file("policy.yaml", load_policy), [*seeds.POLICIES, *seeds.OTHER_YAML], errors=(PolicyError,)),
    "policy in json": Target(_of_file("policy.json", load_policy), seeds.POLICIES_IN_JSON, seeds.JSON_TOKENS),
    "fleet": Target(_of_file("fleet.yaml", load_fleet), seeds.FLEETS),
    "bindings": Target(_of_file("bindings.yaml", load_bindings), seeds.OTHER_YAML),
    "notifications": Target(_of_file("notifications.yaml", load_notifications), seeds.OTHER_YAML),
    "deployments": Target(_of_file("deployments.yaml", read_deployments), seeds.DEPLOYMENTS),
    "sandbox settings": Target(_of_file("sandbox.yaml", load_settings), seeds.SETTINGS, errors=(SettingsError,)),
    "blueprint": Target(_blueprint, seeds.OTHER_YAML, [*seeds.JSON_TOKENS, *seeds.YAML_TOKENS]),
    "calendar": Target(_calendar, seeds.CALENDARS, seeds.ICAL_TOKENS, (CalendarError,)),
    "captures": Target(_captures, seeds.CAPTURES, seeds.JSON_TOKENS, (NotCaptured,)),
    "observations": Target(_of_file("o.csv", read_observations), seeds.OBSERVATIONS, seeds.CSV_TOKENS),
    "receipt": Target(lambda content: replay_receipt(content.decode("utf-8", "replace"), "1"), [b'{"receipt": 1}'], seeds.JSON_TOKENS),
    "approval token": Target(_token, TOKENS, seeds.JSON_TOKENS),
    "journal": Target(_journal, JOURNAL, seeds.JSON_TOKENS),
    **{f"webhook of {sender}": Target(_webhook(sender), BODIES, seeds.JSON_TOKENS) for sender in READERS},
}  # fmt: skip
