"""Which requests go by a proxy, as HTTPS_PROXY and NO_PROXY tell Go programs.

https://pkg.go.dev/golang.org/x/net/http/httpproxy#Config
"""

import ipaddress
from dataclasses import dataclass
from typing import Final

from yarl import URL

from slimgate.core.images.literals import Address, literal_of
from slimgate.registry.urls import authority_of, host_of

_DEFAULT_PORT: Final = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Proxy:
    """The proxy of requests over HTTPS; `exempt` is a list as in NO_PROXY."""

    url: URL
    exempt: str = ""

    @property
    def name(self) -> str:
        """The proxy in words, without its password."""
        return f"the proxy {authority_of(self.url)}"

    def serves(self, url: URL) -> bool:
        """Whether a request goes by it: never one to this machine, nor over plain HTTP."""
        host = host_of(url).removesuffix(".")
        if url.scheme != "https" or host == "localhost":
            return False
        address = _address(host)
        if address is not None and address.is_loopback:
            return False
        entries = (one.strip().lower() for one in self.exempt.split(","))
        return not any(_exempts(entry, host, url.port, address) for entry in entries if entry)

    def is_at(self, host: str, port: int | None) -> bool:
        """Whether that is where it is itself."""
        return (host_of(self.url), self.url.port) == (host, port)


def parse_proxy(text: str, exempt: str = "") -> Proxy:
    """Read a proxy's URL, which may lack its scheme; ValueError if it is none."""
    url = URL(text if "://" in text else f"http://{text}")
    if url.scheme not in _DEFAULT_PORT or not url.raw_host or url.port is None:
        raise ValueError("a proxy's URL begins with http:// or https:// and names a host")
    return Proxy(url.origin().with_user(url.user).with_password(url.password), exempt)


def _exempts(entry: str, host: str, port: int | None, address: Address | None) -> bool:
    if entry == "*":
        return True
    if address is not None:
        return _exempts_address(entry, port, address)
    name, _, its_port = entry.partition(":")
    if its_port and its_port != str(port):
        return False
    bare = name.removeprefix("*").removeprefix(".")
    return host.endswith(f".{bare}") or (host == bare and not name.startswith((".", "*")))


def _exempts_address(entry: str, port: int | None, address: Address) -> bool:
    try:
        return address in ipaddress.ip_network(entry.strip("[]"), strict=False)
    except ValueError:
        name, _, its_port = entry.rpartition(":")
    return its_port == str(port) and _address(name) == address


def _address(host: str) -> Address | None:
    try:
        return literal_of(host) if host else None
    except ValueError:
        return None
