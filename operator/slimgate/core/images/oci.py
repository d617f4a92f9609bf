"""Reads OCI and Docker documents: manifests, indexes and image configs.

Everything here is hostile input: shapes are checked, counts are capped, nothing is echoed raw.
Spec: https://github.com/opencontainers/image-spec/blob/v1.1.1/manifest.md
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Final, TypeVar, cast

from slimgate.core.errors import InvalidReferenceError, TooLargeError, UnsupportedError
from slimgate.core.images.facts import DiffID, Digest, Platform
from slimgate.core.images.go_json import MAX_INT, load, mapping, record
from slimgate.core.images.platforms import normalized
from slimgate.core.images.reference import parse_digest
from slimgate.core.json_object import JsonObject
from slimgate.core.nesting import values_in
from slimgate.core.text import printable

OCI_INDEX: Final = "application/vnd.oci.image.index.v1+json"
OCI_MANIFEST: Final = "application/vnd.oci.image.manifest.v1+json"
OCI_CONFIG: Final = "application/vnd.oci.image.config.v1+json"
DOCKER_INDEX: Final = "application/vnd.docker.distribution.manifest.list.v2+json"
DOCKER_MANIFEST: Final = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_CONFIG: Final = "application/vnd.docker.container.image.v1+json"
ACCEPTED: Final = (OCI_INDEX, DOCKER_INDEX, OCI_MANIFEST, DOCKER_MANIFEST)
_INDEXES: Final = {OCI_INDEX, DOCKER_INDEX}
_MANIFESTS: Final = {OCI_MANIFEST, DOCKER_MANIFEST}

Texts = TypeVar("Texts", bound=tuple[str, ...])

MAX_DOCUMENT: Final = 4 * 2**20
"""Bytes of a manifest, index or config; containers/image and containerd stop at 4 MiB too."""
MAX_VALUES: Final = 2**15
"""Commas and brackets of a document, by which its values are counted before it is parsed.

Python's parser holds all others up while it makes values: 4 MiB may be two million lists. A
manifest of as many layers as are read, with a dozen annotations each, has half as many.
"""
MAX_ENTRIES: Final = 1_000
"""Layers of a manifest, manifests of an index, history entries; overlayfs itself stops near 500."""
_MAX_TEXT: Final = 1_024
"""Characters of one text, which is cut there."""
_MAX_INSTRUCTION: Final = 16 * 2**10
"""The same of a build step; of those of 100 real images the longest has 3,335."""
_MAX_STEPS: Final = 32 * 2**10
"""The same of all build steps; of 100 real images the most is 7,261."""
_MAX_TEXTS: Final = 256 * 2**10
"""Characters of a list or a map of texts; what would be beyond is left out."""
_SCHEMA1: Final = "application/vnd.docker.distribution.manifest.v1"
_OCI_LAYERS: Final = "application/vnd.oci.image.layer."
_DOCKER_LAYER: Final = re.compile(
    r"application/vnd\.docker\.image\.rootfs\.(foreign\.)?diff\.tar(\.(gzip|zstd))?"
)
ZSTD: Final = "io.github.containers.compression.zstd"
"""An annotation: of two manifests for one platform, CRI-O takes the one that has it."""
_MANY_MEMBERS: Final = (
    "containerd.io/snapshot/stargz/toc.digest",
    "io.github.containers.zstd-chunked.manifest-position",
)
_REFERENCE_TYPE: Final = "vnd.docker.reference.type"
NOBODY: Final = Digest("sha256:" + 64 * "0")
"""What no bytes have, for what names nothing that is read."""
TELLING: Final = (_REFERENCE_TYPE, ZSTD)
"""Annotations of an index's entry that tell whether it is chosen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Descriptor:
    """A pointer to content: `size` is that of the stored, so mostly compressed, form."""

    media_type: str
    digest: Digest
    size: int
    platform: Platform | None = None
    os_version: str | None = None
    os_features: bool = False
    """Whether it names features of a system that not every one has."""
    artifact_type: str | None = None
    annotations: Mapping[str, str] = field(default_factory=dict)
    elsewhere: bool = False
    """Whether it names addresses outside of the registry, which need not hold it then."""

    @property
    def is_file_system(self) -> bool:
        """Whether it is a layer by its type; how it is compressed, its bytes tell."""
        kind = self.media_type.partition("+")[0]
        return kind.startswith(_OCI_LAYERS) or bool(_DOCKER_LAYER.fullmatch(kind))

    @property
    def has_many_members(self) -> bool:
        """Whether its compressed stream is made of several, so that its end tells of the last."""
        return any(key in self.annotations for key in _MANY_MEMBERS)

    @property
    def asks_for_more(self) -> bool:
        """Whether a machine of its platform may lack what it asks for: newer runtimes look.

        https://github.com/containerd/platforms/blob/v1.0.0-rc.2/platforms.go
        """
        windows = self.platform is not None and normalized(self.platform).os == "windows"
        return self.os_features or (windows and self.os_version is not None)

    @property
    def is_attestation(self) -> bool:
        """BuildKit's provenance or SBOM beside an image, not an image.

        https://docs.docker.com/build/metadata/attestations/attestation-storage/

        Runtimes pick by platform alone, so an entry for a real one is an image, whatever it says.
        """
        if self.platform is None:
            return _REFERENCE_TYPE in self.annotations
        return self.platform == Platform("unknown", "unknown")


