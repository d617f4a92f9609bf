"""Bases to compare images with: found in their registries, kept as long as they may be claimed.

A tag of a base moves, and images built before it did still stand on what it was. So every base
that was ever seen under a policy's reference stays, up to a number.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from slimgate.core.assemble import choose
from slimgate.core.base import KnownBase
from slimgate.core.errors import ImageError, NotFoundError, UnsupportedError
from slimgate.core.identity import ANONYMOUS, Identity
from slimgate.core.image import Digest, Platform
from slimgate.core.oci import Index, Manifest, parse_config, parse_document
from slimgate.core.policy import NamedBase
from slimgate.core.reference import Reference
from slimgate.engine.bounded import Bounded
from slimgate.engine.flights import Flights
from slimgate.engine.ports import Document, ImageSource
from slimgate.engine.resolver import Resolver

_MAX_BASES: Final = 2_000
_KEPT_TAGS: Final = 16


@dataclass(frozen=True, slots=True)
class _Question:
    reference: Reference
    digest: Digest
    platform: Platform
    named: NamedBase | None


@dataclass(slots=True)
class _Named:
    """What was ever seen under a reference, by platform, newest last, and what fails now."""

    seen: dict[Platform, dict[tuple[str, ...], KnownBase]] = field(default_factory=dict)
    error: ImageError | None = None

    @property
    def bases(self) -> tuple[KnownBase, ...]:
        return tuple(base for kept in self.seen.values() for base in reversed(kept.values()))

    def put(self, platform: Platform, base: KnownBase) -> None:
        kept = self.seen.setdefault(platform, {})
        kept.pop(base.diff_ids, None)
        kept[base.diff_ids] = base
        if len(kept) > _KEPT_TAGS:
            del kept[next(iter(kept))]


class Bases:
    """Finds bases: those that images claim when asked, those that policies name by `refresh`."""

    def __init__(
        self, source: ImageSource, resolver: Resolver, identity: Identity = ANONYMOUS
    ) -> None:
        self._source = source
        self._resolver = resolver
        self._identity = identity
        self._found: Bounded[_Question, KnownBase] = Bounded(_MAX_BASES)
        self._flights: Flights[_Question, KnownBase] = Flights()
        self._named: dict[NamedBase, _Named] = {}
        self._wanted: frozenset[NamedBase] = frozenset()
        self.generation = 0
        """Grows whenever `known` changes."""

    @property
    def known(self) -> tuple[KnownBase, ...]:
        """The bases that policies name, for all platforms, newest first."""
        return tuple(base for named in self._named.values() for base in named.bases)

    @property
    def missing(self) -> Mapping[Reference, ImageError]:
        """Why bases that policies name are not known, for at least one platform."""
        return {
            base.reference: named.error
            for base, named in self._named.items()
            if named.error is not None
        }

    async def find(self, reference: Reference, platform: Platform, identity: Identity) -> KnownBase:
        """Find a base that an image claims; ImageError if its registry has none."""
        return await self._find(reference, platform, identity, None)

    def is_settled(self, named: NamedBase) -> bool:
        """Whether the base has been looked up, with whatever result."""
        return named in self._named

    async def refresh(self, named: Sequence[NamedBase], platforms: Sequence[Platform]) -> None:
        """Look up what policies name, and forget what none names any more."""
        self._wanted = frozenset(named)
        for gone in self._named.keys() - self._wanted:
            if self._named.pop(gone).bases:
                self.generation += 1
        await asyncio.gather(*(self._refresh(base, platforms) for base in dict.fromkeys(named)))

    async def settle(self, named: Sequence[NamedBase], platforms: Sequence[Platform]) -> None:
        """Look up what policies have just named; nobody waits for bases of other policies."""
        self._wanted |= frozenset(named)
        await asyncio.gather(*(self._refresh(base, platforms) for base in dict.fromkeys(named)))

    async def close(self) -> None:
        """End what is under way."""
        await self._flights.close()

    async def _refresh(self, base: NamedBase, platforms: Sequence[Platform]) -> None:
        found = await asyncio.gather(*(self._try(base, platform) for platform in platforms))
        if base not in self._wanted:
            return  # a later refresh, which has ended before this one, knows better
        named = self._named.setdefault(base, _Named())
        before = named.bases
        for platform, one in zip(platforms, found, strict=True):
            if isinstance(one, KnownBase):
                named.put(platform, one)
        named.error = _error(dict(zip(platforms, found, strict=True)), named)
        if named.bases != before:
            self.generation += 1

    async def _try(self, base: NamedBase, platform: Platform) -> KnownBase | ImageError:
        try:
            return await self._find(base.reference, platform, self._identity, base)
        except ImageError as error:
            return error.bare()

    async def _find(
        self,
        reference: Reference,
        platform: Platform,
        identity: Identity,
        named: NamedBase | None,
    ) -> KnownBase:
        resolved = await self._resolver.resolve(reference, identity)
        question = _Question(reference, resolved.digest, platform, named)
        kept = self._found.get(question)
        if kept is not None:
            return kept
        found = await self._flights.join(
            question, lambda: self._read(question, resolved.document, identity)
        )
        self._found.put(question, found)
        return found

    async def _read(
        self, question: _Question, document: Document | None, identity: Identity
    ) -> KnownBase:
        reference = question.reference.at(question.digest)
        manifest = await self._manifest(reference, document, question.platform, identity)
        config = parse_config(await self._source.config(reference, manifest.config, identity))
        named = question.named
        return KnownBase.of(
            question.reference,
            config,
            name=named.name if named else None,
            tier=named.tier if named else None,
            layer_sizes=[layer.size for layer in manifest.layers],
        )

    async def _manifest(
        self,
        reference: Reference,
        document: Document | None,
        platform: Platform,
        identity: Identity,
    ) -> Manifest:
        found = document or await self._source.document(reference, identity)
        parsed = parse_document(found.body, found.media_type)
        if isinstance(parsed, Index):
            chosen = choose(parsed, (platform,))
            if not chosen:
                raise NotFoundError(f"{reference.name} has no image for {platform}")
            found = await self._source.document(reference.at(chosen[0].digest), identity)
            parsed = parse_document(found.body, found.media_type)
        if isinstance(parsed, Index) or not parsed.is_image:
            raise UnsupportedError(f"{reference.name} is not an image, so it can't be a base")
        return parsed


def _error(found: Mapping[Platform, KnownBase | ImageError], named: _Named) -> ImageError | None:
    """Find the error that leaves a platform without its base.

    A base need not exist for every platform of the cluster, and what was seen before stays true
    while its registry is down.
    """
    is_there = any(isinstance(one, KnownBase) for one in found.values())
    for platform, one in found.items():
        if isinstance(one, KnownBase) or (one.temporary and named.seen.get(platform)):
            continue
        if not (is_there and isinstance(one, NotFoundError | UnsupportedError)):
            return one
    return None
