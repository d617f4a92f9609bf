"""What the registry client can be told, and whom it tells what it does."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from slimgate.settings import Exemption


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistrySettings:
    """Limits of the registry client; times are in seconds, sizes in bytes.

    `exemptions` are keyed by host[:port] as references write it. `refused_addresses` are IP
    addresses, or address:port pairs, that nothing may be sent to: the API server's.
    """

    exemptions: Mapping[str, Exemption] = field(default_factory=dict)
    refused_addresses: frozenset[str] = frozenset()
    user_agent: str = "slimgate"
    concurrency: int = 8
    """Requests in flight to one registry."""
    connect_seconds: float = 5.0
    request_seconds: float = 10.0
    """From sending a request to having read its answer, redirects included."""
    layer_seconds: float = 60.0
    """The same for a layer that is read whole."""
    backoff_seconds: float = 30.0
    """How long a registry that answers 429 is left alone if it does not say."""
    max_backoff_seconds: float = 6 * 3600.0
    whole_layer_bytes: int = 8 * 2**20
    """Layers up to this compressed size are read whole, which is exact."""
    stream_limit: int = 0
    """The same limit where exactness is worth the download; the larger of the two counts."""
    host_streams: int = 4
    """Layers read whole at the same time from one registry."""
    max_streams: int = 16
    """The same over all registries, since each takes some memory."""
    max_unpacked_bytes: int = 16 * 2**30
    max_unpack_seconds: float = 10.0
    """CPU time for one layer."""


class RegistryObserver(Protocol):
    """Told of every request, for metrics. Hosts are as the reference wrote them, docker.io too."""

    def request(self, host: str, method: str, outcome: int | str, seconds: float) -> None:
        """Hear that one exchange ended with an HTTP status, or with an error's `reason`."""

    def rate_limit(self, host: str, remaining: int) -> None:
        """Hear how many pulls are left in the registry's window."""


class SilentObserver:
    """Tells nobody."""

    def request(self, host: str, method: str, outcome: int | str, seconds: float) -> None:
        """Do nothing."""

    def rate_limit(self, host: str, remaining: int) -> None:
        """Do nothing."""
