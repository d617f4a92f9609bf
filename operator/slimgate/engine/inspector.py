"""References to facts, with as few requests as correctness allows.

An image never seen costs its manifest and, if wanted, its config and a look at each new layer; a
tag that is due again costs a HEAD; everything else is answered from memory.
"""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from slimgate.core.assemble import UNKNOWN_PLATFORM
from slimgate.core.base import with_known
from slimgate.core.credentials.identity import ANONYMOUS, Identity
from slimgate.core.errors import ImageError, SpentError, UnsupportedError
from slimgate.core.images.facts import Digest, Gap, ImageFacts, Inspection, Platform, Wants
from slimgate.core.images.lengths import Length, with_lengths
from slimgate.core.images.memory import Memory
from slimgate.core.images.oci import Index
from slimgate.core.images.platforms import normalized
from slimgate.core.images.reference import Reference
from slimgate.engine import weights
from slimgate.engine.bases import Bases
from slimgate.engine.bounded import Bounded
from slimgate.engine.failures import Failures
from slimgate.engine.lengths import KnownLengths, Lengths
from slimgate.engine.parsing import Parsing
from slimgate.engine.ports import Document, ImageSource, InspectionObserver
from slimgate.engine.reader import Entry, Reader, ReaderSettings
from slimgate.engine.reading import ManifestAt
from slimgate.engine.resolver import Resolved, Resolver, ResolverSettings
from slimgate.engine.route import Choices, Known, Route, find_route

_MAX_READY = 20_000
_AT_ONCE = 8
"""Documents of one index that are in memory while they are read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InspectorSettings:
    """How long things are remembered, and whether bases that images claim are looked up."""

    resolver: ResolverSettings = field(default_factory=ResolverSettings)
    reader: ReaderSettings = field(default_factory=ReaderSettings)
    claims: bool = True


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of one reference; without platforms, every platform that it has."""

    reference: Reference
    identity: Identity
    platforms: tuple[Platform, ...]
    wants: Wants
    text: str
    """What the reference is called in the answer."""


@dataclass(frozen=True, slots=True)
class _Ready:
    digest: Digest
    generation: int
    until: float
    inspection: Inspection


@dataclass(frozen=True, slots=True)
class _Read:
    """Images, and why there are not more of them."""

    images: Sequence[ImageFacts]
    errors: Sequence[ImageError] = ()


@dataclass(frozen=True, slots=True)
class _Held(_Read):
    entries: Sequence[Entry] = ()
    lengths: KnownLengths = field(default_factory=KnownLengths)


