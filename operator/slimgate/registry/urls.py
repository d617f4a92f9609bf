"""Parts of URLs as connections are made by them."""

from yarl import URL

from slimgate.core.text import printable

Origin = tuple[str, str, int | None]


def authority_of(url: URL) -> str:
    """Write host and port as references do, safe to print."""
    return printable(url.host_port_subcomponent or "", 128)


def same_origin(one: URL, other: URL) -> bool:
    """Whether both are the same host and port, so that a credential for one is for the other."""
    return origin_of(one) == origin_of(other)


def origin_of(url: URL) -> Origin:
    """Take scheme, host and port of a URL."""
    return url.scheme, host_of(url), url.port


def host_of(url: URL) -> str:
    """Take the host as it is connected to: what it decodes to may be another one's name."""
    return (url.raw_host or "").lower()
