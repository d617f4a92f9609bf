"""Which digest a reference means now; what a registry says of a tag is kept for a short time.

An answer is kept by reference and identity, since it also proves that the identity may see the
image. A registry that is down does not take back what it said before.
"""

import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from slimgate.core.credentials.identity import Identity
from slimgate.core.errors import ImageError
from slimgate.core.images.facts import Digest
from slimgate.core.images.memory import answer_key
from slimgate.core.images.reference import Reference
from slimgate.engine.bounded import Bounded
from slimgate.engine.failures import Failures
from slimgate.engine.flights import Flights
from slimgate.engine.ports import Document, ImageSource

_JITTER: Final = 0.1
_SKEW: Final = 10.0
"""Seconds that the clocks of two nodes may be apart."""
Key = tuple[Reference, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class ResolverSettings:
    """Times in seconds; `max_entries` counts references by identity."""

    tag_seconds: float = 300.0
    """How long an answer is used without asking again."""
    failure_seconds: float = 15.0
    """How long a failure is given as the answer without asking again."""
    stale_seconds: float = 24 * 3600.0
    """How long the last answer stands in for that of a registry that is down."""
    max_entries: int = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolved:
    """A reference's digest; `document` is set where the look-up brought it along."""

    digest: Digest
    document: Document | None = None
    outcome: str = "fetched"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    digest: Digest
    seen: float
    until: float


class Resolver:
    """Resolves references through a source, and remembers."""

    def __init__(
        self,
        source: ImageSource,
        settings: ResolverSettings,
        clock: Callable[[], float],
        wall: Callable[[], float] = time.time,
    ) -> None:
        self._source = source
        self._settings = settings
        self._clock = clock
        self._wall = wall
        self._known: Bounded[Key, _Known] = Bounded(settings.max_entries)
        self._seen: Bounded[Reference, Digest] = Bounded(settings.max_entries)
        self._failures: Failures[Key] = Failures(
            settings.failure_seconds, settings.max_entries, clock
        )
        self._flights: Flights[Key, Resolved] = Flights()
        self._earlier: dict[str, _Known] = {}
        self._restored = 0.0

    def fresh(self, reference: Reference, identity: Identity) -> Digest | None:
        """Return the digest if it need not be asked for."""
        known = self._recall((reference, identity.key))
        return known.digest if known is not None and self._clock() < known.until else None

    async def resolve(self, reference: Reference, identity: Identity) -> Resolved:
        """Find the digest; ImageError if the registry has none to give and never gave one."""
        key = (reference, identity.key)
        digest = self.fresh(reference, identity)
        if digest is not None:
            # The document may be on its way to whoever has asked for it.
            landed = self._flights.landed(key)
            document = landed.document if landed and landed.digest == digest else None
            return Resolved(digest=digest, document=document, outcome="cached")
        self._failures.check(key)
        return await self._flights.join(
            key, lambda: self._ask(reference, identity, key), identity.asker
        )

    def restore(self, answers: Mapping[str, Digest], seen: Mapping[str, int]) -> None:
        """Take over the answers of an earlier run, as old as they are.

        One of which nobody knows when it was given, or that is of a time to come, is due.
        """
        now, self._restored = self._wall(), self._clock()
        self._earlier = {}
        for key, digest in answers.items():
            age = now - seen[key] if key in seen else None
            if age is None or age < -_SKEW:
                since, until = self._restored - self._settings.tag_seconds, self._restored
            else:
                since = self._restored - max(0.0, age)
                until = since + self._life()
            self._earlier[key] = _Known(digest=digest, seen=since, until=until)

    def answers(self) -> dict[str, Digest]:
        """Give what is known, by `answer_key`, the longest unused first."""
        known = {answer_key(*key): one.digest for key, one in self._known.items()}
        # What nobody has asked for again by now belonged to images that are gone.
        is_recent = self._clock() < self._restored + self._settings.tag_seconds
        earlier = self._earlier.items() if is_recent else ()
        return {**{key: one.digest for key, one in earlier if key not in known}, **known}

    def seen(self) -> dict[str, int]:
        """Tell when the answers were given, in seconds since 1970."""
        start = self._wall() - self._clock()
        known = {answer_key(*key): one for key, one in self._known.items()}
        return {key: round(start + one.seen) for key, one in {**self._earlier, **known}.items()}

    def expire(self, reference: Reference) -> None:
        """Make the next look-up ask again, whoever it is for."""
        for (one, key), known in self._known.items():
            if one == reference:
                stale = _Known(digest=known.digest, seen=known.seen, until=self._clock())
                self._known.put((one, key), stale)
        self._failures.drop(lambda key: key[0] == reference)

    async def close(self) -> None:
        """End what is under way."""
        await self._flights.close()

    async def _ask(self, reference: Reference, identity: Identity, key: Key) -> Resolved:
        known = self._recall(key)
        try:
            found = await self._fetch(reference, identity, seen=known is not None)
        except ImageError as error:
            return self._fail(error, key, known)
        now = self._clock()
        self._known.put(key, _Known(digest=found.digest, seen=now, until=now + self._life()))
        self._seen.put(reference, found.digest)
        return found

    def _recall(self, key: Key) -> _Known | None:
        known = self._known.get(key)
        if known is None and self._earlier:
            known = self._earlier.pop(answer_key(*key), None)
            if known is not None:
                self._known.put(key, known)
        return known

    async def _fetch(self, reference: Reference, identity: Identity, *, seen: bool) -> Resolved:
        # A HEAD costs no pull, but tells no more than the digest: of use only where that may be
        # one whose facts are known.
        if seen or self._seen.get(reference) is not None:
            return Resolved(digest=await self._source.resolve(reference, identity))
        document = await self._source.document(reference, identity)
        return Resolved(digest=document.digest, document=document)

    def _fail(self, error: ImageError, key: Key, known: _Known | None) -> Resolved:
        now = self._clock()
        if known is not None and error.temporary:
            if now - known.seen <= self._settings.stale_seconds:
                until = now + self._failures.pause(error)
                self._known.put(key, _Known(digest=known.digest, seen=known.seen, until=until))
                return Resolved(digest=known.digest, outcome="stale")
        elif known is not None:
            self._known.drop(key)
        self._failures.put(key, error)
        raise error

    def _life(self) -> float:
        # Tags that were resolved together must not all fall due together.
        return self._settings.tag_seconds * random.uniform(1 - _JITTER, 1 + _JITTER)  # noqa: S311
