"""An OCI image layout, in a folder or in an archive, as a source of images.

Spec: https://github.com/opencontainers/image-spec/blob/v1.1.1/image-layout.md
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from slimgate.core.credentials.identity import Identity
from slimgate.core.errors import DigestMismatchError, NotFoundError, UnsupportedError
from slimgate.core.images.facts import Digest, Size
from slimgate.core.images.lengths import wrong_size
from slimgate.core.images.oci import Descriptor, Index, Manifest, parse_document
from slimgate.core.images.reference import Reference
from slimgate.core.text import printable
from slimgate.engine.ports import Document, LayerReading
from slimgate.sources.files import Blob, Files
from slimgate.sources.layout import are_one, held_platforms, images_of, names_of, path_of
from slimgate.sources.measure import TAR
from slimgate.sources.once import Once, in_thread
from slimgate.sources.stream import Progress
from slimgate.sources.synthetic import index_of

_INDEX: Final = "index.json"
_SAVED: Final = "manifest.json"
"""What `docker save` writes as well; its layers may not be those of a registry then."""
_MAX_CHOICES: Final = 10
_DOCKER_TAR: Final = "application/vnd.docker.image.rootfs.diff.tar"


@dataclass(slots=True)
class OciSource:
    """One image of a layout: that named `name`, or the only one where it is None.

    `what` is how messages call the layout. A reference with a digest asks for that document.
    """

    what: str
    name: str | None
    files: Once[Files]
    progress: Progress | None = None

    async def resolve(self, reference: Reference, identity: Identity) -> Digest:
        """Find the digest of the image; NotFoundError names the choices where there are several."""
        return (await self.document(reference, identity)).digest

    async def document(self, reference: Reference, identity: Identity) -> Document:  # noqa: ARG002
        """Get the document of the reference's digest, else that of the image of the source."""
        files = await self.files.get()
        return await in_thread(lambda _: self._document(files, reference.digest))

    async def config(
        self,
        reference: Reference,  # noqa: ARG002
        descriptor: Descriptor,
        identity: Identity,  # noqa: ARG002
    ) -> bytes:
        """Get a config blob, checked against its digest."""
        files = await self.files.get()
        return await in_thread(lambda _: self._checked(files, descriptor.digest))

    async def layer(
        self,
        reference: Reference,  # noqa: ARG002
        layer: Descriptor,
        identity: Identity,  # noqa: ARG002
        *,
        whole: bool = False,  # noqa: ARG002 - all are
    ) -> LayerReading:
        """Measure a layer's blob; its sizes are unknown where the layout lacks it."""
        blob = await self._blob(layer.digest)
        if blob is None:
            return LayerReading(unpacked=Size.unknown(f"{self.what} lacks the layer's blob"))
        if blob.digest != layer.digest:
            raise DigestMismatchError(
                f"the blob of layer {layer.digest} in {self.what} has the digest {blob.digest}"
            )
        if blob.size != layer.size:
            raise UnsupportedError(
                f"layer {layer.digest} in {self.what} has {blob.size} bytes, "
                f"{wrong_size(layer.size)}"
            )
        return blob.reading

    async def length(self, reference: Reference, layer: Digest, identity: Identity) -> int:  # noqa: ARG002
        """Tell how long a layer's blob is."""
        blob = await self._blob(layer)
        if blob is None:
            raise NotFoundError(f"{self.what} lacks the blob of layer {layer}")
        return blob.size

    async def _blob(self, digest: Digest) -> Blob | None:
        files, path = await self.files.get(), path_of(digest)
        return await in_thread(lambda watch: files.blob(path, watch), self.progress)

    def _document(self, files: Files, digest: Digest | None) -> Document:
        if digest is not None:
            body = self._checked(files, digest)
            saved = files.document(_SAVED) is not None and _is_unpacked(body)
            return Document(digest=digest, media_type=None, body=body, synthetic=saved)
        chosen = self._choose(files, self._index(files))
        if len(chosen) > 1:
            return index_of(chosen)
        return self._document(files, chosen[0].digest)

    def _checked(self, files: Files, digest: Digest) -> bytes:
        body = files.document(path_of(digest))
        if body is None:
            raise NotFoundError(f"{self.what} lacks the blob {digest}{self._hint(files)}")
        algorithm, _, expected = digest.partition(":")
        if hashlib.new(algorithm, body).hexdigest() != expected:
            raise DigestMismatchError(f"the blob {digest} in {self.what} is not what it is called")
        return body

    def _hint(self, files: Files) -> str:
        held = held_platforms(files, self._index(files))
        return f"; it holds the image for {', '.join(map(printable, held))}" if held else ""

    def _index(self, files: Files) -> Index:
        body = files.document(_INDEX)
        if body is None:
            raise UnsupportedError(f"{self.what} is not an OCI layout: it has no {_INDEX}")
        document = parse_document(body, None)
        if not isinstance(document, Index):
            why = f"its {_INDEX} is not an index"
            raise UnsupportedError(f"{self.what} is not an OCI layout: {why}")
        return document

    def _choose(self, files: Files, index: Index) -> Sequence[Descriptor]:
        images = images_of(files, index)
        if not images:
            raise NotFoundError(f"{self.what} holds no image")
        chosen = [e for e in images if self.name is None or self.name in names_of(e)]
        if not chosen:
            raise NotFoundError(
                f"{self.what} holds no image named {printable(self.name or '', 128)!r}; "
                f"it holds {_choices(images)}"
            )
        if len(chosen) > 1 and not are_one(chosen):
            raise NotFoundError(
                f"{self.what} holds {len(chosen)} images: add :NAME or @DIGEST to choose one of "
                f"{_choices(chosen)}"
            )
        return chosen


def _is_unpacked(body: bytes) -> bool:
    """Whether a manifest lists layers that are not compressed, as no push would send them."""
    document = parse_document(body, None)
    return isinstance(document, Manifest) and any(
        layer.media_type in {TAR, _DOCKER_TAR} for layer in document.layers
    )


def _choices(entries: Sequence[Descriptor]) -> str:
    known = [min(names_of(entry), key=len, default=f"@{entry.digest}") for entry in entries]
    shown = [printable(name, 128) for name in known[:_MAX_CHOICES]]
    more = [f"{len(known) - _MAX_CHOICES} more"] if len(known) > _MAX_CHOICES else []
    return ", ".join([*shown, *more])
