"""The certificate that SNS signs with: fetched, checked up to a root that is trusted, kept.

SNS hands out its own certificate alone. The one between it and the root is fetched from where the first one says, if that is Amazon's.
"""

import re
import ssl
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable
from datetime import datetime
from pathlib import Path
from typing import Final

import certifi
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.x509.oid import AuthorityInformationAccessOID
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError

from policies.errors import RolloutError

Fetch = Callable[[str], bytes]
"""Gets what is at a URL; raises ``Unavailable``."""

_ISSUERS: Final = re.compile(r"http://crt\.[a-z0-9]{1,20}\.amazontrust\.com/[a-z0-9]{1,20}\.cer")
_KEPT: Final = 16
_FETCHES: Final = 30
"""Certificates that are fetched within a minute at most; SNS has one for each Region and changes it about once a year."""
_MINUTE_S: Final = 60


class Unavailable(RolloutError):
    """What is at a URL cannot be fetched now."""

    code = "unavailable"


class Untrusted(RolloutError):
    """A certificate is not what it should be."""

    code = "untrusted_certificate"


def system_roots() -> Store:
    """Return the roots that this machine trusts; those of the package certifi where it has none.

    Raises:
        RolloutError: there are none.
    """
    paths = ssl.get_default_verify_paths()
    files = [Path(path) for path in (paths.cafile, certifi.where()) if path and Path(path).is_file()]
    for file in files:
        roots = read_all(file.read_bytes())
        if roots:
            return Store(roots)
    raise RolloutError("this machine trusts no certificate authority", hint="Install its ca-certificates.")


def read_all(content: bytes) -> list[x509.Certificate]:
    """Return the certificates in PEM, without those that cannot be read; none when there is none."""
    found: list[x509.Certificate] = []
    for block in re.findall(rb"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", content, re.DOTALL):
        try:
            found.append(x509.load_pem_x509_certificate(block + b"\n"))
        except ValueError:
            continue
    return found


class Certificates:
    """Certificates by the URL that they come from. May be shared between threads."""

    def __init__(self, fetch: Fetch, roots: Store | None = None) -> None:
        """Trust some roots, by default the system's, which are read when they are first needed.

        Args:
            fetch: gets what is at a URL: with a time-out, a limit of size, and no redirects.
            roots: what is trusted.
        """
        self._fetch = fetch
        self._roots = roots
        self._chains: OrderedDict[str, list[x509.Certificate]] = OrderedDict()
        self._fetched_at: list[datetime] = []
        self._lock = threading.Lock()

    def key(self, url: str, names: Iterable[str], at: datetime) -> RSAPublicKey:
        """Return the public key of the certificate at a URL.

        Args:
            url: where it is; checked by the caller.
            names: whom it may have been issued to, one of them.
            at: now.

        Raises:
            Unavailable: it cannot be fetched.
            Untrusted: it is not valid now, not issued to any of these names, or leads to no root that is trusted.
        """
        with self._lock:
            known = self._chains.get(url)
        chain = known or self._complete(self._get_chain(url, at), at)
        key = self._check(chain, names, at)
        with self._lock:  # not held while fetching, so that a known certificate never waits for an unknown one
            self._chains[url] = chain
            self._chains.move_to_end(url)
            while len(self._chains) > _KEPT:
                self._chains.popitem(last=False)
            return key

    def _get_chain(self, url: str, at: datetime) -> list[x509.Certificate]:
        chain = read_all(self._get(url, at))
        if not chain:
            raise Untrusted("there is no certificate at the URL that the message names")
        return chain

    def _get(self, url: str, at: datetime) -> bytes:
        """Fetch, within bounds: whoever sends messages must not have us fetch without end."""
        with self._lock:
            self._fetched_at = [time for time in self._fetched_at if (at - time).total_seconds() < _MINUTE_S]
            if len(self._fetched_at) >= _FETCHES:
                raise Unavailable(f"{_FETCHES} certificates were fetched within the last minute")
            self._fetched_at.append(at)
        return self._fetch(url)

    def _complete(self, chain: list[x509.Certificate], at: datetime) -> list[x509.Certificate]:
        """Add the issuer of a certificate that came alone, where Amazon has it."""
        if len(chain) > 1:
            return chain
        url = next(filter(_ISSUERS.fullmatch, _issuer_urls(chain[0])), None)
        if url is None:
            return chain
        try:
            return [*chain, x509.load_der_x509_certificate(self._get(url, at))]
        except ValueError as error:
            raise Unavailable(f"there is no certificate at {url}") from error

    def _check(self, chain: list[x509.Certificate], names: Iterable[str], at: datetime) -> RSAPublicKey:
        leaf, *others = chain
        issued_to = set(_names(leaf))
        name = next((each for each in names if each in issued_to), None)
        if name is None:
            raise Untrusted("the certificate was not issued to SNS")
        self._roots = self._roots or system_roots()
        verifier = PolicyBuilder().store(self._roots).time(at).build_server_verifier(x509.DNSName(name))
        try:
            verifier.verify(leaf, others)
            key = leaf.public_key()
        except (VerificationError, ValueError, UnsupportedAlgorithm) as error:
            raise Untrusted("the certificate is not valid now, or leads to no root that is trusted here") from error
        if not isinstance(key, RSAPublicKey):
            raise Untrusted("the certificate's key is none of RSA")
        return key


def _names(certificate: x509.Certificate) -> list[str]:
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except (x509.ExtensionNotFound, ValueError):
        return []
    return names.value.get_values_for_type(x509.DNSName)


def _issuer_urls(certificate: x509.Certificate) -> list[str]:
    try:
        found = certificate.extensions.get_extension_for_class(x509.AuthorityInformationAccess).value
    except (x509.ExtensionNotFound, ValueError):
        return []
    return [
        each.access_location.value
        for each in found
        if each.access_method == AuthorityInformationAccessOID.CA_ISSUERS
        and isinstance(each.access_location, x509.UniformResourceIdentifier)
    ]
