"""Faults while the sandbox runs, over HTTP: ``/_rollway/faults`` on the control plane, for who has the token of the run.

AWS has nothing like it. No S3 bucket can be called ``_rollway``, so no AWS request is ever mistaken for one to here.
"""

import json
import secrets
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final
from wsgiref.types import StartResponse, WSGIEnvironment

from pydantic import TypeAdapter, ValidationError

from rollway.sandbox.cloud import Cloud
from rollway.sandbox.fault_menu import Fault
from rollway.sandbox.faults import Planted

PATH: Final = "/_rollway/faults"
TOKEN_VARIABLE: Final = "ROLLWAY_SANDBOX_TOKEN"  # noqa: S105 - the name of the variable, not its value
"""The environment variable that holds the token."""

_NO_TOKEN: Final = (
    f"the token of this run is missing or wrong: send the header 'Authorization: Bearer ${TOKEN_VARIABLE}', with the value that "
    "rollway sandbox printed at its start"
)
_FAULT: TypeAdapter[Fault] = TypeAdapter(Fault)
_PLANTED: TypeAdapter[list[Planted]] = TypeAdapter(list[Planted])
_Answer = tuple[HTTPStatus, object]


class FaultDoor:
    """Answers GET (which faults are planted), POST (plant one) and DELETE (remove all of them), if the token comes with it."""

    def __init__(self, cloud: Cloud, token: str) -> None:
        self._cloud = cloud
        self._authorization = f"Bearer {token}".encode()

    def takes(self, environ: WSGIEnvironment) -> bool:
        """Whether a request is for here."""
        return environ.get("PATH_INFO") == PATH

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> list[bytes]:
        """Answer one request, with JSON, as a WSGI application."""
        status, content = self._answer(environ)
        headers = [("Content-Type", "application/json"), ("Allow", "GET, POST, DELETE")]
        start_response(f"{status.value} {status.phrase}", headers)
        return [json.dumps(content).encode()]

    def _answer(self, environ: WSGIEnvironment) -> _Answer:
        if not secrets.compare_digest(environ.get("HTTP_AUTHORIZATION", "").encode(), self._authorization):
            return HTTPStatus.UNAUTHORIZED, _problems(_NO_TOKEN)
        match environ["REQUEST_METHOD"]:
            case "GET":
                return HTTPStatus.OK, self._planted()
            case "POST":
                return self._plant(environ["wsgi.input"].read())
            case "DELETE":
                self._cloud.clear_faults()
                return HTTPStatus.OK, self._planted()
            case method:
                return HTTPStatus.METHOD_NOT_ALLOWED, _problems(f"{PATH} knows no {method}: GET, POST or DELETE")

    def _plant(self, body: bytes) -> _Answer:
        try:
            fault = _FAULT.validate_json(body)
        except ValidationError as error:
            problems = (f"{'.'.join(map(str, e['loc'])) or 'the fault'}: {e['msg']}" for e in error.errors())
            return HTTPStatus.BAD_REQUEST, _problems(*problems)
        self._cloud.plant(fault)
        return HTTPStatus.CREATED, fault.model_dump(mode="json")

    def _planted(self) -> object:
        return {"faults": _PLANTED.dump_python(self._cloud.faults.planted(), mode="json")}


def _problems(*problems: str) -> Mapping[str, Any]:
    return {"problems": problems}
