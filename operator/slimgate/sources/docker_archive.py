"""What `docker save` writes, as a source of images.

Such an archive holds a config and layers, but no registry manifest, so one is written here.
Format: https://github.com/moby/docker-image-spec/blob/v1.3.1/v1.2.md
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from slimgate.core.errors import (
    DigestMismatchError,
    InvalidReferenceError,
    NotFoundError,
    TooLargeError,
    UnsupportedError,
)
from slimgate.core.images.facts import DiffID, Digest, Size
from slimgate.core.images.oci import MAX_ENTRIES, OCI_CONFIG, OCI_MANIFEST, Descriptor, parse_config
from slimgate.core.images.reference import Reference
from slimgate.core.text import printable
from slimgate.engine.ports import Document, LayerReading
from slimgate.sources.files import Files
from slimgate.sources.measure import TAR
from slimgate.sources.stream import Watch
from slimgate.sources.synthetic import index_of, manifest_of, sha256_of

_MANIFEST: Final = "manifest.json"
_MAX_CHOICES: Final = 10
_PULL_UNKNOWN: Final = "the layer is held uncompressed here, not as a registry stores it"


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldImages:
    """Everything about one image, for each of its platforms, by digest; `top` is its document."""

    top: Document
    documents: Mapping[Digest, Document]
    configs: Mapping[Digest, bytes]
    layers: Mapping[Digest, LayerReading]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entry:
    config: str
    tags: tuple[str, ...]
    layers: tuple[str, ...]


def read_images(files: Files, name: str | None, *, what: str) -> HeldImages:
    """Find the image called `name`, or the only one, in an archive that messages call `what`."""
    builder = _Builder(files=files, what=what)
    manifests = [builder.add(entry) for entry in _choose(_entries(files, what), name, what)]
    top = builder.documents[manifests[0].digest] if len(manifests) == 1 else index_of(manifests)
    return HeldImages(
        top=top,
        documents=builder.documents | {top.digest: top},
        configs=builder.configs,
        layers=builder.layers,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Builder:
    files: Files
    what: str
    documents: dict[Digest, Document] = field(default_factory=dict)
    configs: dict[Digest, bytes] = field(default_factory=dict)
    layers: dict[Digest, LayerReading] = field(default_factory=dict)

    def add(self, entry: _Entry) -> Descriptor:
        """Write one image's manifest and return what points to it."""
        body = self.files.document(entry.config)
        if body is None:
            raise UnsupportedError(f"{self.what} lacks the config that its {_MANIFEST} names")
        config = parse_config(body)
        digest = sha256_of(body)
        self.configs[digest] = body
        diff_ids = config.diff_ids
        if len(diff_ids) != len(entry.layers):
            raise UnsupportedError(
                f"{self.what} lists {len(entry.layers)} layers, but the config {len(diff_ids)}"
            )
        layers = [self._layer(*pair) for pair in zip(entry.layers, diff_ids, strict=True)]
        pointer = Descriptor(media_type=OCI_CONFIG, digest=digest, size=len(body))
        document = manifest_of(pointer, layers)
        self.documents[document.digest] = document
        return Descriptor(
            media_type=OCI_MANIFEST,
            digest=document.digest,
            size=len(document.body),
            platform=config.platform,
        )

    def _layer(self, name: str, diff_id: DiffID) -> Descriptor:
        blob = self.files.blob(name, Watch())
        if blob is None:
            missing = Size.unknown(f"{self.what} lacks the layer's file")
            digest = Digest(diff_id)
            self.layers.setdefault(digest, LayerReading(unpacked=missing, pull=missing))
            return Descriptor(media_type=TAR, digest=digest, size=0)
        if blob.media_type == TAR and str(blob.digest) != str(diff_id):
            raise DigestMismatchError(
                f"a layer in {self.what} has the digest {blob.digest}, its config says {diff_id}"
            )
        # A layer that was saved compressed is what a push of this archive sends.
        pull = Size.unknown(_PULL_UNKNOWN) if blob.media_type == TAR else Size.known(blob.size)
        self.layers[blob.digest] = replace(blob.reading, pull=pull)
        return Descriptor(media_type=blob.media_type, digest=blob.digest, size=blob.size)


def _choose(entries: Sequence[_Entry], name: str | None, what: str) -> Sequence[_Entry]:
    wanted = None if name is None else _canonical(name)
    chosen = [e for e in entries if wanted is None or wanted in map(_canonical, e.tags)]
    if chosen and len({entry.tags for entry in chosen}) == 1 and (name or chosen[0].tags):
        # containerd writes an entry for each platform of the same image.
        return chosen
    if len(chosen) == 1:
        return chosen
    choices = _choices(entries)
    if not chosen:
        wish = f" named {printable(name, 128)!r}" if name else ""
        raise NotFoundError(f"{what} holds no image{wish}{choices and f'; it holds {choices}'}")
    raise NotFoundError(
        f"{what} holds {len(chosen)} images: add :NAME to choose one of {choices or 'none named'}"
    )


def _choices(entries: Sequence[_Entry]) -> str:
    tags = [tag for entry in entries for tag in entry.tags]
    shown = [printable(tag, 128) for tag in tags[:_MAX_CHOICES]]
    more = [f"{len(tags) - _MAX_CHOICES} more"] if len(tags) > _MAX_CHOICES else []
    return ", ".join([*shown, *more])


def _canonical(name: str) -> str:
    try:
        return str(Reference.parse(name))
    except InvalidReferenceError:
        return name


def _entries(files: Files, what: str) -> Sequence[_Entry]:
    body = files.document(_MANIFEST)
    if body is None:
        raise UnsupportedError(
            f"{what} is not a docker archive: "
            f"it has no {_MANIFEST}, which Docker 1.10 and later write"
        )
    try:
        root: object = json.loads(body)
    except (ValueError, RecursionError) as err:
        raise UnsupportedError(f"the {_MANIFEST} of {what} is not JSON") from err
    return [_entry(entry, what) for entry in _list(root, what)]


def _entry(value: object, what: str) -> _Entry:
    if not isinstance(value, dict) or not isinstance(value.get("Config"), str):
        raise _malformed(what)
    return _Entry(
        config=value["Config"],
        tags=_texts(value.get("RepoTags") or [], what),
        layers=_texts(value.get("Layers") or [], what),
    )


def _texts(value: object, what: str) -> tuple[str, ...]:
    texts = _list(value, what)
    if not all(isinstance(text, str) for text in texts):
        raise _malformed(what)
    return tuple(str(text) for text in texts)


def _list(value: object, what: str) -> list[object]:
    if not isinstance(value, list):
        raise _malformed(what)
    if len(value) > MAX_ENTRIES:
        raise TooLargeError(f"the {_MANIFEST} of {what} lists more than {MAX_ENTRIES} things")
    return value


def _malformed(what: str) -> UnsupportedError:
    return UnsupportedError(
        f"the {_MANIFEST} of {what} is not of the form that `docker save` writes"
    )
