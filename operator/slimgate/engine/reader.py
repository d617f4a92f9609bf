"""Reads facts of manifests from a source, once for each digest.

Facts of a digest never change, so they are kept until there is no room. What was not asked for is
not read: an image whose config or layers nobody wanted is completed when somebody does.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from slimgate.core.assemble import LayerLook, facts_of
from slimgate.core.base import KnownBase, claims_of
from slimgate.core.errors import ImageError, UnsupportedError
from slimgate.core.identity import Identity
from slimgate.core.image import Digest, ImageFacts, Platform, Size, Wants
from slimgate.core.oci import Descriptor, ImageConfig, Index, Manifest, parse_config, parse_document
from slimgate.core.reference import Reference
from slimgate.engine.bounded import Bounded
from slimgate.engine.flights import Flights
from slimgate.engine.layer_cache import LayerCache
from slimgate.engine.ports import BaseFinder, Document, ImageSource, LayerReading, pull_size


@dataclass(frozen=True, slots=True, kw_only=True)
class ReaderSettings:
    """Times in seconds; `max_entries` counts manifests, `max_paths` paths of listed layers."""

    retry_seconds: float = 60.0
    """When to look again at what could not be looked at for a reason that passes."""
    claim_seconds: float = 2.0
    """How long an image waits for a base that it claims, before the claim is left unproven."""
    max_entries: int = 20_000
    max_paths: int = 50_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """Facts of one manifest, how much they cover, and the manifest while more may be wanted.

    `until` is set where something could not be looked at now; it is then worth another look.
    """

    facts: ImageFacts
    covers: Wants
    document: Document | None = None
    until: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A manifest to read: its reference by digest, and what an index says of its platform."""

    reference: Reference
    digest: Digest
    platform: Platform | None = None


