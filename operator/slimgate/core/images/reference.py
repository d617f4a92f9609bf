"""Image references: what a pod template or a user names.

Grammar and normalisation follow github.com/distribution/reference v0.6.0, as containerd, Docker
and the kubelet do: https://github.com/distribution/reference/blob/v0.6.0/normalize.go
"""

import re
from contextlib import suppress
from dataclasses import dataclass, replace
from ipaddress import IPv4Address
from typing import Self

from slimgate.core.errors import InvalidReferenceError
from slimgate.core.images.facts import Digest
from slimgate.core.images.literals import literal_of
from slimgate.core.text import printable

DOCKER_HUB = "docker.io"
_LEGACY_HUB = "index.docker.io"
_HUBS = frozenset({DOCKER_HUB, _LEGACY_HUB, "registry-1.docker.io", "registry.hub.docker.com"})
"""Hosts at which Docker Hub's registry answers, or that stand for it."""
_ZEROS = re.compile(r"\A([^/]{1,255}?:)0+(?=[0-9]+/)", re.ASCII)
_PORT = re.compile(r":([0-9]+)\Z", re.ASCII)
HTTPS_PORT = 443

_HOST_LABEL = r"(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])"
_HOST = rf"(?:{_HOST_LABEL}(?:\.{_HOST_LABEL})*|\[(?:[a-fA-F0-9:]+)\])(?::[0-9]+)?"
_PATH_PART = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_DOMAIN = re.compile(_HOST, re.ASCII)
_PART = re.compile(_PATH_PART, re.ASCII)
_PATH = re.compile(rf"{_PATH_PART}(?:/{_PATH_PART})*", re.ASCII)
_TAG = re.compile(r"\w[\w.-]{0,127}", re.ASCII)
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128}", re.ASCII)
_BARE_ID = re.compile(r"[a-f0-9]{64}", re.ASCII)
_TEMPLATE = re.compile(r"\{\{|\$[({\w]|<[^<>]+>|%\w+%|@@\w", re.ASCII)
_MAX_REPOSITORY = 255
_MAX_TEXT = 1024
_MAX_PORT = 65535


@dataclass(frozen=True, slots=True)
class Reference:
    """A registry, a repository in it, and a tag or a digest; the digest wins where both stand."""

    registry: str
    repository: str
    tag: str | None = None
    digest: Digest | None = None

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a reference as containerd does; InvalidReferenceError says what is wrong."""
        if len(text) > _MAX_TEXT:
            # To a runtime these change nothing, however many there are.
            text = _ZEROS.sub(r"\1", text)
        if not text or len(text) > _MAX_TEXT:
            raise _invalid(text, "it is empty" if not text else "it is too long")
        if is_template(text):
            raise _invalid(text, "it looks like a template that nobody rendered")
        if "://" in text:
            raise _invalid(text, "a reference has no scheme")
        if _BARE_ID.fullmatch(text):
            raise _invalid(text, "it is an image ID, not a reference")
        rest, digest = _split_digest(text)
        domain, path = _split_domain(rest)
        path, tag = _split_tag(path, text)
        if domain == DOCKER_HUB and "/" not in path:
            path = f"library/{path}"
        _check_name(domain, path, text)
        if digest is None and tag is None:
            tag = "latest"
        return cls(domain, path, tag, digest)

    @property
    def name(self) -> str:
        """Registry and repository, without tag and digest: the kubelet's key for credentials."""
        return f"{self.registry}/{self.repository}"

    @property
    def plain(self) -> Self:
        """The same image, by the one spelling of its registry that rules are compared with.

        What is looked up, and with whose credentials, goes by what is written, as everywhere.
        """
        registry, repository = plain_registry(self.registry), self.repository
        if registry == DOCKER_HUB and "/" not in repository:
            repository = f"library/{repository}"
        return replace(self, registry=registry, repository=repository)

    @property
    def familiar(self) -> str:
        """The reference as people write it: `golang:1.26` for docker.io/library/golang:1.26."""
        # library/a/b is not what a/b names, and a.b/c names a registry.
        nested = self.repository.count("/") > 1
        short = self.repository if nested else self.repository.removeprefix("library/")
        if self.registry != DOCKER_HUB or _split_domain(short) != (DOCKER_HUB, short):
            return str(self)
        return f"{short}{str(self).removeprefix(self.name)}"

    @property
    def identifier(self) -> str:
        """What the registry is asked for: the digest, else the tag."""
        return self.digest or self.tag or "latest"

    def at(self, digest: Digest) -> "Reference":
        """Name the same repository's manifest by its digest."""
        return replace(self, tag=None, digest=digest)

    def __str__(self) -> str:
        tag = f":{self.tag}" if self.tag else ""
        digest = f"@{self.digest}" if self.digest else ""
        return f"{self.name}{tag}{digest}"