class Inspector:
    """Inspects images of one source. `bases` is public for those who know the BaseImages."""

    def __init__(
        self,
        source: ImageSource,
        settings: InspectorSettings | None = None,
        *,
        identity: Identity = ANONYMOUS,
        observer: InspectionObserver | None = None,
        clock: Callable[[], float] = time.monotonic,
        locate_base: Callable[[Reference], Reference] = lambda reference: reference,
    ) -> None:
        settings = settings or InspectorSettings()
        self._observer = observer
        self._clock = clock
        self.resolver = Resolver(source, settings.resolver, clock)
        self._parsing = Parsing()
        self._choices = Choices()
        self.bases = Bases(source, self.resolver, identity, locate_base, parsing=self._parsing)
        self.reader = Reader(
            source,
            settings.reader,
            clock,
            self.bases if settings.claims else None,
            parsing=self._parsing,
        )
        self._lengths = Lengths(
            source,
            max_entries=2 * settings.reader.max_entries,
            failure_seconds=settings.reader.retry_seconds,
            clock=clock,
        )
        self._ready: Bounded[tuple[str, tuple[Platform, ...], Wants], _Ready] = Bounded(
            _MAX_READY, _weight, settings.reader.max_fact_bytes // 2
        )
        self._failures: Failures[tuple[Digest, Reference, str, tuple[Platform, ...], Wants]] = (
            Failures(settings.resolver.failure_seconds, _MAX_READY, clock)
        )

    @property
    def _generation(self) -> int:
        """Tell forms of answers apart; both numbers only grow."""
        return self.bases.generation + self.reader.generation

    def cached(self, question: Question) -> Inspection | None:
        """Answer without asking anybody, or None."""
        digest = self.resolver.fresh(question.reference, question.identity)
        if digest is None:
            return None
        # Whose question it is does not matter any more: the digest is proved to be his to know.
        key = (question.text, question.platforms, question.wants)
        ready = self._ready.get(key)
        if (
            ready is not None
            and ready.digest == digest
            and ready.generation == self._generation
            and self._clock() < ready.until
        ):
            return ready.inspection
        held = self._held(digest, question)
        if held is None or any(map(self.reader.is_due, held.entries)):
            return None
        inspection = self._inspection(question, digest, held, held.lengths.lengths)
        times = [entry.until for entry in held.entries if entry.until is not None]
        until = min([*times, held.lengths.until])
        self._ready.put(key, _Ready(digest, self._generation, until, inspection))
        return inspection

    def hits(self, questions: Sequence[Question]) -> Sequence[Inspection] | None:
        """Answer all from memory and count them, or none."""
        started, found = self._clock(), []
        for question in questions:
            inspection = self.cached(question)
            if inspection is None:
                return None
            found.append(inspection)
        for _ in found:
            self._tell("cached", started)
        return found

    async def inspect(self, question: Question) -> Inspection:
        """Answer from memory, else from the source; ImageError says why there is no answer."""
        started = self._clock()
        if (found := self.hits([question])) is not None:
            return found[0]
        try:
            resolved = await self.resolver.resolve(question.reference, question.identity)
            is_held = self._held(resolved.digest, question) is not None
            read = await self._read(question, resolved)
            lengths = await self._lengths.look(
                question.reference, question.identity, read.images, question.wants.lengths
            )
        except (ImageError, SpentError) as error:
            self._tell(error.reason, started)
            raise
        is_cached = resolved.outcome == "cached"
        self._tell("fetched" if is_cached and not is_held else resolved.outcome, started)
        return self._inspection(question, resolved.digest, read, lengths)

    def expire(self, reference: Reference) -> None:
        """Make the next look-up of a reference ask again, whoever it is for."""
        self.resolver.expire(reference)
        self._failures.drop(lambda key: key[1] == reference)

    def memory(self) -> Memory:
        """Give what a restart should remember besides facts."""
        return Memory(
            answers=self.resolver.answers(),
            seen=self.resolver.seen(),
            indexes=self.reader.indexes(),
            shown=self.reader.shown(),
        )

    def restore(self, memory: Memory) -> None:
        """Take over what an earlier run remembered."""
        self.resolver.restore(memory.answers, memory.seen)
        self.reader.restore(memory.indexes, memory.shown)

    async def close(self) -> None:
        """End all look-ups that are under way."""
        await self.resolver.close()
        await self.reader.close()
        await self.bases.close()
        await self._lengths.close()
        self._parsing.close()

    def _held(self, digest: Digest, question: Question) -> _Held | None:
        """Find all that is wanted in memory, or nothing."""
        index = self.reader.index((question.reference.registry, digest))
        route = Route(targets=(_target(question, digest),))
        if index is not None:
            route = self._route(index, question, {})
        wants = question.wants.of_manifest
        entries = [self.reader.entry(target.place, wants) for target in route.targets]
        if route.unread or not entries:
            return None
        held = [entry for entry in entries if entry is not None]
        if len(held) < len(entries):
            return None
        pairs = zip(held, route.targets, strict=True)
        images = [_placed(entry.facts, target) for entry, target in pairs]
        read = _without_artifacts(images)
        lengths = self._lengths.known(
            question.reference, question.identity, read, question.wants.lengths
        )
        return None if lengths is None else _Held(read, route.errors, held, lengths)

    def _route(self, index: Index, question: Question, seen: Mapping[Digest, Known]) -> Route:
        def look(target: ManifestAt) -> Known | None:
            return seen.get(target.digest) or self._known(target)

        return find_route(question.reference, index, question.platforms, look, self._choices)

    def _known(self, target: ManifestAt) -> Known | None:
        """Tell what is in memory of a document that an index lists."""
        index, length = self.reader.index(target.place), self.reader.length(target.place)
        is_known = index is not None or length is not None
        if not is_known and self.reader.entry(target.place, Wants()) is None:
            return None
        return Known(index=index, length=length)

    async def _read(self, question: Question, resolved: Resolved) -> _Read:
        question = replace(question, wants=question.wants.of_manifest)
        key = (
            resolved.digest, question.reference, question.identity.key, question.platforms,
            question.wants,
        )  # fmt: skip
        self._failures.check(key)
        try:
            return await self._images(question, resolved.digest, resolved.document)
        except ImageError as error:
            self._failures.put(key, error)
            raise

    async def _images(self, question: Question, digest: Digest, document: Document | None) -> _Read:
        reference, identity = question.reference, question.identity
        top = await self.reader.top(reference, digest, document, identity)
        if not isinstance(top, Index):
            target = _target(question, digest)
            try:
                return _Read([await self.reader.facts(target, top, identity, question.wants)])
            except UnsupportedError:
                # Whoever came by another index, which lists this one, was reading it as an image.
                if (index := self.reader.index(target.place)) is None:
                    raise
                top = index
        return await self._chosen(question, top)

    async def _chosen(self, question: Question, index: Index) -> _Read:
        """Read what runtimes may choose; what can't be read leaves the rest as it is."""
        facts: dict[Digest, ImageFacts] = {}
        seen: dict[Digest, Known] = {}
        spent: list[SpentError] = []

        async def read(target: ManifestAt) -> None:
            try:
                found = await self._target(question, target)
            except ImageError as error:
                seen[target.digest] = Known(error=error.bare())
                return
            except SpentError as error:
                spent.append(error.bare())
                seen[target.digest] = Known(error=error.of_image())
                return
            length = self.reader.length(target.place)
            if isinstance(found, Index):
                seen[target.digest] = Known(index=found, length=length)
            else:
                facts[target.digest] = found
                seen[target.digest] = Known(length=length)

        while True:
            route = self._route(index, question, seen)
            todo = (*(one for one in route.targets if one.digest not in facts), *route.unread)
            if not todo:
                break
            # A way is found anew after some, which takes others no time: each may list a thousand.
            await asyncio.gather(*map(read, todo[:_AT_ONCE]))
        if not route.targets:
            raise (*spent, *route.errors)[0].bare()
        images = [_placed(facts[target.digest], target) for target in route.targets]
        return _Read(_without_artifacts(images), route.errors)

    async def _target(self, question: Question, target: ManifestAt) -> ImageFacts | Index:
        """Read what an index lists: a manifest, or what turns out to be an index, too."""
        identity = question.identity
        key = (target.digest, target.reference, identity.key, (), question.wants)
        self._failures.check(key)
        try:
            top = await self.reader.top(target.reference, target.digest, None, identity)
            if isinstance(top, Index):
                return top
            return await self.reader.facts(target, top, identity, question.wants)
        except ImageError as error:
            index = self.reader.index(target.place)
            if index is not None:
                return index
            self._failures.put(key, error)
            raise

    def _inspection(
        self, question: Question, digest: Digest, read: _Read, lengths: Mapping[Digest, Length]
    ) -> Inspection:
        index = self.reader.index((question.reference.registry, digest))
        images = read.images
        synthetic = len(images) == 1 and images[0].digest is None
        # Facts never change, and bases do, so they are compared last. Lengths are not facts of a
        # manifest: what is kept of it is what its digest vouches for.
        true = [with_lengths(facts, lengths, question.wants.lengths) for facts in images]
        compared = [with_known(facts, self.bases.known) for facts in true]
        return Inspection(
            reference=question.text,
            digest=None if synthetic else digest,
            media_type=index.media_type if index is not None else images[0].media_type,
            images=tuple(compared),
            gaps=tuple(
                dict.fromkeys(
                    _gap(error) for error in (*read.errors, *_faults(images, question.wants))
                )
            ),
        )

    def _tell(self, outcome: str, started: float) -> None:
        if self._observer is not None:
            self._observer.looked_up(outcome, self._clock() - started)


