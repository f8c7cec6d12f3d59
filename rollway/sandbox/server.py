"""The control plane of the simulated AWS as an HTTP server on loopback: what ``AWS_ENDPOINT_URL`` points at.

moto routes, parses and serialises; the adapter makes it answer from the simulated account. In front of both, a small WSGI
layer pins the account, takes faults, keeps S3 on disk and turns what nobody implements into a clean error instead of a page
of HTML. moto's own control paths are left out.
"""

import json
import logging
import secrets
from collections.abc import Iterable
from contextlib import ExitStack
from http import HTTPStatus
from typing import Any, Final
from wsgiref.types import StartResponse, WSGIEnvironment

from moto.core.base_backend import BackendDict
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

from rollway.sandbox.cloud import Cloud
from rollway.sandbox.fault_door import FaultDoor
from rollway.sandbox.http_server import LoopbackServer
from rollway.sandbox.moto_adapter import installed
from rollway.sandbox.moto_adapter.s3_files import S3Files

_log = logging.getLogger(__name__)
_SERVED: Final = frozenset(
    (
        *(
            "applicationautoscaling",
            "cloudwatch",
            "ecr",
            "iam",
            "kms",
            "s3",
            "sagemaker",
            "sagemakerruntime",
            "scheduler",
        ),
        *("secretsmanager", "servicequotas", "sns", "sqs", "sts"),
    )
)
"""The services that Rollway uses, and those that what it uses belongs to."""
_MOTOS_OWN: Final = frozenset({"moto_api", "moto_api._internal", "instance_metadata"})
_READING = frozenset({"GET", "HEAD", "OPTIONS"})


class ControlPlane:
    """Serves the simulated account on 127.0.0.1 until stopped.

    Args:
        cloud: the account.
        port: the port to listen on; 0 takes a free one.
        s3_files: where S3 is kept on disk, or None to keep it in memory only.
        token: what requests about faults must carry; empty for a new one.

    Attributes:
        token: the same.

    moto's state belongs to the process: starting empties it, and only one account can run in a process at a time.
    """

    def __init__(self, cloud: Cloud, *, port: int = 0, s3_files: S3Files | None = None, token: str = "") -> None:
        self.token = token or secrets.token_urlsafe()
        self._cloud = cloud
        self._port = port
        self._s3_files = s3_files
        self._server: LoopbackServer | None = None
        self._running = ExitStack()

    @property
    def url(self) -> str:
        """The address for ``AWS_ENDPOINT_URL``. Available once started."""
        if self._server is None:
            raise RuntimeError("the control plane has no address before it is started")
        return self._server.url

    def start(self) -> None:
        """Empty moto, read S3 back from disk, and listen in a thread of its own.

        Raises:
            OSError: when the port is taken.
            RuntimeError: when another simulated account runs in this process.
        """
        with ExitStack() as starting:
            starting.enter_context(installed(self._cloud))
            BackendDict.reset()
            if self._s3_files:
                self._s3_files.restore()
            self._server = LoopbackServer(_Front(self._cloud, self._s3_files, self.token), self._port)
            starting.callback(self._server.stop)
            self._running = starting.pop_all()

    def stop(self) -> None:
        """Stop listening and give moto back as it was. Safe to repeat."""
        self._running.close()


class _Front:
    """The WSGI layer in front of moto."""

    def __init__(self, cloud: Cloud, s3_files: S3Files | None, token: str) -> None:
        self._account_id = cloud.settings.account_id
        self._s3_files = s3_files
        self._faults = FaultDoor(cloud, token)
        self._app = _Services(create_backend_app)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if self._faults.takes(environ):
            return self._faults(environ, start_response)
        environ["HTTP_X_MOTO_ACCOUNT_ID"] = self._account_id
        try:
            answer: Iterable[bytes] = self._app(environ, start_response)
        except NotImplementedError as missing:
            why = f"Not part of the simulated AWS: {missing}"
            return _fail(HTTPStatus.NOT_IMPLEMENTED, "UnknownOperationException", why, start_response)
        except Exception as error:  # noqa: BLE001 - whatever it was, the client gets an answer that it can read
            _log.exception("the simulated AWS failed")
            why = f"The simulated AWS failed: {error!r}"
            return _fail(HTTPStatus.INTERNAL_SERVER_ERROR, "InternalFailure", why, start_response)
        if self._s3_files and _may_change_s3(environ):
            self._s3_files.save()
        return answer


class _Services(DomainDispatcherApplication):
    """moto's dispatch to the services of the simulated AWS.

    moto has many more, and some of them start programs (Batch, Lambda) or send requests anywhere. What AWS does not have, such as
    ``/moto-api/reset``, is a path of S3's as on AWS.
    """

    def get_backend_for_host(self, host: str | None) -> Any:  # noqa: ANN401 - as in moto
        """Return the name of the service; None where the host does not tell.

        Raises:
            NotImplementedError: it is none of the simulated AWS's.
        """
        backend = super().get_backend_for_host(host)
        if backend in _MOTOS_OWN:
            return "s3"
        if backend is not None and backend not in _SERVED:
            raise NotImplementedError(f"the service {backend}; there are {', '.join(sorted(_SERVED))}")
        return backend


def _may_change_s3(environ: WSGIEnvironment) -> bool:
    # S3 names its operations by method and path, the JSON services by a header; that is enough to leave those out.
    return environ["REQUEST_METHOD"] not in _READING and "HTTP_X_AMZ_TARGET" not in environ


def _fail(status: HTTPStatus, code: str, message: str, start_response: StartResponse) -> list[bytes]:
    """Answer with an error that any AWS client reads. botocore retries a 500 but not a 501."""
    body = json.dumps({"__type": code, "message": message}).encode()
    headers = [("Content-Type", "application/x-amz-json-1.1"), ("x-amzn-ErrorType", code)]
    start_response(f"{status.value} {status.phrase}", headers)
    return [body]
