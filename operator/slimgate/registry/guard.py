"""Which addresses slimgate calls: decided on the resolved address, which is then connected to.

The resolver hands aiohttp only addresses that passed, so a name that resolves differently a moment
later (DNS rebinding) gains nothing. The rules: docs/architecture.md, Untrusted input.
"""

import ipaddress
import socket
from enum import Enum
from typing import Final

from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from slimgate.core.errors import RefusedAddressError
from slimgate.core.images.literals import Address, literal_of
from slimgate.core.text import printable
from slimgate.registry.settings import RegistrySettings
from slimgate.registry.urls import host_of
from slimgate.settings import Exemption

_DEFAULT_PORTS: Final = {"http": 80, "https": 443}
_METADATA: Final = frozenset({
    "fd00:ec2::254",  # AWS
    "fd20:ce::254",  # Google
    "100.100.100.200",  # Alibaba
    "168.63.129.16",  # Azure, a public address
    "192.0.0.192",  # Oracle
})  # fmt: skip
_NEVER: Final = tuple(
    ipaddress.ip_network(network)
    for network in ("0.0.0.0/8", "240.0.0.0/4", "2001::/32")  # 2001::/32 is Teredo
)
_EMBEDDING: Final = tuple(
    ipaddress.IPv6Network(network) for network in ("64:ff9b::/96", "::/96", "::ffff:0:0:0/96")
)
"""Those that end in an IPv4 address: NAT64 (RFC 6052), and forms that went out of use."""
_LOCAL_NAT64: Final = ipaddress.IPv6Network("64:ff9b:1::/48")
_PLACES: Final = ((6, 7, 9, 10), (7, 9, 10, 11), (9, 10, 11, 12), (12, 13, 14, 15))
"""The bytes in which its translators have one (RFC 8215), by their prefix, RFC 6052 section 2.2."""
_ISATAP: Final = frozenset({"00005efe", "02005efe"})

_NEVER_IS: Final = "address, which slimgate never calls"


class AddressKind(Enum):
    """What an address is to us."""

    PUBLIC = "public"
    PRIVATE = "private"
    LOOPBACK = "loopback"
    NEVER = "never"


class Guard:
    """Decides for one settings object; `check_url` before a request, `check` on what DNS said."""

    def __init__(self, settings: RegistrySettings) -> None:
        self._exemptions = {
            name.lower(): exemption for name, exemption in settings.exemptions.items()
        }
        self._proxy = settings.proxy
        self._refused = frozenset(map(_canonical_refusal, settings.refused_addresses))

    def exemption(self, host: str, port: int | None) -> Exemption | None:
        """Find what settings say of a host, which must be lower case, and port."""
        name = f"[{host}]" if ":" in host else host
        found = self._exemptions.get(f"{name}:{port}")
        if found is None and port in _DEFAULT_PORTS.values():
            found = self._exemptions.get(name)
        return found

    def check_url(self, url: URL) -> None:
        """Refuse a URL by its form: scheme, user info, plain HTTP, a literal address."""
        host = host_of(url)
        if url.scheme not in _DEFAULT_PORTS or not host or url.port is None:
            raise RefusedAddressError("slimgate calls http and https addresses only")
        if not host.isascii():
            raise RefusedAddressError(f"{_shown(host)} is not a host name: write its ASCII form")
        if url.user is not None or url.password is not None:
            raise RefusedAddressError(f"the address of {_shown(host)} holds a user or password")
        if self._proxy is not None and self._proxy.is_at(host, url.port):
            raise RefusedAddressError(f"{_shown(host, url.port)} is the proxy, not a registry")
        exemption = self.exemption(host, url.port)
        if url.scheme == "http" and not (exemption and exemption.plain_http):
            raise RefusedAddressError(
                f"{_shown(host, url.port)} would be called over plain HTTP; serve it over HTTPS, "
                f"or {_listed(host, url.port, 'plainHTTP')}"
            )
        try:
            literal = literal_of(host)
        except ValueError as err:
            raise RefusedAddressError(f"{_shown(host)} is not an address that can be read") from err
        if literal is not None:
            self._check_address(literal, host, url.port, exemption, literal=True)

    def check(self, address: str, host: str, port: int) -> None:
        """Refuse an address that the host name resolved to; RefusedAddressError says so.

        The proxy's own may be any, and what names mean to it is not known here.
        """
        if self._proxy is not None and self._proxy.is_at(host, port):
            return
        self._check_address(
            ipaddress.ip_address(address), host, port, self.exemption(host, port), literal=False
        )

    def _check_address(
        self, address: Address, host: str, port: int, exemption: Exemption | None, *, literal: bool
    ) -> None:
        forms = {str(form) for form in _forms(address)}
        if self._refused & (forms | {f"{form} {port}" for form in forms}):
            raise RefusedAddressError(
                f"{_shown(host, port)} is at the API server's own {_NEVER_IS}"
            )
        kind = classify(address)
        if kind is AddressKind.NEVER:
            raise RefusedAddressError(
                f"{_shown(host, port)} is at a link-local, multicast or reserved {_NEVER_IS}"
            )
        if kind is AddressKind.LOOPBACK and not (exemption and exemption.loopback):
            raise _refused(host, port, "a loopback", "allowLoopback")
        if kind is AddressKind.PRIVATE and literal and exemption is None:
            raise _refused(host, port, "a private")