class Reader:
    """Reads indexes and facts; nothing here decides who may see them."""

    def __init__(
        self,
        source: ImageSource,
        settings: ReaderSettings,
        clock: Callable[[], float],
        bases: BaseFinder | None = None,
    ) -> None:
        self._source = source
        self._settings = settings
        self._clock = clock
        self._bases = bases
        self._entries: Bounded[Digest, Entry] = Bounded(settings.max_entries)
        self._indexes: Bounded[Digest, Index] = Bounded(settings.max_entries)
        self._layers = LayerCache(settings.max_paths, settings.max_entries)
        self._flights: Flights[Digest, Entry] = Flights()
        self._tops: Flights[Digest, Index | Document] = Flights()

    def known(self, digest: Digest, wants: Wants) -> Index | ImageFacts | None:
        """Return an index, or facts that cover what is wanted, without asking anybody."""
        entry = self._entries.get(digest)
        if entry is not None:
            return entry.facts if self._is_enough(entry, wants) else None
        return self._indexes.get(digest)

    def remember(self, facts: ImageFacts, covers: Wants) -> None:
        """Take over facts of an earlier run."""
        if facts.digest is not None and self._entries.get(facts.digest) is None:
            self._entries.put(facts.digest, Entry(facts=facts, covers=covers))

    def restore(self, indexes: Mapping[Digest, Index]) -> None:
        """Take over the indexes of an earlier run."""
        for digest, index in indexes.items():
            self._indexes.put(digest, index)

    def indexes(self) -> dict[Digest, Index]:
        """Give the indexes that are held, the longest unused first."""
        return dict(self._indexes.items())

    async def top(
        self, reference: Reference, digest: Digest, document: Document | None, identity: Identity
    ) -> Index | Document | None:
        """Get what the digest names: an index, or a manifest's document; None if facts are held."""
        if (index := self._indexes.get(digest)) is not None:
            return index
        if self._entries.get(digest) is not None:
            return document
        return await self._tops.join(
            digest, lambda: self._top(reference.at(digest), digest, document, identity)
        )

    async def facts(
        self, target: Target, document: Document | None, identity: Identity, wants: Wants
    ) -> ImageFacts:
        """Get facts that cover what is wanted; ImageError if they can't be had."""
        while True:
            entry = self._entries.get(target.digest)
            if entry is not None and self._is_enough(entry, wants):
                return entry.facts
            entry = await self._flights.join(
                target.digest, lambda: self._read(target, document, identity, wants)
            )
            # Who joined a flight that started before may want more than it brings.
            if entry.covers.covers(wants):
                return entry.facts

    async def close(self) -> None:
        """End what is under way."""
        await self._flights.close()
        await self._tops.close()

    def _is_enough(self, entry: Entry, wants: Wants) -> bool:
        due = entry.until is not None and self._clock() >= entry.until
        return entry.covers.covers(wants) and not due

    async def _top(
        self, reference: Reference, digest: Digest, document: Document | None, identity: Identity
    ) -> Index | Document:
        if document is None:
            document = await self._source.document(reference, identity)
        parsed = parse_document(document.body, document.media_type)
        if isinstance(parsed, Manifest):
            return document
        self._indexes.put(digest, parsed)
        return parsed

    async def _read(
        self, target: Target, document: Document | None, identity: Identity, wants: Wants
    ) -> Entry:
        held = self._entries.get(target.digest)
        wants = wants | held.covers if held else wants
        if document is None:
            document = held.document if held else None
        if document is None:
            document = await self._source.document(target.reference, identity)
        manifest = parse_document(document.body, document.media_type)
        if isinstance(manifest, Index):
            raise UnsupportedError("the index lists another index, which no container runtime runs")
        reading = _Reading(
            source=self._source,
            target=target,
            document=document,
            manifest=manifest,
            identity=identity,
            layers=self._layers,
            bases=self._bases,
            claim_seconds=self._settings.claim_seconds,
        )
        entry = await reading.entry(wants, self._clock() + self._settings.retry_seconds)
        self._entries.put(target.digest, entry)
        return entry


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reading:
    """One reading of one manifest."""

    source: ImageSource
    target: Target
    document: Document
    manifest: Manifest
    identity: Identity
    layers: LayerCache
    bases: BaseFinder | None
    claim_seconds: float

    async def entry(self, wants: Wants, retry_at: float) -> Entry:
        # Layers without a config would say nothing of the base that their paths prove.
        config_wanted = (wants.config or wants.layers) and self.manifest.is_image
        readings: list[LayerReading | ImageError | None] = [None] * len(self.manifest.layers)
        config, claimed, settled = None, list[KnownBase](), True
        if wants.layers and self.manifest.is_image:
            readings = list(await asyncio.gather(*map(self._layer, self.manifest.layers)))
        if config_wanted:
            config = await self._config()
            claimed, settled = await self._claimed(config)
        failed = any(isinstance(one, ImageError) and one.temporary for one in readings)
        return Entry(
            facts=facts_of(
                None if self.document.synthetic else self.target.digest,
                self.manifest,
                [self._look(*pair) for pair in zip(self.manifest.layers, readings, strict=True)],
                config=config,
                platform=self.target.platform,
                claimed=claimed,
            ),
            covers=Wants(config=wants.config or wants.layers, layers=wants.layers),
            document=None if wants.config or wants.layers else self.document,
            until=retry_at if failed or not settled else None,
        )

    async def _config(self) -> ImageConfig:
        body = await self.source.config(self.target.reference, self.manifest.config, self.identity)
        return parse_config(body)

    async def _layer(self, layer: Descriptor) -> LayerReading | ImageError:
        try:
            return await self.layers.get(
                layer.digest, lambda: self.source.layer(self.target.reference, layer, self.identity)
            )
        except ImageError as error:
            # One layer that can't be looked at leaves the rest of the image as it is.
            return error

    async def _claimed(self, config: ImageConfig) -> tuple[list[KnownBase], bool]:
        """Find the bases that the image claims; False where one may be found at another time."""
        if self.bases is None:
            return [], True
        found: list[KnownBase] = []
        settled = True
        for claim in claims_of(self.manifest.annotations, config.labels):
            try:
                async with asyncio.timeout(self.claim_seconds):
                    base = await self.bases.find(claim.reference, config.platform, self.identity)
                found.append(base)
            except ImageError as error:
                settled = settled and not error.temporary
            except TimeoutError:
                settled = False
        return found, settled

    def _look(self, layer: Descriptor, reading: LayerReading | ImageError | None) -> LayerLook:
        if reading is None:
            return LayerLook(pull=pull_size(self.document, layer))
        if isinstance(reading, ImageError):
            unknown = Size.unknown(str(reading))
            return LayerLook(pull=pull_size(self.document, layer), unpacked=unknown)
        return LayerLook(
            pull=pull_size(self.document, layer, reading),
            unpacked=reading.unpacked,
            contents=reading.contents,
        )
