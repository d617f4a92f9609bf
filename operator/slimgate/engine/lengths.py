"""How long layers are as they are stored: asked of their registry, and what it said is kept.

By registry and digest: what a manifest says of a layer is no part of it, and what one registry says
counts for no other.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from math import inf
from typing import Final

from slimgate.core.credentials.identity import Identity
from slimgate.core.errors import ImageError
from slimgate.core.images.facts import Digest, ImageFacts, Platform
from slimgate.core.images.lengths import Length, unproven
from slimgate.core.images.reference import Reference
from slimgate.engine.bounded import Bounded
from slimgate.engine.failures import Failures
from slimgate.engine.flights import MAX_FLIGHTS, Flights
from slimgate.engine.ports import ImageSource
from slimgate.engine.some import some_at_a_time

_AT_ONCE: Final = 16
"""Layers of one image that are asked for together, as when they are read."""
_MAX_FLIGHTS: Final = 8 * MAX_FLIGHTS


@dataclass(frozen=True, slots=True)
class KnownLengths:
    """What is known of layers, and until when: a failure is asked for again."""

    lengths: Mapping[Digest, Length] = field(default_factory=dict)
    until: float = inf


@dataclass(frozen=True, slots=True)
class _Layer:
    """Whoever may see one repository of a registry need not see another."""

    repository: Reference
    digest: Digest
    identity: str


class Lengths:
    """Asks for `max_entries` layers; a failure is the answer for some seconds."""

    def __init__(
        self,
        source: ImageSource,
        *,
        max_entries: int,
        failure_seconds: float,
        clock: Callable[[], float],
    ) -> None:
        self._source = source
        self._known: Bounded[tuple[str, Digest], int] = Bounded(max_entries)
        self._failures: Failures[_Layer] = Failures(failure_seconds, max_entries, clock)
        self._flights: Flights[_Layer, int] = Flights(_MAX_FLIGHTS)

    def known(
        self,
        reference: Reference,
        identity: Identity,
        images: Iterable[ImageFacts],
        trusting: frozenset[Platform],
    ) -> KnownLengths | None:
        """Tell what is in memory of all layers that matter to such nodes, or nothing."""
        lengths, until = dict[Digest, Length](), inf
        for digest in unproven(images, trusting) if trusting else ():
            length = self._known.get((reference.registry, digest))
            if length is not None:
                lengths[digest] = length
            elif (failure := self._failures.kept(_layer(reference, digest, identity))) is not None:
                lengths[digest] = failure[0]
                until = min(until, failure[1])
            else:
                return None
        return KnownLengths(lengths, until)

    async def look(
        self,
        reference: Reference,
        identity: Identity,
        images: Iterable[ImageFacts],
        trusting: frozenset[Platform],
    ) -> Mapping[Digest, Length]:
        """Find all of them, whatever it takes; SpentError where it takes too much."""
        digests = unproven(images, trusting) if trusting else []
        found = await some_at_a_time(partial(self._look, reference, identity), digests, _AT_ONCE)
        return dict(zip(digests, found, strict=True))

    async def close(self) -> None:
        """End what is under way."""
        await self._flights.close()

    async def _look(self, reference: Reference, identity: Identity, digest: Digest) -> Length:
        known = self._known.get((reference.registry, digest))
        if known is not None:
            return known
        layer = _layer(reference, digest, identity)
        try:
            self._failures.check(layer)
            return await self._flights.join(
                layer, lambda: self._ask(reference, digest, identity, layer), identity.asker
            )
        except ImageError as error:
            # One layer that can't be looked at leaves the rest of the image as it is.
            return error.bare()

    async def _ask(
        self, reference: Reference, digest: Digest, identity: Identity, layer: _Layer
    ) -> int:
        try:
            length = await self._source.length(reference, digest, identity)
        except ImageError as error:
            self._failures.put(layer, error)
            raise
        self._known.put((reference.registry, digest), length)
        return length


def _layer(reference: Reference, digest: Digest, identity: Identity) -> _Layer:
    return _Layer(reference.at(digest), digest, identity.key)
