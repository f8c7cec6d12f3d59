"""``rollway config check``: every problem of every file at once. Reads files and nothing else; needs no credentials."""

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any, Unpack

import click

from policies.blueprint.document import Section, Undetermined
from policies.blueprint.fault_finding import find_faults
from policies.blueprint.faults import Breach, Found
from policies.blueprint.loading import place
from policies.blueprint.source import Source, UnreadableDocument, load_sources
from policies.endpoint_config import name_config
from rollway.aws.shapes import blueprint_shapes
from rollway.cli.exits import Exit
from rollway.cli.options import Common, common_options
from rollway.cli.output import Document as Printed
from rollway.cli.output import emit
from rollway.cli.words import count


class Options(Common):
    """The verb's options."""

    files: tuple[str, ...]


@click.command()
@click.argument("files", metavar="FILE...", nargs=-1, required=True)
@common_options
def command(**options: Unpack[Options]) -> int:
    """Check blueprints, and configurations in other forms, against the limits that AWS documents, without asking AWS.

    The forms are those of `rollway lint`, and what is refused here is an error there.
    """
    checked = [each for file in options["files"] for each in _check(file)]
    valid = all(each["valid"] for each in checked)
    emit(options["output"], {"valid": valid, "blueprints": checked}, "\n".join(_tell(each) for each in checked))
    return Exit.OK if valid else Exit.REFUSED


def _check(file: str) -> Iterator[dict[str, Any]]:
    try:
        sources = load_sources(file, blueprint_shapes())
    except UnreadableDocument as error:
        problems = [asdict(problem) for problem in error.problems]
        yield {"file": file, "resource": None, "valid": False, "problems": problems, "unchecked": []}
        return
    yield from map(_check_one, sources)


def _check_one(source: Source) -> dict[str, Any]:
    found = list(find_faults(source.declared, blueprint_shapes()))
    problems = [_describe_breach(each, source) for each in found if isinstance(each, Breach)]
    checked = {
        "file": source.name,
        "resource": source.declared.resource or None,
        "form": source.declared.form,
        "valid": not problems,
        "problems": problems,
        "unchecked": list(
            dict.fromkeys(_describe_open(each, source) for each in found if not isinstance(each, Breach))
        ),
    }
    return checked if problems else checked | _describe_declared(source)


def _describe_breach(breach: Breach, source: Source) -> dict[str, Any]:
    where = {"where": place(breach, source.declared), "what": breach.what, "remedy": breach.remedy}
    return where | source.find(breach.path)._asdict()


def _describe_open(found: Found, source: Source) -> str:
    return f"{place(found, source.declared)}: {found.what}"


def _describe_declared(source: Source) -> dict[str, Any]:
    declared, blueprint = source.declared, source.declared.blueprint
    whole = declared.whole
    endpoint = str(blueprint["endpoint"]) if blueprint else None
    return {
        "endpoint": endpoint,
        "config": name_config(endpoint, declared.config) if endpoint else whole.named("EndpointConfigName") or None,
        "variants": _describe_variants(whole, "ProductionVariants"),
        "shadows": _describe_variants(whole, "ShadowProductionVariants"),
    }


def _describe_variants(whole: Section, member: str) -> list[str]:
    try:
        return [_describe(variant) for variant in whole.items(member)]
    except Undetermined as open_:
        return [f"{member}: {open_.unresolved}"]


def _describe(variant: Section) -> str:
    """Say what a variant is: ``AllTraffic: fraud-v7 on 2 × ml.m5.xlarge``."""
    name, model = (variant.named(member) for member in ("VariantName", "ModelName"))
    return f"{name}: {model or 'inference components'} on {_runs_on(variant)}"


def _runs_on(variant: Section) -> str:
    try:
        if variant.has("ServerlessConfig"):
            return f"{variant.section('ServerlessConfig').members['MemorySizeInMB']} MB, serverless"
        pools = ", ".join(pool.named("InstanceType") for pool in variant.items("InstancePools"))
    except Undetermined as open_:
        return str(open_.unresolved)
    return f"{variant.members.get('InitialInstanceCount', 0)} × {variant.named('InstanceType') or pools}"


def _tell(checked: Printed) -> str:
    name = f"{checked['file']} ({checked['resource']})" if checked["resource"] else checked["file"]
    lines: list[str] = []
    if checked["valid"]:
        parts = [*checked["variants"], *(f"shadow {shadow}" for shadow in checked["shadows"])]
        parts += [f"configuration {checked['config']}"] if checked["config"] else []
        head = f"{checked['endpoint']}, " if checked["endpoint"] else ""
        lines.append(f"{click.style('✓', fg='green')} {name}: {head}{'; '.join(parts)}")
    else:
        lines.append(f"{click.style('✗', fg='red')} {name}: {count(len(checked['problems']), 'problem')}")
    for problem in checked["problems"]:
        line = f"line {problem['line']}, " if "line" in problem else ""
        lines.append(f"    {line}{click.style(problem['where'], bold=True)}: {problem['what']}")
        lines += [f"      {problem['remedy']}"] if problem["remedy"] else []
    return "\n".join([*lines, *(f"    not checked: {each}" for each in checked["unchecked"])])
