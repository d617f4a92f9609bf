"""Reads OCI and Docker documents: manifests, indexes and image configs.

Everything here is hostile input: shapes are checked, counts are capped, nothing is echoed raw.
Spec: https://github.com/opencontainers/image-spec/blob/v1.1.1/manifest.md
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, cast

from slimgate.core.errors import InvalidReferenceError, TooLargeError, UnsupportedError
from slimgate.core.images.facts import DiffID, Digest, Platform
from slimgate.core.images.reference import parse_digest
from slimgate.core.json_object import JsonObject
from slimgate.core.text import printable

OCI_INDEX: Final = "application/vnd.oci.image.index.v1+json"
OCI_MANIFEST: Final = "application/vnd.oci.image.manifest.v1+json"
OCI_CONFIG: Final = "application/vnd.oci.image.config.v1+json"
DOCKER_INDEX: Final = "application/vnd.docker.distribution.manifest.list.v2+json"
DOCKER_MANIFEST: Final = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_CONFIG: Final = "application/vnd.docker.container.image.v1+json"
ACCEPTED: Final = (OCI_INDEX, DOCKER_INDEX, OCI_MANIFEST, DOCKER_MANIFEST)

MAX_DOCUMENT: Final = 4 * 2**20
"""Bytes of a manifest, index or config; containers/image and containerd stop at 4 MiB too."""
MAX_ENTRIES: Final = 1_000
"""Layers of a manifest, manifests of an index, history entries; overlayfs itself stops near 500."""
_MAX_INT: Final = 2**63 - 1
_SCHEMA1: Final = "application/vnd.docker.distribution.manifest.v1"
_REFERENCE_TYPE: Final = "vnd.docker.reference.type"


@dataclass(frozen=True, slots=True, kw_only=True)
class Descriptor:
    """A pointer to content: `size` is that of the stored, so mostly compressed, form."""

    media_type: str
    digest: Digest
    size: int
    platform: Platform | None = None
    artifact_type: str | None = None
    annotations: Mapping[str, str] = field(default_factory=dict)
    elsewhere: bool = False
    """Whether it names addresses outside of the registry, which need not hold it then."""

    @property
    def is_attestation(self) -> bool:
        """BuildKit's provenance or SBOM beside an image, not an image.

        https://docs.docker.com/build/metadata/attestations/attestation-storage/

        Runtimes pick by platform alone, so an entry for a real one is an image, whatever it says.
        """
        if self.platform is None:
            return _REFERENCE_TYPE in self.annotations
        return self.platform == Platform("unknown", "unknown")


@dataclass(frozen=True, slots=True, kw_only=True)
class Index:
    """A list of manifests, one for each platform; the first that matches a platform wins."""

    media_type: str
    manifests: tuple[Descriptor, ...]
    annotations: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """One image for one platform, or an artifact."""

    media_type: str
    config: Descriptor
    layers: tuple[Descriptor, ...]
    annotations: Mapping[str, str]
    artifact_type: str | None = None

    @property
    def is_image(self) -> bool:
        """False for Helm charts, signatures, models and other artifacts."""
        return self.config.media_type in {OCI_CONFIG, DOCKER_CONFIG} and self.artifact_type is None


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryEntry:
    """One build step; an `empty_layer` step made no layer."""

    created_by: str = ""
    comment: str = ""
    created: str | None = None
    empty_layer: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageConfig:
    """What the image's config says; environment entries are `NAME=value`."""

    platform: Platform
    diff_ids: tuple[DiffID, ...] = ()
    history: tuple[HistoryEntry, ...] = ()
    env: tuple[str, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    entrypoint: tuple[str, ...] = ()
    cmd: tuple[str, ...] = ()
    user: str = ""
    shell: tuple[str, ...] = ()
    created: str | None = None


def parse_document(body: bytes, content_type: str | None) -> Index | Manifest:
    """Read a manifest or an index.

    `content_type` is the HTTP header, parameters and all, or None where there was none; the
    document's own `mediaType` must not contradict it. Raises UnsupportedError, TooLargeError.
    """
    root = _load(body)
    declared = _media_type(root, content_type)
    if declared.startswith(_SCHEMA1) or root.get("schemaVersion") == 1 or "fsLayers" in root:
        raise UnsupportedError(
            "the manifest is of the old Docker schema 1, which lists no sizes and which current "
            "container runtimes no longer pull; push the image again with a current tool"
        )
    if "manifests" in root and not root.keys().isdisjoint({"config", "layers"}):
        # https://github.com/opencontainers/image-spec/security/advisories/GHSA-77vh-xpmg-72qh
        raise UnsupportedError(
            "the document is an index and a manifest at once, which container runtimes refuse"
        )
    annotations = _strings(root.get("annotations"), "annotations")
    if declared in {OCI_INDEX, DOCKER_INDEX} or (not declared and "manifests" in root):
        entries = _list(root.get("manifests"), "manifests")
        return Index(
            media_type=declared or OCI_INDEX,
            manifests=tuple(
                _descriptor(entry, f"manifests[{i}]") for i, entry in enumerate(entries)
            ),
            annotations=annotations,
        )
    if declared and declared not in {OCI_MANIFEST, DOCKER_MANIFEST}:
        raise UnsupportedError(f"{printable(declared, 80)!r} is not an image manifest or index")
    if "config" not in root or "layers" not in root:
        raise UnsupportedError("the manifest has no config or no layers, so it is not an image")
    layers = _list(root["layers"], "layers")
    return Manifest(
        media_type=declared or OCI_MANIFEST,
        config=_descriptor(root["config"], "config"),
        layers=tuple(_descriptor(entry, f"layers[{i}]") for i, entry in enumerate(layers)),
        annotations=annotations,
        artifact_type=_optional(root, "artifactType"),
    )


def parse_config(body: bytes) -> ImageConfig:
    """Read an image config.

    Objects and lists of a wrong type raise UnsupportedError, texts of one count as absent.
    """
    root = _load(body)
    inner = _record(root.get("config") or {}, "config")
    rootfs = _record(root.get("rootfs") or {}, "rootfs")
    return ImageConfig(
        platform=Platform(
            _optional(root, "os") or "linux",
            _optional(root, "architecture") or "unknown",
            _optional(root, "variant"),
        ),
        diff_ids=tuple(
            DiffID(_digest(entry, f"rootfs.diff_ids[{i}]"))
            for i, entry in enumerate(_list(rootfs.get("diff_ids"), "rootfs.diff_ids"))
        ),
        history=tuple(
            _history(entry, f"history[{i}]")
            for i, entry in enumerate(_list(root.get("history"), "history"))
        ),
        env=_texts(inner.get("Env"), "config.Env"),
        labels=_strings(inner.get("Labels"), "config.Labels"),
        entrypoint=_texts(inner.get("Entrypoint"), "config.Entrypoint"),
        cmd=_texts(inner.get("Cmd"), "config.Cmd"),
        user=_optional(inner, "User") or "",
        shell=_texts(inner.get("Shell"), "config.Shell"),
        created=_optional(root, "created"),
    )


def _load(body: bytes) -> JsonObject:
    if len(body) > MAX_DOCUMENT:
        raise TooLargeError(f"the document is larger than {MAX_DOCUMENT} bytes")
    try:
        root: object = json.loads(body, object_pairs_hook=_without_repeats)
    except RecursionError as err:
        raise TooLargeError("the document is nested too deeply") from err
    except ValueError as err:
        raise UnsupportedError("the document is not JSON") from err
    return _record(root, "document")


def _without_repeats(pairs: list[tuple[str, object]]) -> dict[str, object]:
    # Go merges what Python overwrites, so a repeated field would be two truths.
    fields = dict(pairs)
    if len(fields) < len(pairs):
        raise UnsupportedError("the document repeats a field of an object")
    return fields


def _media_type(root: JsonObject, content_type: str | None) -> str:
    header = (content_type or "").partition(";")[0].strip().lower()
    inner = _optional(root, "mediaType") or ""
    known = {*ACCEPTED, _SCHEMA1, f"{_SCHEMA1}+prettyjws", f"{_SCHEMA1}+json"}
    if header in known and inner and inner != header:
        raise UnsupportedError(
            f"the registry calls the document {header} but it says {printable(inner, 80)!r}"
        )
    return header if header in known else inner


def _descriptor(value: object, path: str) -> Descriptor:
    raw = _record(value, path)
    size = raw.get("size")
    if not isinstance(size, int) or isinstance(size, bool) or not 0 <= size <= _MAX_INT:
        raise UnsupportedError(f"{path}.size is not a number of bytes")
    platform = raw.get("platform")
    return Descriptor(
        media_type=_optional(raw, "mediaType") or "",
        digest=_digest(raw.get("digest"), f"{path}.digest"),
        size=size,
        platform=_platform(platform, f"{path}.platform") if platform is not None else None,
        artifact_type=_optional(raw, "artifactType"),
        annotations=_strings(raw.get("annotations"), f"{path}.annotations"),
        elsewhere=bool(_list(raw.get("urls"), f"{path}.urls")),
    )


def _platform(value: object, path: str) -> Platform:
    raw = _record(value, path)
    return Platform(
        _optional(raw, "os") or "unknown",
        _optional(raw, "architecture") or "unknown",
        _optional(raw, "variant"),
    )


def _history(value: object, path: str) -> HistoryEntry:
    raw = _record(value, path)
    return HistoryEntry(
        created_by=_optional(raw, "created_by") or "",
        comment=_optional(raw, "comment") or "",
        created=_optional(raw, "created"),
        empty_layer=raw.get("empty_layer") is True,
    )


def _digest(value: object, path: str) -> Digest:
    if not isinstance(value, str):
        raise UnsupportedError(f"{path} is not a digest")
    try:
        return parse_digest(value)
    except InvalidReferenceError as err:
        raise UnsupportedError(f"{path} is not a digest") from err


def _record(value: object, path: str) -> JsonObject:
    """Read an object of named fields.

    Container runtimes take `Layers` for `layers`; an image with both would be judged by the one
    and pulled by the other.
    """
    raw = _mapping(value, path)
    if len({key.casefold() for key in raw}) < len(raw):
        raise UnsupportedError(f"{path} has fields whose names differ only in case")
    return raw


def _mapping(value: object, path: str) -> JsonObject:
    if not isinstance(value, dict):
        raise UnsupportedError(f"{path} is not an object")
    return cast("JsonObject", value)


def _list(value: object, path: str) -> list[object]:
    if value is None:
        return []
    if not isinstance(value, list):
        raise UnsupportedError(f"{path} is not a list")
    if len(value) > MAX_ENTRIES:
        raise TooLargeError(f"{path} has more than {MAX_ENTRIES} entries")
    return cast("list[object]", value)


def _texts(value: object, path: str) -> tuple[str, ...]:
    return tuple(entry for entry in _list(value, path) if isinstance(entry, str))


def _strings(value: object, path: str) -> Mapping[str, str]:
    if value is None:
        return {}
    return {key: entry for key, entry in _mapping(value, path).items() if isinstance(entry, str)}


def _optional(raw: JsonObject, key: str) -> str | None:
    value = raw.get(key)
    return value if isinstance(value, str) and value else None
