"""Settings of the registry client, and who hears of its requests."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final, Protocol, Self

from slimgate.engine.cpu_turns import CpuObserver, SilentCpuObserver
from slimgate.engine.zstd import MAX_WINDOW
from slimgate.registry.proxies import Proxy
from slimgate.settings import MAX_LAYER_BYTES, MEASURED_LAYER_BYTES, WHOLE_LAYER_BYTES, Exemption

_MAX_LAYER_SECONDS: Final = 3600.0
_MAX_UNPACK_SECONDS: Final = 300.0


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistrySettings:
    """Limits of the registry client; times are in seconds, sizes in bytes.

    `exemptions` are keyed by host[:port] as references write it. `refused_addresses` are IP
    addresses, or address:port pairs, that nothing may be sent to: the API server's.
    """

    exemptions: Mapping[str, Exemption] = field(default_factory=dict)
    refused_addresses: frozenset[str] = frozenset()
    proxy: Proxy | None = None
    user_agent: str = "slimgate"
    concurrency: int = 8
    """Requests in flight to one registry."""
    max_requests: int = 64
    """The same over all registries; a connection takes up to 300 KB, by its TLS."""
    max_body_bytes: int = 16 * 2**20
    """Bytes of documents that are being read at the same time; one may have 4 MiB."""
    connect_seconds: float = 5.0
    request_seconds: float = 10.0
    """From sending a request to having read its answer, redirects included."""
    layer_seconds: float = 60.0
    """The same for a layer that is read whole; it must not pause for longer than a request may."""
    backoff_seconds: float = 30.0
    """How long a registry that answers 429 is left alone if it does not say."""
    retries: tuple[float, ...] = (0.25, 0.75, 2.0)
    """How long to wait before each further try where one that is busy does not say how long."""
    max_backoff_seconds: float = 6 * 3600.0
    whole_layer_bytes: int = WHOLE_LAYER_BYTES
    """Layers up to this compressed size are read whole, which nothing can deceive."""
    measured_layer_bytes: int = MEASURED_LAYER_BYTES
    """The same where a verdict hinges on it."""
    listed_layer_bytes: int = WHOLE_LAYER_BYTES
    """Layers up to this compressed size are listed, if they are read whole.

    Lists are forgotten first, and a layer with its list: a large one should be read once.
    """
    unranged_layer_bytes: int = 8 * WHOLE_LAYER_BYTES
    """Layers up to this size are read whole where a registry serves no parts of them."""
    host_streams: int = 4
    """Layers read whole at the same time from one registry."""
    max_streams: int = 16
    """The same over all registries, since each takes some memory."""
    max_unpacked_bytes: int = 16 * 2**30
    max_unpack_seconds: float = 10.0
    """CPU time for one layer; a namespace may take as much at once, and then a quarter of it."""
    max_window_bytes: int = MAX_WINDOW
    """Memory that zstd asks for, of all layers that are unpacked at the same time."""
    niceness: int = 0
    """Of the threads that unpack: how far they leave the processor to others in the process."""
    silent_requests: int = 3
    """Who answered none of so many in a row, a host or one repository of it, is left alone."""
    silent_seconds: float = 15.0
    """How long nothing is sent there then; 0 for never leaving one alone."""

    def exactly(self) -> Self:
        """Read and list every layer whole, and let each take the most that any may."""
        return replace(
            self,
            whole_layer_bytes=MAX_LAYER_BYTES,
            listed_layer_bytes=MAX_LAYER_BYTES,
            layer_seconds=_MAX_LAYER_SECONDS,
            max_unpacked_bytes=MAX_LAYER_BYTES,
            max_unpack_seconds=_MAX_UNPACK_SECONDS,
        )

    def for_layer(self, size: int) -> Self:
        """Let a layer of this compressed size take as much more as it is above what is usual.

        An hour and 5 minutes of CPU time are the most.
        """
        factor = max(1.0, size / WHOLE_LAYER_BYTES)
        return replace(
            self,
            layer_seconds=min(self.layer_seconds * factor, _MAX_LAYER_SECONDS),
            max_unpacked_bytes=min(int(self.max_unpacked_bytes * factor), MAX_LAYER_BYTES),
            max_unpack_seconds=min(self.max_unpack_seconds * factor, _MAX_UNPACK_SECONDS),
        )


class RegistryObserver(CpuObserver, Protocol):
    """Told of every request, for metrics. Hosts are as the reference wrote them, docker.io too."""

    def request(self, host: str, method: str, outcome: int | str, seconds: float) -> None:
        """Hear that one exchange ended with an HTTP status, or with an error's `reason`."""

    def rate_limit(self, host: str, remaining: int) -> None:
        """Hear how many pulls are left in the registry's window."""

    def request_skipped(self, host: str, reason: str) -> None:
        """Hear that nothing was sent, since the host is left alone, for an error's `reason`."""


class SilentRegistryObserver(SilentCpuObserver):
    """Ignores what it hears."""

    def request(self, host: str, method: str, outcome: int | str, seconds: float) -> None:
        """Do nothing."""

    def rate_limit(self, host: str, remaining: int) -> None:
        """Do nothing."""

    def request_skipped(self, host: str, reason: str) -> None:
        """Do nothing."""
