"""All places that images lie in, as one source: registries, and what is at hand."""

from dataclasses import replace

from slimgate.core.credentials.identity import ANONYMOUS, Identity
from slimgate.core.images.facts import Digest
from slimgate.core.images.oci import Descriptor
from slimgate.core.images.reference import Reference
from slimgate.core.images.source import local_source
from slimgate.engine.ports import Document, ImageSource, LayerReading
from slimgate.sources.logins import Logins
from slimgate.sources.opening import open_source
from slimgate.sources.stream import Progress


class Anywhere:
    """Asks registries with the user's own logins, whoever is said to ask: there is only one."""

    def __init__(self, registry: ImageSource, logins: Logins | None = None) -> None:
        self._registry = registry
        self._logins = logins or Logins()
        self._opened: dict[str, ImageSource] = {}

    def open(self, reference: Reference, progress: Progress | None = None) -> ImageSource | None:
        """Open what is at hand, once; None for an image in a registry."""
        if reference.name not in self._opened:
            local = local_source(reference)
            if local is None:
                return None
            self._opened[reference.name] = open_source(local, progress=progress)
        return self._opened[reference.name]

    async def resolve(self, reference: Reference, identity: Identity) -> Digest:
        """Find the digest that the reference points at now."""
        source, identity = await self._of(reference)
        return await source.resolve(reference, identity)

    async def document(self, reference: Reference, identity: Identity) -> Document:
        """Get a manifest or index."""
        source, identity = await self._of(reference)
        found = await source.document(reference, identity)
        return replace(found, at_hand=source is not self._registry)

    async def config(
        self, reference: Reference, descriptor: Descriptor, identity: Identity
    ) -> bytes:
        """Get a config."""
        source, identity = await self._of(reference)
        return await source.config(reference, descriptor, identity)

    async def layer(
        self, reference: Reference, layer: Descriptor, identity: Identity, *, whole: bool = False
    ) -> LayerReading:
        """Look at a layer."""
        source, identity = await self._of(reference)
        return await source.layer(reference, layer, identity, whole=whole)

    async def length(self, reference: Reference, layer: Digest, identity: Identity) -> int:
        """Find how long a layer is."""
        source, identity = await self._of(reference)
        return await source.length(reference, layer, identity)

    async def _of(self, reference: Reference) -> tuple[ImageSource, Identity]:
        local = self.open(reference)
        if local is not None:
            return local, ANONYMOUS
        return self._registry, await self._logins.identity(reference)
