"""``rollway sandbox``: the simulated AWS in the foreground, for rehearsing rollouts without an account."""

import os
import signal
import threading
from collections.abc import Mapping
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Final, Unpack

import click

from rollway.cli.exits import Exit
from rollway.cli.failures import UsageProblem
from rollway.cli.optional import check_sandbox
from rollway.cli.options import Common, common_options
from rollway.cli.output import emit

if TYPE_CHECKING:
    from rollway.sandbox.process import SandboxProcess

_CREDENTIALS: Final = {"AWS_ACCESS_KEY_ID": "simulated", "AWS_SECRET_ACCESS_KEY": "simulated"}


class Options(Common):
    """The verb's options."""

    port: int
    data_port: int
    state: Path | None
    settings: Path | None


@click.command()
@click.option("--port", default=4588, show_default=True, help="Port of the control plane; 0 takes a free one.")
@click.option("--data-port", default=4589, show_default=True, help="Port of the endpoints; 0 takes a free one.")
@click.option(
    "--state", type=click.Path(file_okay=False, path_type=Path), help="Folder that survives restarts. [default: none]"
)
@click.option(
    "--settings",
    type=click.Path(dir_okay=False, path_type=Path),
    help="YAML file with delays, model images and faults.",
)
@common_options
def command(**options: Unpack[Options]) -> int:
    """Run the SIMULATED AWS until Ctrl-C, and print what points an AWS client at it. Nothing in it costs or is real."""
    ended = threading.Event()

    def end(_number: int, _frame: FrameType | None) -> None:
        ended.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, end)
    process = _prepare(options)
    try:
        process.start()
    except (OSError, ValueError, RuntimeError) as error:
        raise UsageProblem(
            f"the simulated AWS cannot start: {error}", "See --port, --data-port and --state."
        ) from error
    try:
        environment = process.addresses | _CREDENTIALS
        emit(options["output"], {"environment": environment}, _exports(environment))
        click.echo(click.style("the simulated AWS is up; Ctrl-C ends it", dim=True), err=True)
        ended.wait()
    finally:
        process.stop()
    return Exit.OK


def _prepare(options: Options) -> "SandboxProcess":
    """Import the sandbox and read its settings.

    Raises:
        UsageProblem: the optional extra is not installed, or the settings are not usable.
    """
    check_sandbox()
    from rollway.sandbox.fault_door import TOKEN_VARIABLE  # noqa: PLC0415 - an optional part
    from rollway.sandbox.process import Ports, SandboxProcess  # noqa: PLC0415 - likewise
    from rollway.sandbox.settings import SettingsError, load_settings  # noqa: PLC0415 - likewise

    try:
        settings = load_settings(options["settings"])
    except SettingsError as error:
        raise UsageProblem(str(error)) from error
    token = os.environ.pop(TOKEN_VARIABLE, "")  # model servers inherit the environment, and have no use for it
    return SandboxProcess(settings, options["state"], Ports(options["port"], options["data_port"]), token)


def _exports(environment: Mapping[str, str]) -> str:
    return "\n".join(f"export {name}={value}" for name, value in environment.items())
