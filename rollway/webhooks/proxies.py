"""Proxies that are believed what they say of where a request comes from."""

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass

from policies.errors import RolloutError
from rollway.webhooks.limits import read_address

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True)
class Proxies:
    """The addresses of trusted proxies.

    Attributes:
        networks: what they are in.
    """

    networks: tuple[Network, ...] = ()

    def __contains__(self, address: str) -> bool:
        """Whether an address is one of theirs."""
        try:
            parsed = read_address(address)
        except ValueError:
            return False
        return any(parsed in network for network in self.networks)


def read_proxies(texts: Sequence[str]) -> Proxies:
    """Return the proxies with these addresses or networks.

    Raises:
        RolloutError: one is not an address or network, or stands for every address there is.
    """
    return Proxies(tuple(map(_read_network, texts)))


def _read_network(text: str) -> Network:
    hint = "Give an address or a network, for example 10.0.0.7 or 10.0.8.0/24."
    try:
        network = ipaddress.ip_network(text)
    except ValueError as error:
        raise RolloutError(f"--trusted-proxy {text!r} is not an address or network: {error}", hint=hint) from error
    if network.prefixlen == 0:
        raise RolloutError(
            f"--trusted-proxy {text!r} is every address, so every client could pretend to be another", hint=hint
        )
    return network