class GuardedResolver(AbstractResolver):
    """Resolves names and passes on only what the guard lets through: all of it or nothing."""

    def __init__(self, guard: Guard, inner: AbstractResolver) -> None:
        self._guard = guard
        self._inner = inner

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Look the name up; RefusedAddressError if any of its addresses is refused."""
        found = await self._inner.resolve(host, port, family)
        for result in found:
            self._guard.check(result["host"], host.lower(), port)
        return found

    async def close(self) -> None:
        """Release the inner resolver."""
        await self._inner.close()


def classify(address: Address) -> AddressKind:
    """Sort an address; of one that embeds another, such as NAT64, the worse kind counts."""
    order = list(AddressKind)
    return max(map(_classify_one, _forms(address)), key=order.index)


def _classify_one(address: Address) -> AddressKind:
    if address.is_loopback:
        return AddressKind.LOOPBACK
    if (
        address.is_unspecified
        or address.is_link_local
        or address.is_multicast
        or str(address) in _METADATA
        or any(address in network for network in _NEVER if network.version == address.version)
    ):
        return AddressKind.NEVER
    site_local = isinstance(address, ipaddress.IPv6Address) and address.is_site_local
    return AddressKind.PUBLIC if address.is_global and not site_local else AddressKind.PRIVATE


def _forms(address: Address) -> list[Address]:
    """List the address without its zone, and the IPv4 address that it carries, if it does."""
    if isinstance(address, ipaddress.IPv4Address):
        return [address]
    plain = ipaddress.IPv6Address(int(address))
    if plain.ipv4_mapped is not None:
        return [plain.ipv4_mapped]
    return [plain, *_carried(plain)]


def _carried(address: ipaddress.IPv6Address) -> list[Address]:
    if address.sixtofour is not None:
        return [address.sixtofour]
    if address in _LOCAL_NAT64:
        return _placed(address)
    ends = int(address) > 1 and any(address in network for network in _EMBEDDING)
    if not ends and address.packed[8:12].hex() not in _ISATAP:
        return []
    return [ipaddress.IPv4Address(address.packed[12:])]


def _placed(address: ipaddress.IPv6Address) -> list[Address]:
    """List the IPv4 addresses that it may carry."""
    packed = address.packed
    return [
        ipaddress.IPv4Address(bytes(packed[index] for index in place))
        for place in _PLACES
        if packed[place[0]] and not packed[8] and not any(packed[place[-1] + 1 :])
    ]


def _canonical_refusal(text: str) -> str:
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        host, _, port = text.rpartition(":")
        return f"{ipaddress.ip_address(host.strip('[]'))} {int(port)}"


def _refused(host: str, port: int, kind: str, *keys: str) -> RefusedAddressError:
    return RefusedAddressError(
        f"{_shown(host, port)} is at {kind} address, which slimgate does not call; if a registry "
        f"of yours is there, {_listed(host, port, *keys)}, with plainHTTP: true if it has no TLS"
    )


def _listed(host: str, port: int, *keys: str) -> str:
    """Say how the configuration file lists a registry: it may have none yet."""
    entry = "".join(f", {key}: true" for key in keys)
    return (
        f'write into the configuration file registries: [{{host: "{_shown(host, port)}"{entry}}}]'
    )


def _shown(host: str, port: int | None = None) -> str:
    """Write a host as an entry of the configuration file names it."""
    name = f"[{host}]" if ":" in host and port is not None else host
    listed = port is None or port in _DEFAULT_PORTS.values()
    return printable(name if listed else f"{name}:{port}", 128)