def _target(question: Question, digest: Digest) -> ManifestAt:
    return ManifestAt(reference=question.reference.at(digest), digest=digest)


def _placed(facts: ImageFacts, target: ManifestAt) -> ImageFacts:
    """Say where it may run, and what the index says of a platform where nobody read the config."""
    platform = facts.platform
    if target.platform is not None and platform == UNKNOWN_PLATFORM:
        platform = normalized(target.platform)
    return replace(facts, platform=platform, serves=target.serves)


def _faults(images: Sequence[ImageFacts], wants: Wants) -> Sequence[ImageError]:
    """Say of configs that can't be used why, to whoever wants more than the manifest tells."""
    is_asked = wants.config or wants.layers
    return [UnsupportedError(i.fault) for i in images if is_asked and i.fault is not None]


def _gap(error: ImageError) -> Gap:
    return Gap(
        message=str(error),
        reason=error.reason,
        temporary=error.temporary,
        no_platform=error.no_platform,
    )


def _without_artifacts(images: Sequence[ImageFacts]) -> Sequence[ImageFacts]:
    """Leave out artifacts beside images, such as SOCI indexes: no runtime would run those."""
    runs = [image for image in images if image.artifact_type is None]
    served = {platform for image in runs for platform in image.serves}
    return [
        image
        for image in images
        if image.artifact_type is None or not runs or not served.issuperset(image.serves)
    ]


def _weight(ready: _Ready) -> int:
    return weights.of_inspection(ready.inspection)
