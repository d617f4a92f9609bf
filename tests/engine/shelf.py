"""Registries in memory: what they hold, who may see it, what they were asked, how they fail."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from typing import TypeVar

from slimgate.core.credentials.identity import ANONYMOUS, Credential, CredentialEntry, Identity
from slimgate.core.errors import ImageError, NotFoundError, UnauthorizedError
from slimgate.core.images.facts import Digest, Inspection, LayerContents, Platform, Size, Wants
from slimgate.core.images.oci import Descriptor
from slimgate.core.images.reference import Reference
from slimgate.engine.inspector import Inspector, InspectorSettings, Question
from slimgate.engine.ports import Document, LayerReading
from slimgate.engine.reader import ReaderSettings
from slimgate.engine.resolver import ResolverSettings
from tests.support import images
from tests.support.clock import Clock
from tests.support.images import Image, Index

T = TypeVar("T")
CONFIG, EVERYTHING = Wants(config=True), Wants(config=True, layers=True)
REGISTRY = "registry.test"
APP = f"{REGISTRY}/team/app:1"
AMD64, ARM64 = images.AMD64, Platform("linux", "arm64")


@dataclass
class Door:
    """Holds whoever comes until it is opened, and tells that somebody has come."""

    knocked: asyncio.Event = field(default_factory=asyncio.Event)
    opened: asyncio.Event = field(default_factory=asyncio.Event)

    async def enter(self) -> None:
        """Wait until it is opened."""
        self.knocked.set()
        await self.opened.wait()


@dataclass
class Shelf:
    """A source that holds its images in memory, and counts what it is asked.

    `readings` are what a look at a layer gives, or at a `whole` one, if not what its bytes tell.
    `faults` are raised for whatever key matches first: a kind of request, a registry, a digest.
    `doors` are waited for likewise. `keys` are the identities that may see a repository; without
    an entry, all may. `lies` are what registries say that a reference points at.
    """

    documents: dict[tuple[str, str], Document] = field(default_factory=dict)
    blobs: dict[tuple[str, Digest], bytes] = field(default_factory=dict, repr=False)
    readings: dict[Digest, LayerReading] = field(default_factory=dict)
    whole: dict[Digest, LayerReading] = field(default_factory=dict)
    faults: dict[str, ImageError | Exception] = field(default_factory=dict)
    doors: dict[str, Door] = field(default_factory=dict)
    keys: dict[str, set[Identity]] = field(default_factory=dict)
    denies: type[ImageError] = UnauthorizedError
    lies: dict[Reference, Digest] = field(default_factory=dict)
    asked: list[tuple[str, str]] = field(default_factory=list)

    def put(self, name: str, content: Image | Index) -> Digest:
        """Push an image or an index, and everything that it needs."""
        reference = Reference.parse(name)
        parts = content.images if isinstance(content, Index) else ()
        for one in parts:
            self.put(f"{reference.name}@{one.digest}", one)
        if isinstance(content, Image):
            self.blobs[reference.name, content.config_descriptor.digest] = content.config
            for layer in content.layers:
                self.blobs[reference.name, layer.descriptor.digest] = layer.blob
        self.document_at(reference, content.media_type, content.manifest)
        return content.digest

    def document_at(self, reference: Reference, media_type: str, body: bytes) -> None:
        """Push any document."""
        digest = images.digest_of(body)
        document = Document(digest=digest, media_type=media_type, body=body)
        self.documents[reference.name, digest] = document
        self.documents[reference.name, reference.identifier] = document

    def count(self) -> dict[str, int]:
        """Count the requests by kind since this was last asked, and forget them."""
        counted = Counter(kind for kind, _ in self.asked)
        self.asked.clear()
        return dict(counted)

    async def resolve(self, reference: Reference, identity: Identity) -> Digest:
        """Find the digest that a reference points at."""
        await self._ask("resolve", reference, reference.identifier, identity)
        if reference in self.lies:
            return self.lies[reference]
        return self._document(reference).digest

    async def document(self, reference: Reference, identity: Identity) -> Document:
        """Get a manifest or an index."""
        await self._ask("document", reference, reference.identifier, identity)
        return self._document(reference)

    async def config(
        self, reference: Reference, descriptor: Descriptor, identity: Identity
    ) -> bytes:
        """Get a config."""
        await self._ask("config", reference, descriptor.digest, identity)
        return self._blob(reference, descriptor.digest)

    async def layer(
        self, reference: Reference, layer: Descriptor, identity: Identity, *, whole: bool = False
    ) -> LayerReading:
        """Say how long a layer is, by the bytes as they are stored, or what is set for it."""
        await self._ask("whole" if whole else "layer", reference, layer.digest, identity)
        blob = self._blob(reference, layer.digest)
        contents = LayerContents(paths=frozenset({"bin/sh"}))
        reading = LayerReading(unpacked=Size.measured(10 * len(blob)), contents=contents)
        return (self.whole if whole else self.readings).get(layer.digest, reading)

    async def length(self, reference: Reference, layer: Digest, identity: Identity) -> int:
        """Say how long a layer is."""
        await self._ask("length", reference, layer, identity)
        return len(self._blob(reference, layer))

    async def _ask(
        self, kind: str, reference: Reference, identifier: str, identity: Identity
    ) -> None:
        self.asked.append((kind, f"{reference.name}@{identifier}"))
        words = (kind, reference.registry, identifier)
        for door in (self.doors[word] for word in words if word in self.doors):
            await door.enter()
        for fault in (self.faults[word] for word in words if word in self.faults):
            raise fault
        if identity not in self.keys.get(reference.name, {identity}):
            raise self.denies(f"{reference.name} is not for you")

    def _document(self, reference: Reference) -> Document:
        found = self.documents.get((reference.name, reference.identifier))
        if found is None:
            raise NotFoundError(f"there is no {reference}", code="MANIFEST_UNKNOWN")
        return found

    def _blob(self, reference: Reference, digest: Digest) -> bytes:
        found = self.blobs.get((reference.name, digest))
        if found is None:
            raise NotFoundError(f"there is no {digest}", code="BLOB_UNKNOWN")
        return found


def identity(user: str) -> Identity:
    """Make somebody with a password."""
    return Identity((CredentialEntry(REGISTRY, Credential(username=user, password=user)),))


def question(
    name: str = APP,
    wants: Wants = CONFIG,
    *,
    by: Identity = ANONYMOUS,
    platforms: Iterable[Platform] = (AMD64,),
) -> Question:
    """Ask for a reference."""
    return Question(Reference.parse(name), by, tuple(platforms), wants, name)


def tiny(text: str, *more: str, **fields: object) -> Image:
    """Make an image of one layer for each text, with a file each."""
    layers = [images.layer({f"etc/{one}": one.encode()}) for one in (text, *more)]
    return images.image(layers, **fields)  # type: ignore[arg-type]


def inspector(source: Shelf, clock: Clock, **settings: float) -> Inspector:
    """Make an inspector; settings that the resolver and the reader both have are for both."""
    known = (ResolverSettings, ReaderSettings)
    fields = [{k: v for k, v in settings.items() if k in one.__dataclass_fields__} for one in known]
    assert {**fields[0], **fields[1]} == settings
    return Inspector(
        source,
        InspectorSettings(
            resolver=ResolverSettings(**fields[0]),  # type: ignore[arg-type]
            reader=ReaderSettings(**fields[1]),  # type: ignore[arg-type]
        ),
        clock=clock,
    )


def sizes_of(inspection: Inspection | None) -> list[Size]:
    """List what the layers of the one image unpack to."""
    assert inspection is not None
    return [layer.unpacked for layer in inspection.images[0].layers]


async def settled(act: Callable[[], Awaitable[T]]) -> T:
    """Do something, and wait until all that is under way has ended."""
    result = await act()
    while under_way := asyncio.all_tasks() - {asyncio.current_task()}:
        await asyncio.wait(under_way)
    return result


async def until(holds: Callable[[], bool]) -> None:
    """Let others work until something holds that no event tells."""
    async with asyncio.timeout(5):
        while not holds():  # noqa: ASYNC110 - nobody sets an event for it
            await asyncio.sleep(0)
