"""What the index of an OCI layout lists: images, and what only lies beside them."""

from collections.abc import Iterator, Sequence
from typing import Final

from slimgate.core.errors import ImageError
from slimgate.core.images.facts import Digest
from slimgate.core.images.oci import Descriptor, Index, Manifest, parse_document
from slimgate.core.images.platforms import normalized
from slimgate.sources.files import Files

_MAX_LOOKS: Final = 100
"""Documents that are read to tell images from what lies beside them."""
_NAMES: Final = ("org.opencontainers.image.ref.name", "io.containerd.image.name")


def path_of(digest: Digest) -> str:
    """Name the file of a blob."""
    return f"blobs/{digest.replace(':', '/')}"


def images_of(files: Files, index: Index) -> Sequence[Descriptor]:
    """Leave out attestations, signatures, SBOMs and SOCI indexes: nobody means those."""
    entries = [entry for entry in index.manifests if not entry.is_attestation]
    if not 1 < len(entries) <= _MAX_LOOKS:
        return entries
    return [e for e in entries if not _is_artifact(_read(files, e.digest))] or entries


def are_one(entries: Sequence[Descriptor]) -> bool:
    """Whether the entries are one image for several platforms, as old buildx wrote them."""
    platforms = {(entry.platform, entry.os_version) for entry in entries}
    same_name = len({frozenset(names_of(entry)) for entry in entries}) == 1
    is_named = all(entry.platform is not None for entry in entries)
    return same_name and is_named and len(platforms) == len(entries)


def names_of(entry: Descriptor) -> set[str]:
    """List the names that a layout gives to an image."""
    return {entry.annotations[key] for key in _NAMES if key in entry.annotations}


def held_platforms(files: Files, index: Index) -> Sequence[str]:
    """Name the platforms whose manifests are there: an export may be of one alone."""
    return sorted(set(_held(files, index, iter(range(_MAX_LOOKS)))))


def _held(files: Files, index: Index, left: Iterator[int]) -> Iterator[str]:
    for entry, _ in zip(index.manifests, left, strict=False):
        found = _read(files, entry.digest)
        if isinstance(found, Index):
            yield from _held(files, found, left)
        elif found is not None and entry.platform is not None and not entry.is_attestation:
            yield str(normalized(entry.platform))


def _read(files: Files, digest: Digest) -> Index | Manifest | None:
    try:
        body = files.document(path_of(digest))
        return None if body is None else parse_document(body, None)
    except ImageError:
        return None


def _is_artifact(found: Index | Manifest | None) -> bool:
    if isinstance(found, Index):
        # The referrers of an image, as registries without an API for them keep them.
        return bool(found.manifests) and all(e.artifact_type for e in found.manifests)
    return found is not None and found.is_artifact
