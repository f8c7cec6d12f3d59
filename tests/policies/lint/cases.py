"""Cases for the rules: small files that say how they differ from an endpoint with nothing to find fault with.

``set`` gives members by path, ``remove`` takes them away; a path that begins with ``known.`` is about what AWS tells. In ``bad/`` the name
of a file begins with the rule that it breaks, and ``at`` says where; in ``good/`` nothing is broken.
"""

import copy
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import yaml

from policies.blueprint.model_rules import containers
from policies.blueprint.source import Source, read_sources
from policies.facts import Endpoint, LiveVariant, ScalingTarget
from policies.identity import DeployedImage
from policies.lint.source import make_subject as subject_of
from policies.lint.subject import Alarm, Bucket, Deployed, Role, Scaling, Section, Subject, models_named
from rollway.aws.shapes import blueprint_shapes

SHAPES = blueprint_shapes()
HERE = Path(__file__).parent
BASE = yaml.safe_load((HERE / "base.yaml").read_text("utf-8"))
BAD = sorted((HERE / "bad").glob("*.yaml"))
GOOD = sorted((HERE / "good").glob("*.yaml"))
CREATED = datetime(2026, 1, 5, 11, tzinfo=UTC)
DEPLOYED = datetime(2026, 1, 5, 12, tzinfo=UTC)
_STEP = re.compile(r"\[([^\]]+)\]|([^.\[]+)")


@dataclass(frozen=True)
class Case:
    """One case.

    Attributes:
        rule: the rule that is broken; empty in a good case.
        at: where.
        subject: what is looked at.
    """

    rule: str
    at: str
    subject: Subject


def read_text(text: str, name: str = "case.yaml") -> Source:
    """Read a text that declares one configuration."""
    (source,) = read_sources(text.encode(), name, SHAPES)
    return source


def read_case(path: Path) -> Case:
    given, whole = _change(path)
    rule = path.stem.partition("-")[0] if path.parent.name == "bad" else ""
    return Case(rule, given.get("at", ""), make_subject(whole))


def document_of(path: Path) -> dict[str, Any]:
    """Return the file's part of a case, without what AWS tells."""
    return _change(path)[1]["document"]


def _change(path: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what a case says, and the whole of it with that done."""
    given = yaml.safe_load(path.read_text("utf-8")) or {}
    whole = copy.deepcopy(BASE)
    for where, value in given.get("set", {}).items():
        holder, last = _reach(whole, where)
        if isinstance(holder, list) and last == len(holder):
            holder.append(value)
        else:
            holder[last] = value
    for where in given.get("remove", []):
        holder, last = _reach(whole, where)
        del holder[last]
    return given, whole


def make_subject(whole: Mapping[str, Any]) -> Subject:
    """Make a subject of a whole case: its document as a file is read, and what AWS tells of it."""
    known = whole["known"]
    subject = subject_of(read_text(yaml.safe_dump(whole["document"])).declared)
    return replace(
        subject,
        models={name: {"CreationTime": CREATED} | dict(model) for name, model in subject.models.items()}
        | {name: dict(subject.models[name]) | changes for name, changes in known.get("models", {}).items()},
        deployed=_deployed(subject, known.get("deployed", {})),
        scaling={
            name: Scaling(
                ScalingTarget(
                    variant=name,
                    minimum=each["minimum"],
                    maximum=each["maximum"],
                    suspended=each.get("suspended", ()),
                ),
                tuple(each["moved_by"]),
            )
            for name, each in known["scaling"].items()
        },
        alarms=[
            Alarm(name, tuple(each["metrics"]), tuple(each["variants"]), each["acts"], each["state"])
            for name, each in known["alarms"].items()
        ],
        capture_bucket=Bucket(tuple(known["bucket"]["expiring"]), known["bucket"]["public"]),
        roles={
            f"arn:aws:iam::123456789012:role/{name}": Role(each["trust"], tuple(each["managed"]), each["policies"])
            for name, each in known["roles"].items()
        },
    )


def _deployed(subject: Subject, changes: Mapping[str, Any]) -> Deployed:
    """What was deployed: the very models of the document, an hour after they were made, but for what a case changes."""
    images = changes.get("images", {})
    variants = tuple(
        LiveVariant(
            name=name,
            share=0,
            wanted_share=0,
            instances=1,
            wanted_instances=1,
            images=tuple(
                DeployedImage(**{"resolved_at": DEPLOYED} | image)
                for image in images.get(name, _own_images(subject, each))
            ),
        )
        for each in subject.production
        for name in [each.text("VariantName")]
    )
    times = {"created": DEPLOYED, "modified": DEPLOYED} | changes.get("endpoint", {})
    endpoint = Endpoint(name="fraud", arn="arn", status="InService", config="c", variants=variants, **times)
    tags = {image.specified: image.digest for variant in variants for image in variant.images if image.by_tag}
    return Deployed(endpoint, changes.get("config_created", CREATED), tags | changes.get("digests", {}))


def _own_images(subject: Subject, variant: Section) -> list[dict[str, str]]:
    models = [subject.model(name) for _, name in models_named(variant)]
    named = [box.text("Image") for model in models if isinstance(model, Section) for box in containers(model)]
    return [
        {"specified": image, "resolved": f"{image}@sha256:1" if "@" not in image else image} for image in named if image
    ]


def _reach(whole: dict[str, Any], where: str) -> tuple[Any, Any]:
    """Return what holds a member, and the member: missing mappings on the way are made."""
    steps = [_step(*found) for found in _STEP.findall(where)]
    holder: Any = whole if steps[0] == "known" else whole["document"]
    for step, following in pairwise(steps):
        if isinstance(holder, dict) and step not in holder:
            holder[step] = [] if isinstance(following, int) else {}
        holder = holder[step]
    return holder, steps[-1]


def _step(position: str, name: str) -> str | int:
    return int(position) if position.isdigit() else position or name