@dataclass(frozen=True, slots=True, kw_only=True, weakref_slot=True)
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
    subject: bool = False
    """Whether it refers to another manifest, as signatures and SBOMs do."""

    @property
    def is_artifact(self) -> bool:
        """Whether it is beside an image or none, as far as its manifest alone tells."""
        return (
            self.subject
            or not self.may_run
            or self.is_doubtful
            or not (self.has_image_config or self.artifact_type is None)
        )

    @property
    def may_run(self) -> bool:
        """False for what is an artifact at first sight: a Helm chart, an SBOM, a model.

        Runtimes go by layers and the config, whatever the manifest is called. Where the types of
        layers are strange, CRI-O goes by that of the config, of Docker's manifests by none, and by
        how the layers begin.
        """
        if self.has_image_config or self.media_type == DOCKER_MANIFEST:
            return True
        return any(layer.is_file_system for layer in self.layers)

    @property
    def is_doubtful(self) -> bool:
        """Whether only its layers tell: texts by their types, as those of signatures."""
        if any(layer.is_file_system for layer in self.layers):
            return False
        return any(map(_is_document, self.layers)) or not self.has_image_config

    @property
    def has_image_config(self) -> bool:
        """Whether the config is said to be one of an image."""
        return self.config.media_type in {OCI_CONFIG, DOCKER_CONFIG}

    @property
    def kind(self) -> str:
        """What the manifest says that it is, where it is an artifact."""
        said = self.artifact_type or ("" if self.has_image_config else self.config.media_type)
        layers = (layer.media_type for layer in self.layers if layer.media_type)
        return said or next(layers, "unknown")

    def fits(self, diff_ids: int) -> bool:
        """Whether a config with so many diffIDs is that of this image.

        containerd counts only the layers that are file systems by their type, others count all.
        https://github.com/containerd/containerd/blob/v2.2.0/client/image.go
        """
        file_systems = sum(layer.is_file_system for layer in self.layers)
        return diff_ids in {len(self.layers), file_systems}


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
    document's own `mediaType` must not contradict it. Runtimes go by what an index says of the
    types of its manifests, and refuse what is not of such a shape, so the shape tells which it is.
    Raises UnsupportedError, TooLargeError.
    """
    # A field that is null is none: CRI-O reads such a document, though containerd refuses it.
    root = {name: value for name, value in _load(body).items() if value is not None}
    declared = _media_type(root, content_type)
    if declared.startswith(_SCHEMA1) or "fslayers" in root or _is_schema1(root):
        raise UnsupportedError(
            "the manifest is of the old Docker schema 1, which lists no sizes and which current "
            "container runtimes no longer pull; push the image again with a current tool"
        )
    if "manifests" in root and not root.keys().isdisjoint({"config", "layers"}):
        # https://github.com/opencontainers/image-spec/security/advisories/GHSA-77vh-xpmg-72qh
        raise UnsupportedError(
            "the document is an index and a manifest at once, which container runtimes refuse"
        )
    annotations = _strings(root.get("annotations"))
    if "manifests" in root or (declared in _INDEXES and "layers" not in root):
        entries = _list(root.get("manifests"), "manifests")
        return Index(
            media_type=declared if declared in _INDEXES else OCI_INDEX,
            manifests=tuple(_listed(entry, f"manifests[{i}]") for i, entry in enumerate(entries)),
            annotations=annotations,
        )
    if "config" not in root or "layers" not in root:
        if declared and declared not in _MANIFESTS:
            raise UnsupportedError(f"{printable(declared, 80)!r} is not an image manifest or index")
        raise UnsupportedError("the manifest has no config or no layers, so it is not an image")
    layers = _list(root["layers"], "layers")
    return Manifest(
        media_type=declared if declared in _MANIFESTS else OCI_MANIFEST,
        config=_descriptor(_sized(root["config"], "config"), "config"),
        layers=tuple(_descriptor(entry, f"layers[{i}]") for i, entry in enumerate(layers)),
        annotations=annotations,
        artifact_type=_optional(root, "artifactType"),
        subject=root.get("subject") is not None,
    )


def parse_config(body: bytes) -> ImageConfig:
    """Read an image config.

    Objects and lists of a wrong type raise UnsupportedError, texts of one count as absent.
    """
    root = _load(body)
    inner = record(root.get("config") or {}, "config")
    rootfs = record(root.get("rootfs") or {}, "rootfs")
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
        history=_steps(root.get("history")),
        env=_texts(inner.get("env"), "config.Env"),
        labels=_strings(inner.get("labels")),
        entrypoint=_texts(inner.get("entrypoint"), "config.Entrypoint"),
        cmd=_texts(inner.get("cmd"), "config.Cmd"),
        user=_optional(inner, "User") or "",
        shell=_texts(inner.get("shell"), "config.Shell"),
        created=_optional(root, "created"),
    )


def _load(body: bytes) -> JsonObject:
    if len(body) > MAX_DOCUMENT:
        raise TooLargeError(f"the document is larger than {MAX_DOCUMENT} bytes")
    if values_in(body) > MAX_VALUES:
        raise TooLargeError(f"the document has more than {MAX_VALUES:,} values")
    return record(load(body), "document")


def _media_type(root: JsonObject, content_type: str | None) -> str:
    header = (content_type or "").partition(";")[0].strip().lower()
    inner = _optional(root, "mediaType") or ""
    known = {*ACCEPTED, _SCHEMA1, f"{_SCHEMA1}+prettyjws", f"{_SCHEMA1}+json"}
    # Runtimes take Docker's word for OCI's, but no index for a manifest.
    if header in known and inner and (header in _INDEXES) != (inner in _INDEXES):
        raise UnsupportedError(
            f"the registry calls the document {header} but it says {printable(inner, 80)!r}"
        )
    return header if header in known else inner


def _is_schema1(root: JsonObject) -> bool:
    # What has layers is read as a manifest, whatever number it says.
    return root.get("schemaversion") == 1 and "layers" not in root and "manifests" not in root


def _is_document(layer: Descriptor) -> bool:
    """Whether a layer is a text by its type, as signatures and SBOMs are."""
    return layer.media_type.endswith(("+json", "/json")) or layer.media_type.startswith("text/")


def _listed(value: object, path: str) -> Descriptor:
    """Read an entry of an index: what is wrong with it matters to nobody who takes another."""
    raw = _sized({} if value is None else value, path)
    platform = raw.get("platform")
    told = record(platform or {}, f"{path}.platform")
    try:
        _digest(raw.get("digest"), path)
    except UnsupportedError:
        raw["digest"] = NOBODY
    return replace(
        _descriptor(raw, path),
        platform=None if platform is None else _platform(platform, f"{path}.platform"),
        os_version=_optional(told, "os.version"),
        os_features=bool(told.get("os.features")),
    )


def _sized(value: object, path: str) -> dict[str, object]:
    """Read what names a document: CRI-O looks at no sizes, so it takes one without."""
    raw = dict(record(value, path))
    size = raw.get("size")
    if size is None or (isinstance(size, int) and size < 0):
        raw["size"] = 0
    return raw


def _descriptor(value: object, path: str) -> Descriptor:
    raw = record(value, path)
    size = raw.get("size")
    if not isinstance(size, int) or isinstance(size, bool) or not 0 <= size <= MAX_INT:
        raise UnsupportedError(f"{path}.size is not a number of bytes")
    return Descriptor(
        media_type=_optional(raw, "mediaType") or "",
        digest=_digest(raw.get("digest"), f"{path}.digest"),
        size=size,
        artifact_type=_optional(raw, "artifactType"),
        annotations=_strings(raw.get("annotations")),
        elsewhere=bool(_list(raw.get("urls"), f"{path}.urls")),
    )


def _platform(value: object, path: str) -> Platform:
    raw = record(value, path)
    architecture = _optional(raw, "architecture")
    # Without a system runtimes take the node's, but without an architecture nothing matches.
    system = _optional(raw, "os") or ("" if architecture else "unknown")
    return Platform(system, architecture or "unknown", _optional(raw, "variant"))


def _steps(value: object) -> tuple[HistoryEntry, ...]:
    steps, left = list[HistoryEntry](), _MAX_STEPS
    for i, entry in enumerate(_list(value, "history")):
        steps.append(_history(entry, f"history[{i}]", min(_MAX_INSTRUCTION, left)))
        left -= len(steps[-1].created_by)
    return tuple(steps)


def _history(value: object, path: str, longest: int) -> HistoryEntry:
    raw = record(value or {}, path)
    return HistoryEntry(
        created_by=_optional(raw, "created_by", longest) or "",
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
        raise UnsupportedError(f"{path} is not a sha256 or sha512 digest") from err


def _list(value: object, path: str) -> list[object]:
    if value is None:
        return []
    if not isinstance(value, list):
        raise UnsupportedError(f"{path} is not a list")
    if len(value) > MAX_ENTRIES:
        raise TooLargeError(f"{path} has more than the {MAX_ENTRIES:,} entries that slimgate reads")
    return cast("list[object]", value)


def _texts(value: object, path: str) -> tuple[str, ...]:
    texts = ((entry,) for entry in _list(value, path) if isinstance(entry, str))
    return tuple(entry for (entry,) in _within(texts))


def _strings(value: object) -> Mapping[str, str]:
    """Read texts by name. Of Docker's manifests CRI-O reads no such fields, whatever they hold."""
    try:
        fields = mapping({} if value is None else value, "").items()
    except UnsupportedError:
        return {}
    return dict(_within((key, entry) for key, entry in fields if isinstance(entry, str)))


def _within(texts: Iterable[Texts]) -> Iterator[Texts]:
    """Leave out what makes texts longer, all together, than slimgate keeps of them."""
    left = _MAX_TEXTS
    for one in texts:
        length = sum(map(len, one))
        if length <= left:
            left -= length
            yield one


def _optional(raw: JsonObject, key: str, longest: int = _MAX_TEXT) -> str | None:
    value = raw.get(key.lower())
    return value[:longest] if isinstance(value, str) and value else None
