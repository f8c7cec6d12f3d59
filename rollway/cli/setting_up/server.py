"""Reaching Prefect's server, and one clear message where that fails."""

from collections.abc import Generator
from contextlib import contextmanager
from http import HTTPStatus
from typing import Final

from httpx import HTTPError, HTTPStatusError
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.exceptions import PrefectException
from prefect.settings import get_current_settings

from rollway.cli.failures import UsageProblem

_AGAIN: Final = "Run rollway setup again: it goes on where it stopped."
_NO_SERVER: Final = "Start one (prefect server start) and set PREFECT_API_URL=http://127.0.0.1:4200/api, or log in: prefect cloud login."
_REFUSED: Final = (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)


@contextmanager
def reach_server() -> Generator[SyncPrefectClient]:
    """Open a client of the server that Prefect's settings name. It repeats by itself, five times, what a busy server answers with 503.

    Raises:
        UsageProblem: no server is named, it cannot be reached, or it turned something down.
    """
    url = get_current_settings().api.url
    if not url:
        raise UsageProblem("no Prefect server is set up", hint=_NO_SERVER)
    with get_client(sync_client=True) as client:
        trouble = client.api_healthcheck()
        if isinstance(trouble, HTTPStatusError):
            raise _explain(trouble, url) from trouble
        if trouble is not None:
            hint = "Start it, or correct PREFECT_API_URL."
            raise UsageProblem(f"Prefect's server at {url} cannot be reached: {trouble}", hint) from trouble
        try:
            yield client
        except HTTPStatusError as error:
            raise _explain(error, url) from error
        except (HTTPError, PrefectException) as error:
            raise UsageProblem(f"Prefect's server at {url}: {error}", hint=_AGAIN) from error


def _explain(error: HTTPStatusError, url: str) -> UsageProblem:
    status = error.response.status_code
    if status in _REFUSED:
        hint = "Check PREFECT_API_KEY (Prefect Cloud) or PREFECT_API_AUTH_STRING (a server of your own)."
        return UsageProblem(f"Prefect's server at {url} refused the credentials ({status})", hint)
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        return UsageProblem(f"Prefect's server at {url} is too busy to answer ({status})", hint=_AGAIN)
    asked = f"{error.request.method} {error.request.url.path}"
    told = f"Prefect's server at {url} turned {asked} down ({status}): {error.response.text}"
    return UsageProblem(told, hint="Nothing that was done before is lost. Put it right, and run rollway setup again.")
