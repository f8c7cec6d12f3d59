"""The IAM documents in docs, with their placeholders filled in for the simulated account, and what they allow."""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

from rollway.sandbox.cloud import Cloud
from rollway.sandbox.iam.documents import Principal, read_principal

DOCS: Final = Path(__file__).parents[2] / "docs"
CALLER: Final = "rollouts"
"""The access key id whose requests are checked; every other one may do everything."""
FILLED: Final = {
    "YOUR-REGION": "us-east-1",
    "YOUR-ENDPOINTS": "fraud",
    "YOUR-CONFIGURATIONS": "fraud-v6-config",
    "YOUR-MODELS": "fraud",
    "YOUR-MODEL-GROUPS": "fraud",
    "YOUR-REPOSITORIES": "fraud",
    "YOUR-SERVING-ROLE": "serving",
    "YOUR-KEY-ID": "11111111-2222-3333-4444-555555555555",
    "YOUR-JOURNAL-BUCKET": "journal",
    "YOUR-JOURNAL-PREFIX": "rollway",
    "YOUR-CAPTURE-BUCKET": "captures",
    "YOUR-CAPTURE-PREFIX": "fraud",
    "YOUR-QUEUE": "registry-events",
    "YOUR-SECRET": "registry",
    "YOUR-EXTERNAL-ID": "fraud",
    "YOUR-FLEET-ROLE": "fleets",
}
ROLLOUT: Final = ("iam-policy.json", "iam-journal-policy.json", "iam-config-policy.json", "iam-image-policy.json")
"""What a rollout needs on an endpoint whose configuration names a key and a role, and whose images are named by tags."""
SWITCH_ROLE: Final = "arn:aws:iam::123456789012:role/rollway-dead-mans-switch"
EVERY_VERB: Final = (
    *ROLLOUT,
    "iam-answers-policy.json",
    "iam-blueprint-policy.json",
    "iam-create-policy.json",
    "iam-guardrail-policy.json",
    "iam-quota-policy.json",
    "iam-receiver-policy.json",
    "iam-registry-policy.json",
    "lint-policy.json",
)
"""What all verbs on one account need together."""
FAR_ROLE: Final = "arn:aws:iam::111122223333:role/rollway"
"""The documented role in another account."""
Pair = tuple[str, str, str]
"""A document, the id of one of its statements, and an action."""


def documented(*names: str, **filled: str) -> dict[str, str]:
    """Return documents by name, filled in; ``filled`` says otherwise, in lower case: ``your_models="scoring"``."""
    values = FILLED | {name.upper().replace("_", "-"): value for name, value in filled.items()}
    return {name: _fill((DOCS / name).read_text("utf-8"), values) for name in names}


def admit(cloud: Cloud, *names: str, **filled: str) -> None:
    """Have the simulated AWS check the caller's requests, and the switch's role, against documents."""
    cloud.access.admit(read_principal(CALLER, documented(*names, **filled)))
    cloud.access.admit(switch_role())


def admit_fleet(cloud: Cloud, home: str = "fleets") -> None:
    """Have the home's role, under its own name as access key, and the role in the other account checked against the documents."""
    role = f"arn:aws:iam::123456789012:role/{home}"
    own = read_principal(home, documented("iam-fleet-policy.json", "iam-journal-policy.json"))
    cloud.access.admit(Principal(home, own.policies, arn=role))
    cloud.access.admit(read_principal(FAR_ROLE, documented("fleet-role.json", *ROLLOUT)))


def switch_role() -> Principal:
    """The dead-man's switch's role as it is documented."""
    return read_principal(SWITCH_ROLE, documented("switch-role.json"))


def allowed(*names: str) -> set[Pair]:
    """Return what documents allow."""
    return set(_allowed(names))


def used(cloud: Cloud, *names: str) -> set[Pair]:
    """Return what the simulated AWS has allowed by documents, for whomever."""
    return {(use.document, use.sid, use.action) for use in cloud.access.used if use.document in names}


def denied(cloud: Cloud) -> list[tuple[str, str]]:
    """Return what was missing: actions and resources."""
    return [(denial.need.action, denial.need.resource) for denial in cloud.access.denials]


def statements(name: str) -> Iterator[dict[str, Any]]:
    """Yield the statements of a document, a role's policies included."""
    content = json.loads((DOCS / name).read_text("utf-8"))
    policies = [content] if "Statement" in content else [each["PolicyDocument"] for each in content["Policies"]]
    for policy in policies:
        yield from policy["Statement"]


def _allowed(names: Iterable[str]) -> Iterator[Pair]:
    for name in names:
        for statement in statements(name):
            yield from ((name, statement["Sid"], action) for action in statement["Action"])


def _fill(text: str, values: dict[str, str]) -> str:
    for name in sorted(values, key=len, reverse=True):
        text = text.replace(name, values[name])
    return text
