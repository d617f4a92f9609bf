"""What was ever found under one reference of a BaseImage, and what fails now."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from slimgate.core.base import KnownBase
from slimgate.core.errors import ImageError, NotFoundError, UnsupportedError
from slimgate.core.images.facts import Digest, Platform

_KEPT: Final = 16
_TRIED: Final = 128


@dataclass(frozen=True, slots=True)
class Found:
    """What one look-up gave: the digest, if any, and a base or an error for each platform."""

    digest: Digest | None
    by_platform: Mapping[Platform, KnownBase | ImageError]

    @property
    def bases(self) -> dict[Platform, KnownBase]:
        """Only the bases."""
        return {p: one for p, one in self.by_platform.items() if isinstance(one, KnownBase)}

    @property
    def is_final(self) -> bool:
        """Whether looking again would tell nothing else."""
        errors = (one for one in self.by_platform.values() if isinstance(one, ImageError))
        return not any(error.temporary for error in errors)


class History:
    """Digests and their bases by platform; what is oldest is forgotten beyond a number."""

    def __init__(self) -> None:
        self._seen: dict[Digest, dict[Platform, KnownBase]] = {}
        self._done: dict[Digest, None] = {}
        self.looked_up: frozenset[Platform] = frozenset()
        """The platforms that a look-up has ended for, whatever it found."""
        self.error: ImageError | None = None
        """Why the reference can't be resolved now. A registry that is down is no error while what
        it said before is known; one that takes it back is."""
        self.missing: ImageError | None = None
        """Why nothing is known of it for some platform."""

    @property
    def bases(self) -> Iterable[KnownBase]:
        """All bases, newest first."""
        return [base for _, kept in self._newest() for base in kept.values()]

    @property
    def digests(self) -> Sequence[tuple[Digest, tuple[Platform, ...]]]:
        """The digests that were found, newest first, and the platforms that each is for."""
        return [(digest, tuple(kept)) for digest, kept in self._newest()]

    @property
    def done(self) -> frozenset[Digest]:
        """Former digests that need not be looked up again."""
        return frozenset(self._done)

    def take(self, found: Found, former: Sequence[Found] = ()) -> bool:
        """Take what look-ups gave; whether anything is otherwise than before.

        `former` are digests that the reference pointed at before all that is known, newest first.
        """
        before = self._state()
        for one in former:
            self._put_back(one)
        if found.digest is not None and found.bases:
            self._put(found.digest, found.bases)
        for gone in list(self._seen)[:-_KEPT]:
            del self._seen[gone]
        self.looked_up |= found.by_platform.keys()
        self.error = _same(self.error, self._error(found))
        self.missing = _same(self.missing, self._missing(found))
        return self._state() != before

    def _newest(self) -> Sequence[tuple[Digest, dict[Platform, KnownBase]]]:
        return list(reversed(self._seen.items()))

    def _state(self) -> object:
        return self.digests, self.looked_up, self.error, self.missing

    def _put(self, digest: Digest, bases: dict[Platform, KnownBase]) -> None:
        bases = self._seen.pop(digest, {}) | bases
        # A base that is pushed every night, and is the same, does not drive out what differs.
        for other in [d for d, kept in self._seen.items() if _is_part(kept, bases)]:
            del self._seen[other]
        self._seen[digest] = bases

    def _put_back(self, found: Found) -> None:
        if found.digest is None:
            return
        if found.digest in self._seen:
            self._seen[found.digest] = found.bases | self._seen[found.digest]
        elif found.bases and not any(_is_part(found.bases, kept) for kept in self._seen.values()):
            self._seen = {found.digest: found.bases, **self._seen}
        if found.is_final:
            self._done[found.digest] = None
            for gone in list(self._done)[:-_TRIED]:
                del self._done[gone]

    def _error(self, found: Found) -> ImageError | None:
        return next(
            (
                one
                for platform, one in _failures(found)
                if not (one.temporary and self._is_known(platform))
            ),
            None,
        )

    def _missing(self, found: Found) -> ImageError | None:
        failures = _failures(found)
        return next((one for platform, one in failures if not self._is_known(platform)), None)

    def _is_known(self, platform: Platform) -> bool:
        return any(platform in kept for kept in self._seen.values())


def _failures(found: Found) -> Sequence[tuple[Platform, ImageError]]:
    """List what leaves a platform without its base: one need not exist for every platform."""
    optional = (NotFoundError, UnsupportedError) if found.bases else ()
    return [
        (platform, one)
        for platform, one in found.by_platform.items()
        if isinstance(one, ImageError) and not isinstance(one, optional)
    ]


def _is_part(some: Mapping[Platform, KnownBase], whole: Mapping[Platform, KnownBase]) -> bool:
    return all(
        platform in whole and whole[platform].diff_ids == base.diff_ids
        for platform, base in some.items()
    )


def _same(before: ImageError | None, now: ImageError | None) -> ImageError | None:
    """Keep an error that means the same: its text may tell times that change with every look."""
    if before is None or now is None:
        return now
    is_same = (before.reason, before.code) == (now.reason, now.code)
    return before if is_same else now
