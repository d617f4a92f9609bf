"""A source whose images were all read at once."""

from dataclasses import dataclass
from typing import TypeVar

from slimgate.core.credentials.identity import Identity
from slimgate.core.errors import NotFoundError
from slimgate.core.images.facts import Digest
from slimgate.core.images.oci import Descriptor
from slimgate.core.images.reference import Reference
from slimgate.engine.ports import Document, LayerReading
from slimgate.sources.docker_archive import HeldImages
from slimgate.sources.once import Once

T = TypeVar("T")


@dataclass(slots=True)
class HeldSource:
    """Answers from one reading of an archive or of the Docker engine."""

    images: Once[HeldImages]

    async def resolve(self, reference: Reference, identity: Identity) -> Digest:
        """Return the digest of the document that was written for the image."""
        return (await self.document(reference, identity)).digest

    async def document(self, reference: Reference, identity: Identity) -> Document:  # noqa: ARG002
        """Return the image's document, or that of the reference's digest."""
        images = await self.images.get()
        if reference.digest is None:
            return images.top
        return _found(images.documents.get(reference.digest))

    async def config(
        self,
        reference: Reference,  # noqa: ARG002
        descriptor: Descriptor,
        identity: Identity,  # noqa: ARG002
    ) -> bytes:
        """Return a config as the source keeps it."""
        images = await self.images.get()
        return _found(images.configs.get(descriptor.digest))

    async def layer(
        self,
        reference: Reference,  # noqa: ARG002
        layer: Descriptor,
        identity: Identity,  # noqa: ARG002
        *,
        whole: bool = False,  # noqa: ARG002 - all are
    ) -> LayerReading:
        """Return a layer's measure."""
        images = await self.images.get()
        return _found(images.layers.get(layer.digest))

    async def length(self, reference: Reference, layer: Digest, identity: Identity) -> int:  # noqa: ARG002
        """Tell how long a layer is as it is kept."""
        reading = _found((await self.images.get()).layers.get(layer))
        return _found(None if reading.pull is None else reading.pull.bytes)


def _found(value: T | None) -> T:
    if value is None:
        raise NotFoundError("the image holds nothing of that digest")
    return value
