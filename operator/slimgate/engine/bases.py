"""Bases to compare images with: found in their registries, kept as long as they may be claimed.

A tag of a base moves, and images built before it did still stand on what it was. So every base
that was ever seen under a policy's reference stays, up to a number.
"""

from collections.abc import Sequence
from dataclasses import dataclass
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
        self._named: dict[NamedBase, dict[tuple[str, ...], KnownBase]] = {}
        self.missing: dict[Reference, ImageError] = {}
        self.generation = 0

    @property
    def known(self) -> tuple[KnownBase, ...]:
        """The bases that policies name, for all platforms, newest first."""
        return tuple(base for seen in self._named.values() for base in reversed(seen.values()))

    async def find(self, reference: Reference, platform: Platform, identity: Identity) -> KnownBase:
        """Find a base that an image claims; ImageError if its registry has none."""
        return await self._find(reference, platform, identity, None)

    def is_settled(self, named: NamedBase) -> bool:
        """Whether the base has been looked up, with whatever result."""
        return named in self._named

    async def refresh(self, named: Sequence[NamedBase], platforms: Sequence[Platform]) -> None:
        """Look up what policies name, and forget what none names any more."""
        wanted = dict.fromkeys(named)
        missing: dict[Reference, ImageError] = {}
        before = self.known
        for gone in self._named.keys() - wanted.keys():
            del self._named[gone]
        for base in wanted:
            seen = dict(self._named.get(base, {}))
            error = await self._refresh(base, platforms, seen)
            if error is not None and (not error.temporary or not seen):
                missing[base.reference] = error
                self.missing[base.reference] = error
            self._named[base] = seen
        self.missing = missing
        if self.known != before:
            self.generation += 1

    async def close(self) -> None:
        """End what is under way."""
        await self._flights.close()

    async def _refresh(
        self,
        base: NamedBase,
        platforms: Sequence[Platform],
        seen: dict[tuple[str, ...], KnownBase],
    ) -> ImageError | None:
        first: ImageError | None = None
        found = 0
        for platform in platforms:
            try:
                known = await self._find(base.reference, platform, self._identity, base)
            except ImageError as error:
                first = first or error
                continue
            found += 1
            seen.pop(known.diff_ids, None)
            seen[known.diff_ids] = known
            while len(seen) > _KEPT_TAGS * len(platforms):
                del seen[next(iter(seen))]
        # A base need not exist for every platform of the cluster.
        return None if found and isinstance(first, NotFoundError | UnsupportedError) else first

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
            raise UnsupportedError(f"{reference.name} is no image, so nothing can stand on it")
        return parsed
