"""Facts of manifests: read once for each registry and digest, and completed when more is wanted.

Facts of a digest never change, so they are kept until there is no room. Two rules keep registries,
of which anybody may run one, apart:

- Facts of a manifest are given only where that registry has shown the manifest. Else whoever knows
  the digest of a private image could have it shown by a registry that names it.
- What was not checked against a digest, such as an estimated size, counts for the registry that
  said it and for no other. Else any registry could set the size of an image in all of them.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from slimgate.core.assemble import after_another_look, better_of, is_of, without_unverified
from slimgate.core.credentials.identity import Identity
from slimgate.core.errors import ImageError, UnsupportedError
from slimgate.core.images.facts import NOT_ASKED, Digest, ImageFacts, Layer, Wants
from slimgate.core.images.memory import place_key
from slimgate.core.images.oci import Index, Manifest
from slimgate.core.images.reference import Reference
from slimgate.core.images.tier import Evidence
from slimgate.engine import weights
from slimgate.engine.bounded import Bounded
from slimgate.engine.flights import Flights
from slimgate.engine.layer_cache import LayerCache, Place
from slimgate.engine.parsing import Parsing
from slimgate.engine.ports import BaseFinder, Document, ImageSource
from slimgate.engine.reading import Draft, ManifestAt, Reading, ReadingResult
from slimgate.settings import WHOLE_LAYER_BYTES

_NO_LENGTH: Final = -1
_MAX_PARSED: Final = 64
"""Documents that somebody is about to read as what they turned out to be."""
_LIGHT_BYTES: Final = 2**14
_DIGITS: Final = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class ReaderSettings:
    """Times in seconds; `max_entries` counts manifests.

    Bytes are those that facts, indexes and paths of listed layers take in memory, roughly.
    """

    retry_seconds: float = 60.0
    """When to look again at what could not be looked at for a reason that passes."""
    recheck_seconds: float = 3600.0
    """When to look again at what could not be looked at for another reason."""
    claim_seconds: float = 2.0
    """How long an image waits for the bases that it claims, before a claim is left unproven."""
    whole_layer_bytes: int = WHOLE_LAYER_BYTES
    """Layers up to this size as stored are read whole now, whatever was done in an earlier run."""
    max_entries: int = 20_000
    max_path_bytes: int = 8 * 2**20
    max_fact_bytes: int = 40 * 2**20
    max_index_bytes: int = 8 * 2**20


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """Facts of one manifest, how much they cover, and the draft while more may be wanted.

    `errors` counts what is open, mostly since it could not be looked at; from `until` on it is
    worth another look. `beside` are facts of another process that these have been compared with.
    """

    facts: ImageFacts
    covers: Wants
    draft: Draft | None = None
    errors: int = 0
    until: float | None = None
    beside: ImageFacts | None = None

    def gives(self, wants: Wants) -> bool:
        """Whether they cover what is wanted; a layer that was measured is so for everybody."""
        if wants.measured:
            wants = replace(wants, measured=wants.measured & self.facts.unmeasured)
        return self.covers.covers(wants)


class Reader:
    """Reads indexes and facts; nothing here decides whose credentials open what."""

    def __init__(
        self,
        source: ImageSource,
        settings: ReaderSettings,
        clock: Callable[[], float],
        bases: BaseFinder | None = None,
        *,
        parsing: Parsing,
    ) -> None:
        self._source = source
        self._settings = settings
        self._clock = clock
        self._bases = bases
        self._entries: Bounded[Place, Entry] = Bounded(
            settings.max_entries, _weight, settings.max_fact_bytes
        )
        self._places: Bounded[Digest, Place] = Bounded(settings.max_entries)
        self._earlier: Bounded[Digest, Entry] = Bounded(
            settings.max_entries, _weight, settings.max_fact_bytes
        )
        self._indexes: Bounded[Digest, Index] = Bounded(
            settings.max_entries, weights.of_index, settings.max_index_bytes
        )
        self._parsed: Bounded[tuple[Digest, str | None], Index | Manifest] = Bounded(_MAX_PARSED)
        self._shown: Bounded[str, int] = Bounded(2 * settings.max_entries)
        self._parsing = parsing
        self._layers = LayerCache(settings.max_path_bytes, settings.max_entries)
        self._flights: Flights[Place, Entry] = Flights()
        self._tops: Flights[Place, Index | Document] = Flights()
        self._listeners: list[Callable[[Digest], None]] = []
        self.generation = 0
        """Grows whenever facts that were given take another form, or may."""

    def listen(self, listener: Callable[[Digest], None]) -> None:
        """Tell of every manifest whose facts are others than those that were given for as much."""
        self._listeners.append(listener)

    def known(self, digest: Digest, wants: Wants) -> Index | ImageFacts | None:
        """Return an index, or facts that cover what is wanted, whichever registry showed it."""
        entry = self._by_digest(digest)
        if entry is not None:
            return entry.facts if entry.gives(wants) else None
        return self._indexes.get(digest)

    def index(self, place: Place) -> Index | None:
        """Return an index that the registry has shown."""
        index = self._indexes.get(place[1])
        return index if index is not None and self._is_shown(place) else None

    def entry(self, place: Place, wants: Wants) -> Entry | None:
        """Return facts that cover what is wanted, of a manifest that the registry has shown."""
        entry = self._entry(place)
        return entry if entry is not None and entry.gives(wants) else None

    def is_due(self, entry: Entry) -> bool:
        """Whether what is open in the facts is worth another look by now."""
        return entry.until is not None and self._clock() >= entry.until

    def remember(self, facts: ImageFacts, covers: Wants) -> None:
        """Take over facts of an earlier run, or of another process, where they know more."""
        if facts.digest is None:
            return
        held = self._by_digest(facts.digest)
        estimated_by = (held.facts.estimated_by if held else None) or facts.estimated_by
        entry = self._of_place(estimated_by, self._taken(facts, covers))
        if held is not None:
            known = self._better_of(held, entry)
            if known is held:
                return
            entry = self._taken(known.facts, known.covers)
        self._earlier.put(facts.digest, entry)
        if held is not None:
            self._changed(facts.digest)

    def restore(self, indexes: Mapping[Digest, Index], shown: Sequence[str]) -> None:
        """Take over the indexes of an earlier run, and what registries had shown it."""
        for digest, index in indexes.items():
            self._indexes.put(digest, index)
        for entry in shown:
            key, _, length = entry.partition(":")
            self._shown.put(
                key, int(length) if length.isdecimal() and len(length) < _DIGITS else _NO_LENGTH
            )

    def indexes(self) -> dict[Digest, Index]:
        """Give the indexes that are held, the longest unused first."""
        return dict(self._indexes.items())

    def shown(self) -> tuple[str, ...]:
        """Give the `place_key` of what registries have shown, the longest unused first.

        With the length of the document, which an index may tell otherwise.
        """
        return tuple(f"{key}:{length}" for key, length in self._shown.items())

    def length(self, place: Place) -> int | None:
        """Tell how many bytes a document has that the registry has shown, where that is known."""
        length = self._shown.get(place_key(*place))
        return None if length == _NO_LENGTH else length

    async def top(
        self, reference: Reference, digest: Digest, document: Document | None, identity: Identity
    ) -> Index | Document | None:
        """Get what the digest names: an index, or a manifest's document.

        None if facts are held, or are being read.
        """
        place = reference.registry, digest
        if (index := self.index(place)) is not None:
            return index
        # A large layer takes its time, and whoever comes meanwhile needs no manifest of his own.
        if self._entry(place) is not None or place in self._flights:
            return document
        if (landed := self._tops.landed(place)) is not None:
            return landed
        return await self._tops.join(
            place,
            lambda: self._top(reference.at(digest), digest, document, identity),
            identity.asker,
        )

    async def facts(
        self, target: ManifestAt, document: Document | None, identity: Identity, wants: Wants
    ) -> ImageFacts:
        """Get facts that cover what is wanted; ImageError if they can't be had."""
        while True:
            entry = self.entry(target.place, wants)
            if entry is not None:
                if self.is_due(entry):
                    self._renew(target, identity, entry)
                return entry.facts
            entry = await self._flights.join(
                target.place,
                lambda: self._read(target, document, identity, wants),
                identity.asker,
            )
            # Who joined a flight that started before may want more than it brings.
            if entry.gives(wants):
                return entry.facts

    async def close(self) -> None:
        """End what is under way."""
        await self._flights.close()
        await self._tops.close()
        await self._layers.close()

    def _by_digest(self, digest: Digest) -> Entry | None:
        place = self._places.get(digest)
        return (self._entry(place) if place else None) or self._earlier.get(digest)

    def _entry(self, place: Place) -> Entry | None:
        entry = self._entries.get(place)
        earlier = self._earlier.get(place[1])
        if earlier is None or (entry is not None and entry.beside is earlier.facts):
            return entry
        if entry is None and not self._is_shown(place):
            return None
        known = self._of_place(place_key(*place), earlier)
        taken = known if entry is None else self._better_of(entry, known)
        taken = replace(taken, beside=earlier.facts)
        self._entries.put(place, taken)
        return taken

    def _of_place(self, place: str | None, entry: Entry) -> Entry:
        """Leave out estimates from another registry, and those that name none."""
        if place is not None and entry.facts.estimated_by == place:
            return entry
        facts = without_unverified(entry.facts)
        return entry if facts is entry.facts else self._taken(facts, Wants())

    def _better_of(self, entry: Entry, other: Entry) -> Entry:
        facts, covers = better_of(entry.facts, other.facts), entry.covers | other.covers
        if facts is entry.facts:
            return entry
        taken = self._taken(facts, covers)
        times = [time for time in (entry.until, taken.until) if time is not None]
        until = min(times) if taken.errors and times else None
        draft = entry.draft if taken.errors or not covers.config else None
        return replace(taken, draft=draft, until=until)

    def _taken(self, facts: ImageFacts, covers: Wants) -> Entry:
        """Make an entry of facts that do not say why something in them is open."""
        estimated, errors = self._estimated_in(facts), _errors_in(facts)
        # What can be measured now is, as soon as somebody asks, who need not wait for it.
        seconds = 0.0 if estimated else self._settings.recheck_seconds
        until = self._clock() + seconds if estimated or errors else None
        return Entry(facts=facts, covers=covers, errors=estimated + errors, until=until)

    def _is_shown(self, place: Place) -> bool:
        return self._shown.get(place_key(*place)) is not None

    async def _top(
        self, reference: Reference, digest: Digest, document: Document | None, identity: Identity
    ) -> Index | Document:
        document = document or await self._source.document(reference, identity)
        parsed = await self._parse(document, (reference.registry, digest), identity)
        if isinstance(parsed, Manifest):
            self._held((reference.registry, digest), parsed)
            return document
        self._indexes.put(digest, parsed)
        return parsed

    async def _parse(
        self, document: Document, place: Place, identity: Identity
    ) -> Index | Manifest:
        key = document.digest, document.media_type
        parsed = self._parsed.get(key)
        if parsed is None:
            parsed = await self._parsing.document(document, identity.asker)
            if len(document.body) <= _LIGHT_BYTES:
                self._parsed.put(key, parsed)
        self._shown.put(place_key(*place), len(document.body))
        return parsed

    def _renew(self, target: ManifestAt, identity: Identity, entry: Entry) -> None:
        """Have another look while the old facts still answer: nobody waits for a dead registry."""
        put_off = replace(entry, until=self._clock() + self._settings.retry_seconds)
        self._entries.put(target.place, put_off)
        self._flights.start(
            target.place,
            lambda: self._read(target, None, identity, entry.covers),
            identity.asker,
        )

    async def _read(
        self, target: ManifestAt, document: Document | None, identity: Identity, wants: Wants
    ) -> Entry:
        known = self._entry(target.place)
        draft = (known.draft if known else None) or await self._draft(target, document, identity)
        held = self._held(target.place, draft.manifest)
        if known is None and held is not None and held.gives(wants):
            return held
        wants = wants | held.covers if held else wants
        whole = wants.measured & held.facts.unmeasured if held else wants.measured
        reading = Reading(
            source=self._source,
            target=target,
            draft=draft,
            identity=identity,
            layers=self._layers,
            parsing=self._parsing,
            bases=self._bases,
            claim_seconds=self._settings.claim_seconds,
            whole=whole,
        )
        covers = replace(wants, config=wants.config or wants.layers)
        found = await reading.read(covers)
        entry = Entry(
            facts=self._joined(found, held, covers, whole) if held else found.facts,
            covers=covers,
            draft=found.draft if found.errors or not covers.config else None,
            errors=len(found.errors),
            until=self._again(found.errors),
            beside=held.beside if held else None,
        )
        self._keep(target, entry)
        return entry

    async def _manifest(
        self, document: Document, target: ManifestAt, identity: Identity
    ) -> Manifest:
        parsed = await self._parse(document, target.place, identity)
        if isinstance(parsed, Index):
            # Whoever asks for it by itself may have waited for this, and finds it here.
            self._indexes.put(target.digest, parsed)
            raise UnsupportedError("the document is an index, and was read as a manifest")
        return parsed

    def _held(self, place: Place, manifest: Manifest) -> Entry | None:
        """Find what is known of a manifest that was shown; what is of other layers is forgotten."""
        entry = self._entry(place)
        if entry is None or is_of(entry.facts, [layer.digest for layer in manifest.layers]):
            return entry
        # Somebody has edited a profile.
        self._earlier.drop(place[1])
        self._entries.drop(place)
        self._changed(place[1])
        return None

    def _joined(
        self, found: ReadingResult, held: Entry, covers: Wants, whole: frozenset[Digest]
    ) -> ImageFacts:
        """Keep what was known while its registry is down, and what was measured in any case.

        The estimate for a layer that is to be measured falls with any error that does not pass.
        """
        failed = [
            error is not None
            and (error.temporary or not (layer.digest in whole or self._is_small(layer)))
            for error, layer in zip(found.failed, found.facts.layers, strict=True)
        ]
        sizes = [layer.unpacked.bytes for layer in held.facts.layers]
        lost = any(one and size is not None for one, size in zip(found.failed, sizes, strict=True))
        worse = bool(found.errors) and (lost or len(found.errors) >= held.errors)
        less = worse and held.covers.covers(covers)
        return after_another_look(found.facts, held.facts, failed, less=less)

    async def _draft(
        self, target: ManifestAt, document: Document | None, identity: Identity
    ) -> Draft:
        document = document or await self._source.document(target.reference, identity)
        manifest = await self._manifest(document, target, identity)
        return Draft(document=replace(document, body=b""), manifest=manifest)

    def _keep(self, target: ManifestAt, entry: Entry) -> None:
        first = self._places.get(target.digest)
        before = self._entries.get(first) if first else None
        if before is None or not before.gives(entry.covers):
            self._places.put(target.digest, target.place)
        held = self._entries.get(target.place)
        self._entries.put(target.place, entry)
        if held is not None and held.facts != entry.facts:
            # Who wanted less than is known now has been given all that he rests on, but for sizes
            # that are measured by now.
            covers = replace(entry.covers, measured=frozenset())
            self._changed(target.digest, tell=held.covers.covers(covers))

    def _changed(self, digest: Digest, *, tell: bool = True) -> None:
        self.generation += 1
        for listener in self._listeners if tell else ():
            listener(digest)

    def _estimated_in(self, facts: ImageFacts) -> int:
        """Count the layers whose size is an estimate, and that are small enough to be measured."""
        estimated = (layer for layer in facts.layers if layer.unpacked.is_estimated)
        return sum(map(self._is_small, estimated))

    def _is_small(self, layer: Layer) -> bool:
        size = layer.pull.bytes
        return size is not None and size <= self._settings.whole_layer_bytes

    def _again(self, errors: Sequence[ImageError]) -> float | None:
        if not errors:
            return None
        passes = any(error.temporary for error in errors)
        settings = self._settings
        return self._clock() + (settings.retry_seconds if passes else settings.recheck_seconds)


def _errors_in(facts: ImageFacts) -> int:
    """Count what another look may tell; facts that were kept do not say why it is not known."""
    sizes = (layer.unpacked for layer in facts.layers if not layer.unpacked.is_measured)
    unknown = (size.reason for size in sizes if size.bytes is None)
    claimed = facts.base.evidence is Evidence.CLAIMED or facts.base.unchecked is not None
    return claimed + sum(reason != NOT_ASKED for reason in unknown)


def _weight(entry: Entry) -> int:
    return weights.of_facts(entry.facts) + weights.of_draft(entry.draft)
