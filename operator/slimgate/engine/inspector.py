"""References to facts, with as few requests as correctness allows.

An image never seen costs its manifest and, if wanted, its config and a look at each new layer; a
tag that is due again costs a HEAD; everything else is answered from memory.
"""

import asyncio
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from slimgate.core.assemble import UNKNOWN_PLATFORM, choose
from slimgate.core.base import with_known
from slimgate.core.credentials.identity import ANONYMOUS, Identity
from slimgate.core.errors import ImageError, NotFoundError, UnsupportedError
from slimgate.core.images.facts import Digest, ImageFacts, Inspection, Platform, Wants
from slimgate.core.images.memory import Memory
from slimgate.core.images.oci import Index
from slimgate.core.images.reference import Reference
from slimgate.core.text import printable
from slimgate.engine.bases import Bases
from slimgate.engine.bounded import Bounded
from slimgate.engine.failures import Failures
from slimgate.engine.ports import Document, ImageSource, InspectionObserver
from slimgate.engine.reader import Entry, Reader, ReaderSettings
from slimgate.engine.reading import ManifestAt
from slimgate.engine.resolver import Resolved, Resolver, ResolverSettings

_MAX_READY = 20_000


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
        self.bases = Bases(source, self.resolver, identity, locate_base)
        self.reader = Reader(
            source, settings.reader, clock, self.bases if settings.claims else None
        )
        self._ready: Bounded[tuple[str, tuple[Platform, ...], Wants], _Ready] = Bounded(_MAX_READY)
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
        if not held or any(self.reader.is_due(entry) for _, entry in held):
            return None
        inspection = self._inspection(question, digest, [facts for facts, _ in held])
        until = min((e.until for _, e in held if e.until is not None), default=math.inf)
        self._ready.put(key, _Ready(digest, self._generation, until, inspection))
        return inspection

    def hit(self, question: Question) -> Inspection | None:
        """Answer from memory and count it, or None."""
        started = self._clock()
        inspection = self.cached(question)
        if inspection is not None:
            self._tell("cached", started)
        return inspection

    async def inspect(self, question: Question) -> Inspection:
        """Answer from memory, else from the source; ImageError says why there is no answer."""
        started = self._clock()
        inspection = self.hit(question)
        if inspection is not None:
            return inspection
        try:
            resolved = await self.resolver.resolve(question.reference, question.identity)
            is_held = bool(self._held(resolved.digest, question))
            images = await self._read(question, resolved)
        except ImageError as error:
            self._tell(error.reason, started)
            raise
        is_cached = resolved.outcome == "cached"
        self._tell("fetched" if is_cached and not is_held else resolved.outcome, started)
        return self._inspection(question, resolved.digest, images)

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

    def _held(self, digest: Digest, question: Question) -> list[tuple[ImageFacts, Entry]]:
        """Find all that is wanted in memory, or nothing."""
        place = question.reference.registry, digest
        index = self.reader.index(place)
        targets = [_target(question, digest)] if index is None else _targets(index, question)
        found: list[tuple[ImageFacts, Entry]] = []
        for target in targets:
            entry = self.reader.entry(target.place, question.wants)
            if entry is None:
                return []
            found.append((_on_platform(entry.facts, target), entry))
        return found

    async def _read(self, question: Question, resolved: Resolved) -> list[ImageFacts]:
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

    async def _images(
        self, question: Question, digest: Digest, document: Document | None
    ) -> list[ImageFacts]:
        reference, identity = question.reference, question.identity
        top = await self.reader.top(reference, digest, document, identity)
        if not isinstance(top, Index):
            target = _target(question, digest)
            try:
                return [await self.reader.facts(target, top, identity, question.wants)]
            except UnsupportedError:
                # Whoever came by another index, which lists this one, was reading it as an image.
                if (index := self.reader.index(target.place)) is None:
                    raise
                top = index
        targets = _targets(top, question)
        if not targets:
            raise _no_platform(top, question)
        facts = await asyncio.gather(
            *(self.reader.facts(target, None, identity, question.wants) for target in targets)
        )
        return list(map(_on_platform, facts, targets))

    def _inspection(
        self, question: Question, digest: Digest, images: Sequence[ImageFacts]
    ) -> Inspection:
        index = self.reader.index((question.reference.registry, digest))
        synthetic = len(images) == 1 and images[0].digest is None
        # Facts never change, and bases do, so they are compared last.
        compared = [with_known(facts, self.bases.known) for facts in images]
        return Inspection(
            reference=question.text,
            digest=None if synthetic else digest,
            media_type=index.media_type if index is not None else images[0].media_type,
            images=tuple(compared),
        )

    def _tell(self, outcome: str, started: float) -> None:
        if self._observer is not None:
            self._observer.looked_up(outcome, self._clock() - started)


def _target(question: Question, digest: Digest) -> ManifestAt:
    return ManifestAt(reference=question.reference.at(digest), digest=digest)


def _targets(index: Index, question: Question) -> list[ManifestAt]:
    return [
        ManifestAt(
            reference=question.reference.at(entry.digest),
            digest=entry.digest,
            platform=entry.platform,
        )
        for entry in choose(index, question.platforms)
    ]


def _on_platform(facts: ImageFacts, target: ManifestAt) -> ImageFacts:
    """Say what the index says of a platform where the config, whose word wins, was not read."""
    if target.platform is None or facts.platform != UNKNOWN_PLATFORM:
        return facts
    return replace(facts, platform=target.platform)


def _no_platform(index: Index, question: Question) -> NotFoundError:
    wanted = ", ".join(map(str, question.platforms))
    offered = ", ".join(sorted({str(e.platform) for e in choose(index, ()) if e.platform})[:8])
    return NotFoundError(
        f"{question.reference} has no image for {wanted}; it has {printable(offered) or 'none'}"
    )
