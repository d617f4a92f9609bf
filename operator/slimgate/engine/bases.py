"""Bases to compare images with: found in their registries, kept as long as they may be claimed.

A tag of a base moves, and images built before it did are still based on what it was. So every base
that was ever seen under a reference of a BaseImage stays, up to a number.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

from slimgate.core.assemble import UNKNOWN_PLATFORM
from slimgate.core.base import KnownBase
from slimgate.core.credentials.identity import ANONYMOUS, Identity
from slimgate.core.errors import ImageError, NotFoundError, UnavailableError, UnsupportedError
from slimgate.core.images.choosing import choose
from slimgate.core.images.facts import Digest, Platform
from slimgate.core.images.oci import Index, Manifest
from slimgate.core.images.reference import Reference
from slimgate.core.policies.base_image import BaseImage
from slimgate.engine.bounded import Bounded
from slimgate.engine.flights import Flights
from slimgate.engine.history import Found, History
from slimgate.engine.parsing import Parsing
from slimgate.engine.ports import Document, ImageSource
from slimgate.engine.resolver import Resolver

Settling = Mapping[BaseImage, asyncio.Task[None]]
_MAX_BASES: Final = 2_000
_MAX_DEPTH: Final = 8
"""Indexes that one leads to; what is deeper is no base that anybody builds on."""
_PENDING: Final = "its registry has not answered yet"


@dataclass(frozen=True, slots=True)
class _Question:
    reference: Reference
    digest: Digest
    platform: Platform


class Bases:
    """Finds bases: those that images claim when asked, those of BaseImages by `refresh`.

    `locate` may tell another place to look for one; without platforms, all that it has are meant.
    """

    def __init__(
        self,
        source: ImageSource,
        resolver: Resolver,
        identity: Identity = ANONYMOUS,
        locate: Callable[[Reference], Reference] = lambda reference: reference,
        *,
        parsing: Parsing,
    ) -> None:
        self._source = source
        self._locate = locate
        self._resolver = resolver
        self._identity = identity
        self._parsing = parsing
        self._found: Bounded[_Question, KnownBase] = Bounded(_MAX_BASES)
        self._flights: Flights[_Question, KnownBase] = Flights()
        self._settling: Flights[BaseImage, None] = Flights()
        self._images: tuple[BaseImage, ...] = ()
        self._wanted: frozenset[Reference] = frozenset()
        self._histories: dict[Reference, History] = {}
        self.known: tuple[KnownBase, ...] = ()
        """The bases of BaseImages, for all platforms; by name, newest first."""
        self.generation = 0
        """Grows whenever `known` changes."""
        self.news = 0
        """Grows whenever `known` changes, or what can't be found, or why."""

    async def find(self, reference: Reference, platform: Platform, identity: Identity) -> KnownBase:
        """Find a base that an image claims; ImageError if its registry has none."""
        resolved = await self._resolver.resolve(self._locate(reference), identity)
        return await self._find(reference, resolved.digest, resolved.document, platform, identity)

    def missing(
        self, images: Iterable[BaseImage], platforms: Sequence[Platform]
    ) -> Mapping[Reference, ImageError]:
        """Say why references of BaseImages are not known, for at least one platform."""
        found: dict[Reference, ImageError] = {}
        for reference in (reference for image in images for reference in image.references):
            if not self._is_settled(reference, platforms):
                found[reference] = UnavailableError(_PENDING)
            elif (error := self._histories[reference].missing) is not None:
                found[reference] = error
        return found

    def history(self, reference: Reference) -> History | None:
        """Tell what was found under a reference of a BaseImage; None before the first look-up."""
        return self._histories.get(reference)

    async def refresh(self, images: Sequence[BaseImage], platforms: Sequence[Platform]) -> None:
        """Look all references of BaseImages up, and forget those of others."""
        self._take(images)
        await self._look(images, platforms)

    def settle(self, images: Sequence[BaseImage], platforms: Sequence[Platform]) -> Settling:
        """Begin to look up what has never been, which nobody need wait for."""
        unsettled = [image for image in images if not self._has_settled(image, platforms)]
        if unsettled:
            self._take(images)
        return {image: self._start(image, platforms) for image in unsettled}

    def _start(self, image: BaseImage, platforms: Sequence[Platform]) -> asyncio.Task[None]:
        return self._settling.start(image, lambda: self._look((image,), platforms))

    async def close(self) -> None:
        """End what is under way."""
        await self._settling.close()
        await self._flights.close()

    def _has_settled(self, image: BaseImage, platforms: Sequence[Platform]) -> bool:
        return all(self._is_settled(reference, platforms) for reference in image.references)

    def _is_settled(self, reference: Reference, platforms: Sequence[Platform]) -> bool:
        history = self._histories.get(reference)
        return history is not None and history.looked_up.issuperset(platforms)

    def _take(self, images: Sequence[BaseImage]) -> None:
        taken = tuple(sorted(images, key=lambda image: image.name))
        if taken == self._images:
            return
        self._images = taken
        self._wanted = frozenset(reference for image in taken for reference in image.references)
        for gone in self._histories.keys() - self._wanted:
            del self._histories[gone]
            self.news += 1
        self._renew()

    def _renew(self) -> None:
        known = tuple(base for image in self._images for base in self._of(image))
        if known != self.known:
            self.known = known
            self.generation += 1
            self.news += 1

    def _of(self, image: BaseImage) -> Iterable[KnownBase]:
        histories = (self._histories.get(reference) for reference in image.references)
        for base in (base for one in histories if one is not None for base in one.bases):
            yield replace(
                base,
                base_image=image.name,
                tier=base.tier if image.tier is None else image.tier,
            )

    async def _look(self, images: Iterable[BaseImage], platforms: Sequence[Platform]) -> None:
        wanted: dict[Reference, list[Digest]] = {}
        for image in images:
            for reference in image.references:
                wanted.setdefault(reference, []).extend(image.earlier_of(reference))
        await asyncio.gather(
            *(self._refresh(reference, platforms, earlier) for reference, earlier in wanted.items())
        )

    async def _refresh(
        self, reference: Reference, platforms: Sequence[Platform], earlier: Sequence[Digest]
    ) -> None:
        found = await self._look_up(reference, platforms)
        former = await self._look_back(reference, platforms, earlier, found.digest)
        if reference not in self._wanted:
            return  # a later refresh, which has ended before this one, knows better
        history = self._histories.setdefault(reference, History())
        if history.take(found, former):
            self.news += 1
            self._renew()

    async def _look_up(self, reference: Reference, platforms: Sequence[Platform]) -> Found:
        try:
            found = await self._resolver.resolve(self._locate(reference), self._identity)
        except ImageError as error:
            return Found(None, dict.fromkeys(platforms or (UNKNOWN_PLATFORM,), error.bare()))
        return await self._found_at(reference, found.digest, found.document, platforms)

    async def _found_at(
        self,
        reference: Reference,
        digest: Digest,
        document: Document | None,
        platforms: Sequence[Platform],
    ) -> Found:
        try:
            platforms = platforms or await self._offered(reference, digest, document)
        except ImageError as error:
            return Found(digest, {UNKNOWN_PLATFORM: error.bare()})
        found = await asyncio.gather(
            *(self._try(reference, digest, document, platform) for platform in platforms)
        )
        return Found(digest, dict(zip(platforms, found, strict=True)))

    async def _offered(
        self, reference: Reference, digest: Digest, document: Document | None
    ) -> Sequence[Platform]:
        """List the platforms that a base has; what is no index has one, whatever it is called."""
        place = self._locate(reference).at(digest)
        found = document or await self._source.document(place, self._identity)
        parsed = await self._parsing.document(found, self._identity.asker)
        entries = choose(parsed, None) if isinstance(parsed, Index) else ()
        return [one.platform for one in entries if one.platform] or [UNKNOWN_PLATFORM]

    async def _look_back(
        self,
        reference: Reference,
        platforms: Sequence[Platform],
        earlier: Sequence[Digest],
        now: Digest | None,
    ) -> list[Found]:
        """Look up what a reference was before this process began, where nobody has yet."""
        history = self._histories.get(reference)
        done = history.done if history is not None else frozenset()
        return [
            await self._found_at(reference, digest, None, platforms)
            for digest in earlier
            if digest not in done and digest != now
        ]

    async def _try(
        self,
        reference: Reference,
        digest: Digest,
        document: Document | None,
        platform: Platform,
    ) -> KnownBase | ImageError:
        try:
            return await self._find(reference, digest, document, platform, self._identity)
        except ImageError as error:
            return error.bare()

    async def _find(
        self,
        reference: Reference,
        digest: Digest,
        document: Document | None,
        platform: Platform,
        identity: Identity,
    ) -> KnownBase:
        question = _Question(reference, digest, platform)
        kept = self._found.get(question)
        if kept is not None:
            return kept
        return await self._flights.join(question, lambda: self._read(question, document, identity))

    async def _read(
        self, question: _Question, document: Document | None, identity: Identity
    ) -> KnownBase:
        reference = self._locate(question.reference).at(question.digest)
        manifest = await self._manifest(reference, document, question.platform, identity)
        body = await self._source.config(reference, manifest.config, identity)
        config = await self._parsing.config(body, identity.asker)
        sizes = [layer.size for layer in manifest.layers]
        make = partial(KnownBase.of, question.reference, config, layer_sizes=sizes)
        found = await self._parsing.facts(make, config, asker=identity.asker)
        self._found.put(question, found)
        return found

    async def _manifest(
        self,
        reference: Reference,
        document: Document | None,
        platform: Platform,
        identity: Identity,
    ) -> Manifest:
        found = document or await self._source.document(reference, identity)
        parsed = await self._parsing.document(found, identity.asker)
        for _ in range(_MAX_DEPTH):
            if not isinstance(parsed, Index):
                break
            chosen = choose(parsed, platform)
            if not chosen:
                raise NotFoundError(f"{reference.name} has no image for {platform}")
            found = await self._source.document(reference.at(chosen[0].digest), identity)
            parsed = await self._parsing.document(found, identity.asker)
        if isinstance(parsed, Index) or not parsed.may_run:
            raise UnsupportedError(f"{reference.name} is not an image, so nothing is based on it")
        return parsed