def is_template(text: str) -> bool:
    """Whether a text was to be replaced, as {{ .Values.image }}, ${IMAGE} and <image> were."""
    return _TEMPLATE.search(text) is not None


def plain_registry(written: str) -> str:
    """Write a registry as all are that reach the same one.

    Hosts are the same in upper case and with a dot at their end, addresses and ports are numbers,
    and the port of HTTPS goes without saying.
    """
    host, port = split_port(written.lower())
    # Else it is the first part of a repository, in a glob.
    host = _plain_host(host) if "." in written or ":" in written else host
    if port in {None, HTTPS_PORT}:
        return DOCKER_HUB if host in _HUBS else host
    return f"{host}:{port}"


def split_port(registry: str) -> tuple[str, int | None]:
    """Take the port off a registry, None if it has none."""
    match = _PORT.search(registry)
    return (registry, None) if match is None else (registry[: match.start()], int(match[1]))


def parse_digest(text: str) -> Digest:
    """Check a digest's form before it is used anywhere (CVE-2024-3727 is why)."""
    if not _DIGEST.fullmatch(text):
        raise InvalidReferenceError(
            f"{printable(text)!r} is not a digest: write sha256: and 64 hex digits."
        )
    return Digest(text)


def _split_digest(text: str) -> tuple[str, Digest | None]:
    rest, at, digest = text.partition("@")
    if not at:
        return rest, None
    if not _DIGEST.fullmatch(digest):
        raise _invalid(text, "what follows @ is not a sha256 digest")
    return rest, Digest(digest)


def _split_domain(rest: str) -> tuple[str, str]:
    first, slash, path = rest.partition("/")
    is_domain = slash and (
        "." in first or ":" in first or first == "localhost" or first.lower() != first
    )
    if not is_domain:
        return DOCKER_HUB, rest
    return (DOCKER_HUB if first == _LEGACY_HUB else first), path


def _split_tag(path: str, text: str) -> tuple[str, str | None]:
    name, colon, tag = path.partition(":")
    if colon and not _TAG.fullmatch(tag):
        raise _invalid(text, "what follows : is not a tag")
    return name, tag if colon else None


def _check_name(domain: str, path: str, text: str) -> None:
    # To the grammar a host with _ is the beginning of a path, and containerd asks it all the same.
    is_host = _DOMAIN.fullmatch(domain) or _PART.fullmatch(domain)
    if not is_host or not _valid_port(domain):
        raise _invalid(text, "its registry is not a host[:port]")
    if _PATH.fullmatch(path.lower()) and path.lower() != path:
        raise _invalid(text, "its repository must be lower case")
    if not _PATH.fullmatch(path):
        raise _invalid(text, "its repository is malformed")
    if len(path) > _MAX_REPOSITORY:
        raise _invalid(text, f"its repository is longer than {_MAX_REPOSITORY} characters")


def _valid_port(domain: str) -> bool:
    port = split_port(domain)[1]
    return port is None or port in range(1, _MAX_PORT + 1)


def _plain_host(host: str) -> str:
    """Write an address in its one short form, an IPv6 one as the IPv4 one that it stands for."""
    host = host.removesuffix(".")
    with suppress(ValueError):
        address = literal_of(host)
        if isinstance(address, IPv4Address):
            return str(address)
        if address is not None:
            mapped = address.ipv4_mapped
            return f"[{address}]" if mapped is None else str(mapped)
    return host


def _invalid(text: str, why: str) -> InvalidReferenceError:
    return InvalidReferenceError(
        f"{printable(text, 128)!r} is not an image reference: {why}; "
        "write registry/repository:tag or registry/repository@sha256:…"
    )
