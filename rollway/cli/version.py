"""``rollway version``: what is installed, looked up without importing it."""

import platform
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as installed_version
from typing import Final, Unpack

import click

import rollway
from rollway.cli.exits import Exit
from rollway.cli.options import Common, common_options
from rollway.cli.output import emit

_DISTRIBUTIONS: Final = ("prefect", "boto3", "moto")


@click.command()
@common_options
def command(**options: Unpack[Common]) -> int:
    """Show the versions of Rollway and what it stands on."""
    versions = {"rollway": rollway.__version__, "python": platform.python_version()}
    versions |= {name: _find_version(name) for name in _DISTRIBUTIONS}
    text = "\n".join(f"{name:<8} {found or 'not installed'}" for name, found in versions.items())
    emit(options["output"], versions, text)
    return Exit.OK


def _find_version(distribution: str) -> str | None:
    try:
        return installed_version(distribution)
    except PackageNotFoundError:
        return None
