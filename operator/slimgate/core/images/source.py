"""Sourced references: a registry reference, or a word that says where else the image lies.

    docker://NAME                    the Docker engine's image of that name or ID
    oci:FOLDER[:TAG][@DIGEST]        an OCI layout
    oci-archive:FILE[:TAG][@DIGEST]  an OCI layout in a tar archive
    docker-archive:FILE[:NAME]       what `docker save` writes
    anything else                    an image in a registry

As in containers-transports(5), a path ends at its first colon, so that tags and names may hold
colons themselves. A local image called `oci` or the like is reached as docker.io/library/oci.
"""

import re
from dataclasses import dataclass
from enum import Enum
from typing import Final

from slimgate.core.errors import InvalidReferenceError
from slimgate.core.images.facts import Digest
from slimgate.core.images.reference import Reference, parse_digest
from slimgate.core.text import printable


class SourceKind(Enum):
    """Where an image lies; the value is the prefix that says so."""

    REGISTRY = ""
    ENGINE = "docker://"
    OCI_LAYOUT = "oci:"
    OCI_ARCHIVE = "oci-archive:"
    DOCKER_ARCHIVE = "docker-archive:"

    @property
    def is_local(self) -> bool:
        """Whether the image is had without a registry."""
        return self is not SourceKind.REGISTRY


@dataclass(frozen=True, slots=True, kw_only=True)
class SourcedReference:
    """Where an image lies, and which one there.

    `text` is what the user wrote. `location` is a path, the name that the Docker engine knows,
    or the reference again; `name` chooses an image inside a layout or archive, None takes the
    only one. `reference` is what sources are asked for: outside registries, its registry is the
    word before the colon, which is no host, and its repository what follows.
    """

    kind: SourceKind
    text: str
    location: str
    name: str | None
    reference: Reference


_MAX_TEXT: Final = 4096
_DAEMON: Final = "docker-daemon:"
"""What skopeo and podman call the Docker engine; as a reference it would be a registry's image."""
_LAYOUT: Final = "oci-layout:"
"""What buildx and ORAS call an OCI layout."""
_STORE: Final = re.compile(
    r"(podman|containerd|cri-o|nerdctl|dir|ostree|tarball):(?=[/\[.])|(containers-storage):"
)
_SCHEME: Final = re.compile(r"[a-z][a-z0-9+-]*://", re.IGNORECASE)
_DIGEST: Final = re.compile(r"(?P<path>.*)@(?P<digest>sha\d+:.*)")
_ENGINE_NAME: Final = re.compile(r"[\w][\w.:/@\[\]-]*", re.ASCII)
_LOCAL: Final = tuple(kind for kind in SourceKind if kind.is_local)
_BY_WORD: Final = {kind.value.rstrip(":/"): kind for kind in _LOCAL}


def parse_source(text: str) -> SourcedReference:
    """Read a sourced reference; InvalidReferenceError says what is wrong with it."""
    if len(text) > _MAX_TEXT or printable(text, _MAX_TEXT) != text:
        raise _invalid(text, "it is too long or holds control characters")
    for kind in _LOCAL:
        if text.startswith(kind.value):
            return _local(kind, text, text.removeprefix(kind.value))
    if text.startswith(_DAEMON):
        name = text.removeprefix(_DAEMON)
        raise _invalid(text, f"write docker://{printable(name, 128)} for the Docker engine's image")
    if text.startswith(_LAYOUT):
        raise _invalid(text, f"write oci:{printable(text.removeprefix(_LAYOUT), 128)}")
    if store := _STORE.match(text):
        whose = store[0].rstrip(":")
        raise _invalid(
            text,
            f"slimgate does not read {whose}'s images: write them to an archive, as in podman "
            "save --format oci-archive -o image.tar NAME, and name that: oci-archive:image.tar",
        )
    if scheme := _SCHEME.match(text):
        raise _invalid(text, f"leave {scheme[0]!r} out for an image in a registry")
    reference = Reference.parse(text)
    return SourcedReference(
        kind=SourceKind.REGISTRY, text=text, location=text, name=None, reference=reference
    )


def local_source(reference: Reference) -> SourcedReference | None:
    """Tell where the image of a reference lies at hand; None for one in a registry."""
    kind = _BY_WORD.get(reference.registry)
    return None if kind is None else parse_source(f"{kind.value}{reference.repository}")


def _local(kind: SourceKind, text: str, rest: str) -> SourcedReference:
    if kind is SourceKind.ENGINE:
        location, name, digest = rest, None, None
        if not _ENGINE_NAME.fullmatch(location):
            raise _invalid(text, "the Docker engine knows images by name:tag or by ID")
    else:
        rest, digest = _split_digest(kind, text, rest)
        location, colon, tag = rest.partition(":")
        name = tag or None
        if not location or (colon and not tag):
            raise _invalid(text, f"write {kind.value}PATH or {kind.value}PATH:NAME")
    reference = Reference(kind.value.rstrip(":/"), rest, None, digest)
    return SourcedReference(kind=kind, text=text, location=location, name=name, reference=reference)


def _split_digest(kind: SourceKind, text: str, rest: str) -> tuple[str, Digest | None]:
    match = _DIGEST.fullmatch(rest)
    if match is None:
        return rest, None
    if kind is SourceKind.DOCKER_ARCHIVE:
        raise _invalid(text, "an image in a docker archive can't be chosen by digest")
    try:
        return match["path"], parse_digest(match["digest"])
    except InvalidReferenceError as err:
        raise _invalid(text, "what follows @ is not a sha256 digest") from err


def _invalid(text: str, why: str) -> InvalidReferenceError:
    return InvalidReferenceError(f"{printable(text, 128)!r} names no image: {why}")
