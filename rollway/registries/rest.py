"""Asking a registry over HTTP: time-outs, a few tries, and one taxonomy of what went wrong."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, cast

import httpx

from rollway import __version__
from rollway.registries.registry import RegistryRefused, RegistryUnreachable

TRIES: Final = 3
TIMEOUT_S: Final = 10.0
FIRST_PAUSE_S: Final = 0.5
"""Before the second try; doubled before every further one. Whoever asks, asks again later anyway."""
WORDS_LIMIT: Final = 300
_SUCCESS: Final = 200
_REDIRECT: Final = 300
_DENIED: Final = (401, 403)
_BUSY: Final = (408, 425, 429)
_SERVER_ERRORS: Final = 500

Json = Mapping[str, Any]


@dataclass(frozen=True)
class Answer:
    """What came back.

    Attributes:
        status: the HTTP status.
        body: the JSON object; empty where it was none.
    """

    status: int
    body: Json

    @property
    def found(self) -> bool:
        """Whether the request succeeded."""
        return _SUCCESS <= self.status < _REDIRECT

    @property
    def words(self) -> str:
        """The server's own words for why not, as one line of bounded length."""
        told = self.body.get("message") or self.body.get("error") or ""
        return " ".join(str(told).split())[:WORDS_LIMIT]


@dataclass(frozen=True)
class Rest:
    """A registry's REST API.

    Attributes:
        name: how to call the registry in messages.
        url: its address, without a slash at the end.
        token: a bearer token; empty for none.
        basic: user and password; None for none.
        sign_in_hint: what to do when it turns us down.
    """

    name: str
    url: str
    token: str = field(default="", repr=False)
    basic: tuple[str, str] | None = field(default=None, repr=False)
    sign_in_hint: str = ""

    def get(self, path: str, query: Mapping[str, str]) -> Answer:
        """Ask for something. A client error other than a denial is an answer: the caller knows what it means.

        Raises:
            RegistryUnreachable: no answer, or none but errors of the server, several times.
            RegistryRefused: not allowed, or the answer is no JSON object.
        """
        return self._send("GET", path, query=query)

    def post(self, path: str, body: Json) -> Answer:
        """Tell something; raises as ``get`` does. May be repeated, so only what is harmless twice is told this way."""
        return self._send("POST", path, body=body)

    def _send(self, method: str, path: str, query: Mapping[str, str] | None = None, body: Json | None = None) -> Answer:
        trouble = ""
        for attempt in range(TRIES):
            if attempt:
                time.sleep(FIRST_PAUSE_S * 2 ** (attempt - 1))
            try:
                response = self._request(method, path, query, body)
            except httpx.TransportError as error:
                trouble = f"{type(error).__name__}: {error}".rstrip(": ")
                continue
            except (httpx.InvalidURL, httpx.UnsupportedProtocol) as error:
                raise RegistryRefused(f"{self.name} has no usable address {self.url!r}: {error}") from error
            if response.status_code < _SERVER_ERRORS and response.status_code not in _BUSY:
                return self._understand(response)
            trouble = f"HTTP {response.status_code}"
        raise RegistryUnreachable(
            f"{self.name} at {self.url} did not answer {method} {path} in {TRIES} tries: {trouble}",
            hint="Check its address and the network; what was asked for is asked again.",
        )

    def _request(self, method: str, path: str, query: Mapping[str, str] | None, body: Json | None) -> httpx.Response:
        headers = {"User-Agent": f"rollway/{__version__}"}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        auth = httpx.BasicAuth(*self.basic) if self.basic and not self.token else None
        with httpx.Client(timeout=TIMEOUT_S, follow_redirects=False) as client:
            return client.request(method, f"{self.url}{path}", params=query, json=body, headers=headers, auth=auth)

    def _understand(self, response: httpx.Response) -> Answer:
        if response.status_code in _DENIED:
            raise RegistryRefused(
                f"{self.name} at {self.url} turned us down: HTTP {response.status_code}", hint=self.sign_in_hint
            )
        if _REDIRECT <= response.status_code < _REDIRECT + 100:
            raise RegistryRefused(
                f"{self.name} at {self.url} sends us to {response.headers.get('location', 'another place')}",
                hint="Give that address, if it is meant: credentials are not taken along by themselves.",
            )
        try:
            body: object = response.json()
        except ValueError as error:
            raise self.puzzle(f"{response.text[:WORDS_LIMIT]!r}") from error
        if not isinstance(body, dict):
            raise self.puzzle(f"a JSON {type(body).__name__}")
        return Answer(response.status_code, cast("Json", body))

    def puzzle(self, what: str) -> RegistryRefused:
        """Return the error for an answer that cannot be understood."""
        return RegistryRefused(
            f"{self.name} at {self.url} answered what cannot be understood: {what}",
            hint="Is this the address of its API, and not of a page or a proxy?",
        )
