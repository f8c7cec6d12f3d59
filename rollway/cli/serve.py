"""``rollway serve``: receive what model registries say happened, and have the rollouts started that shall follow."""

import os
from typing import Unpack

import click

from rollway.aws.secrets import read_secrets
from rollway.aws.session import connect
from rollway.cli.exits import Exit
from rollway.cli.failures import UsageProblem
from rollway.cli.options import OnWholeJournal, all_journal_options, need_journal
from rollway.cli.output import emit
from rollway.cli.world import current_world
from rollway.loop.starting import open_journal
from rollway.notices.signing import PATH
from rollway.secrets import Secrets
from rollway.webhooks.doors import SECRETS, SENDERS
from rollway.webhooks.handling import leave_to_another, make_handler
from rollway.webhooks.logs import log_as_json
from rollway.webhooks.proxies import read_proxies
from rollway.webhooks.receiver import Outside, Receiver, Senders
from rollway.webhooks.senders import eventbridge
from rollway.webhooks.serving import listen, serve


class Options(OnWholeJournal):
    """The verb's options."""

    host: str
    port: int
    bindings: str
    queue: tuple[str, ...]
    topic: tuple[str, ...]
    trusted_proxy: tuple[str, ...]


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=8700, show_default=True, help="Port to listen on; 0 takes a free one.")
@click.option(
    "--bindings", default="bindings.yaml", show_default=True, metavar="FILE", help="What to roll out for what."
)
@click.option(
    "--queue", multiple=True, metavar="URL", help="An SQS queue with EventBridge's events; several, one each."
)
@click.option("--topic", multiple=True, metavar="ARN", help="An SNS topic that may send; several, one option each.")
@click.option(
    "--trusted-proxy",
    multiple=True,
    metavar="ADDRESS",
    help="A proxy, or a network of them, that is believed X-Forwarded-For; several, one option each.",
)
@all_journal_options
def command(**options: Unpack[Options]) -> int:
    """Receive events of model registries and people's answers by link, until Ctrl-C or SIGTERM.

    A sender comes in by POST to its path (/mlflow, /wandb, /huggingface, /generic, /eventbridge) once it has a secret:
    ROLLWAY_MLFLOW_SECRET, and so on, or a place to read it from; the page for answers is there with ROLLWAY_APPROVAL_SECRET. Logs go to
    stderr, one JSON object a line.
    """
    proxies = read_proxies(options["trusted_proxy"])
    aws = connect(options["region"], options["profile"])
    store = open_journal(aws, need_journal(options["journal"]), current_world().by_aws(aws).clock.now)
    senders = Senders(
        secrets=Secrets(SECRETS, lambda arn: read_secrets(aws, arn)),
        topics=frozenset(options["topic"]),
        queues=options["queue"],
        key_header=os.environ.get("ROLLWAY_EVENTBRIDGE_HEADER", eventbridge.HEADER),
    )
    handle = make_handler(aws, store, options["bindings"]) if _expects_events(senders) else leave_to_another
    receiver = Receiver(senders, Outside(aws, store, handle))
    if not (receiver.open_doors or receiver.queues or receiver.takes_answers):
        raise UsageProblem(
            "nobody could send anything: no secret, no topic and no queue is given",
            "Set ROLLWAY_MLFLOW_SECRET or another sender's, ROLLWAY_APPROVAL_SECRET, or give --queue URL or --topic ARN.",
        )
    with listen(options["host"], options["port"]) as sock:
        host, port = sock.getsockname()[:2]
        url = f"http://{f'[{host}]' if ':' in host else host}:{port}"
        told = {
            "url": url,
            "senders": receiver.open_doors,
            "queues": options["queue"],
            "approvals": receiver.takes_answers,
        }
        log_as_json()
        emit(options["output"], told, _say(url, receiver))
        serve(receiver, sock, proxies)
    return Exit.OK


def _expects_events(senders: Senders) -> bool:
    """Whether a registry can send anything; a receiver that people's answers alone come to needs no bindings."""
    return bool(senders.topics or senders.queues or any(senders.secrets.of(sender) for sender in SENDERS))


def _say(url: str, receiver: Receiver) -> str:
    doors = [f"  POST {url}/{sender}" for sender in receiver.open_doors]
    queues = [f"  queue {queue.url}" for queue in receiver.queues]
    pages = [f"  answers at {url}/{PATH}/…"] if receiver.takes_answers else []
    return "\n".join(["receiving; Ctrl-C ends it", *doors, *queues, *pages])
