"""``rollway config check``: every problem of every blueprint at once. Reads files and nothing else; needs no credentials."""

from dataclasses import asdict
from typing import Any, Unpack

import click

from policies.blueprint.loading import BlueprintError, load_blueprint
from policies.blueprint.model import Document
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
    """Check blueprints against the limits that AWS documents, without asking AWS."""
    checked = [_check(file) for file in options["files"]]
    valid = all(each["valid"] for each in checked)
    emit(options["output"], {"valid": valid, "blueprints": checked}, "\n".join(_tell(each) for each in checked))
    return Exit.OK if valid else Exit.REFUSED


def _check(file: str) -> dict[str, Any]:
    try:
        blueprint = load_blueprint(file, blueprint_shapes())
    except BlueprintError as error:
        return {"file": file, "valid": False, "problems": [asdict(problem) for problem in error.problems]}
    return {
        "file": file,
        "valid": True,
        "problems": [],
        "endpoint": blueprint.endpoint,
        "config": name_config(blueprint.endpoint, blueprint.config),
        "variants": [_describe(variant) for variant in blueprint.variants],
    }


def _describe(variant: Document) -> str:
    """Say what a variant is: ``AllTraffic: fraud-v7 on 2 × ml.m5.xlarge``."""
    if "ServerlessConfig" in variant:
        runs_on = f"{variant['ServerlessConfig']['MemorySizeInMB']} MB, serverless"
    else:
        pools = ", ".join(pool["InstanceType"] for pool in variant.get("InstancePools", []))
        runs_on = f"{variant.get('InitialInstanceCount', 0)} × {variant.get('InstanceType') or pools}"
    return f"{variant['VariantName']}: {variant.get('ModelName', 'inference components')} on {runs_on}"


def _tell(checked: Printed) -> str:
    if checked["valid"]:
        variants = "; ".join(checked["variants"])
        head = f"{click.style('✓', fg='green')} {checked['file']}: {checked['endpoint']}, {variants}"
        return f"{head}; configuration {checked['config']}"
    lines = [f"{click.style('✗', fg='red')} {checked['file']}: {count(len(checked['problems']), 'problem')}"]
    for problem in checked["problems"]:
        lines.append(f"    {click.style(problem['where'], bold=True)}: {problem['what']}")
        lines += [f"      {problem['remedy']}"] if problem["remedy"] else []
    return "\n".join(lines)
