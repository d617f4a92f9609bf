"""References to facts, with as few requests as correctness allows.

An image never seen costs its manifest and, if wanted, its config and a look at each new layer; a
tag that is due again costs a HEAD; everything else is answered from memory.
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from slimgate.core.assemble import choose
from slimgate.core.base import with_known
from slimgate.core.errors import ImageError, NotFoundError
from slimgate.core.identity import ANONYMOUS, Identity
from slimgate.core.image import Digest, ImageFacts, Inspection, Platform, Wants
from slimgate.core.memory import Memory
from slimgate.core.oci import Index
from slimgate.core.reference import Reference
from slimgate.core.text import printable
from slimgate.engine.bases import Bases
from slimgate.engine.bounded import Bounded
from slimgate.engine.ports import Document, ImageSource, InspectionObserver
from slimgate.engine.reader import Reader, ReaderSettings, Target
from slimgate.engine.resolver import Resolver, ResolverSettings

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
    inspection: Inspection


class Inspector:
    """Inspects images of one source. `bases` is public for those who say what policies name."""

    def __init__(
        self,
        source: ImageSource,
        settings: InspectorSettings | None = None,
        *,
        identity: Identity = ANONYMOUS,
        observer: InspectionObserver | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        settings = settings or InspectorSettings()
        self._observer = observer
        self._clock = clock
        self.resolver = Resolver(source, settings.resolver, clock)
        self.bases = Bases(source, self.resolver, identity)
        self.reader = Reader(
            source, settings.reader, clock, self.bases if settings.claims else None
        )
        self._ready: Bounded[tuple[str, str, tuple[Platform, ...], Wants], _Ready] = Bounded(
            _MAX_READY
        )

    def cached(self, question: Question) -> Inspection | None:
        """Answer without asking anybody, or None."""
        digest = self.resolver.fresh(question.reference, question.identity)
        if digest is None:
            return None
        key = (question.text, question.identity.key, question.platforms, question.wants)
        ready = self._ready.get(key)
        if (
            ready is not None
            and ready.digest == digest
            and ready.generation == self.bases.generation
        ):
            return ready.inspection
        images = self._known_images(digest, question)
        if images is None:
            return None
        inspection = self._inspection(question, digest, images)
        self._ready.put(key, _Ready(digest, self.bases.generation, inspection))
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
            images = await self._images(question, resolved.digest, resolved.document)
        except ImageError as error:
            self._tell(error.reason, started)
            raise
        self._tell(resolved.outcome, started)
        return self._inspection(question, resolved.digest, images)

    def memory(self) -> Memory:
        """Give what a restart should remember besides facts."""
        return Memory(answers=self.resolver.answers(), indexes=self.reader.indexes())

    def restore(self, memory: Memory) -> None:
        """Take over what an earlier run remembered."""
        self.resolver.restore(memory.answers)
        self.reader.restore(memory.indexes)

    async def close(self) -> None:
        """End all look-ups that are under way."""
        await self.resolver.close()
        await self.reader.close()
        await self.bases.close()

    def _known_images(self, digest: Digest, question: Question) -> list[ImageFacts] | None:
        top = self.reader.known(digest, question.wants)
        if top is None or isinstance(top, ImageFacts):
            return None if top is None else [top]
        found: list[ImageFacts] = []
        for entry in choose(top, question.platforms):
            facts = self.reader.known(entry.digest, question.wants)
            if not isinstance(facts, ImageFacts):
                return None
            found.append(facts)
        return found or None

    async def _images(
        self, question: Question, digest: Digest, document: Document | None
    ) -> list[ImageFacts]:
        reference, identity = question.reference, question.identity
        top = await self.reader.top(reference, digest, document, identity)
        if not isinstance(top, Index):
            target = Target(reference=reference.at(digest), digest=digest)
            return [await self.reader.facts(target, top, identity, question.wants)]
        entries = choose(top, question.platforms)
        if not entries:
            raise _no_platform(top, question)
        targets = [
            Target(reference=reference.at(e.digest), digest=e.digest, platform=e.platform)
            for e in entries
        ]
        return list(
            await asyncio.gather(
                *(self.reader.facts(t, None, identity, question.wants) for t in targets)
            )
        )

    def _inspection(
        self, question: Question, digest: Digest, images: list[ImageFacts]
    ) -> Inspection:
        top = self.reader.known(digest, Wants())
        known = self.bases.known
        synthetic = len(images) == 1 and images[0].digest is None
        return Inspection(
            reference=question.text,
            digest=None if synthetic else digest,
            media_type=top.media_type if top is not None else images[0].media_type,
            images=tuple(with_known(facts, known) for facts in images),
        )

    def _tell(self, outcome: str, started: float) -> None:
        if self._observer is not None:
            self._observer.looked_up(outcome, self._clock() - started)


def _no_platform(index: Index, question: Question) -> NotFoundError:
    wanted = ", ".join(map(str, question.platforms))
    offered = ", ".join(sorted({str(e.platform) for e in choose(index, ()) if e.platform})[:8])
    return NotFoundError(
        f"{question.reference} has no image for {wanted}; it has {printable(offered) or 'none'}"
    )
