"""From an index to the manifests that runtimes may choose, through the indexes that it lists.

containerd follows indexes to any depth. Whoever made them chose their number, so only so many
documents are looked at for each platform, those first that a runtime is known to choose.
"""

import heapq
import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final
from weakref import ref

from slimgate.core.errors import ImageError, NoPlatformError, TooLargeError, UnsupportedError
from slimgate.core.images.choosing import choose, offered
from slimgate.core.images.facts import Digest, Platform
from slimgate.core.images.oci import NOBODY, Descriptor, Index
from slimgate.core.images.platforms import normalized
from slimgate.core.images.reference import Reference
from slimgate.core.text import printable
from slimgate.engine.bounded import Bounded
from slimgate.engine.reading import ManifestAt

MAX_DOCUMENTS: Final = 48
"""Manifests and indexes for one platform; the fattest honest index has about a dozen."""
MAX_OF_ALL: Final = 256
"""The same where every platform is asked for."""
_MAX_CHOICES: Final = 256
_NAMED: Final = 8


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a document: an index, or an error, else that it is a manifest's.

    `length` is None where nobody has counted its bytes.
    """

    index: Index | None = None
    error: ImageError | None = None
    length: int | None = None


@dataclass(frozen=True, slots=True)
class Route:
    """Manifests to judge, why others can't be, and documents to look at before more is known."""

    targets: tuple[ManifestAt, ...] = ()
    errors: tuple[ImageError, ...] = ()
    unread: tuple[ManifestAt, ...] = ()


Look = Callable[[ManifestAt], Known | None]


class Choices:
    """What runtimes may choose of an index, found once: it may have a thousand entries."""

    def __init__(self) -> None:
        self._chosen: Bounded[tuple[int, Platform | None], tuple[ref[Index], Sequence[Descriptor]]]
        self._chosen = Bounded(_MAX_CHOICES)
        self._offered: Bounded[int, tuple[ref[Index], Sequence[str]]] = Bounded(_MAX_CHOICES)

    def of(self, index: Index, platform: Platform | None) -> Sequence[Descriptor]:
        """List what may be chosen for a platform, as far as it matters."""
        known = self._chosen.get((id(index), platform))
        if known is None or known[0]() is not index:
            # Each is another document, so one more than are looked at is the last that matters.
            known = ref(index), choose(index, platform)[: _most(platform) + 1]
            self._chosen.put((id(index), platform), known)
        return known[1]

    def offered(self, index: Index) -> Sequence[str]:
        """Name some platforms that it has images for."""
        known = self._offered.get(id(index))
        if known is None or known[0]() is not index:
            known = ref(index), offered(index)[:_NAMED]
            self._offered.put(id(index), known)
        return known[1]


def find_route(
    reference: Reference,
    index: Index,
    platforms: Sequence[Platform],
    look: Look,
    choices: Choices,
) -> Route:
    """Choose by what is known; `look` gives None for a document that nobody has looked at."""
    legs = {platform: _Leg(reference, platform, look, choices).of(index) for platform in platforms}
    if not platforms:
        return _Leg(reference, None, look, choices).of(index)
    targets: dict[Digest, ManifestAt] = {}
    for leg in legs.values():
        for target in leg.targets:
            before = targets.get(target.digest)
            serves = (before.serves if before else ()) + target.serves
            targets[target.digest] = replace(before or target, serves=serves)
    unread = {target.digest: target for leg in legs.values() for target in leg.unread}
    errors = [error for leg in legs.values() for error in leg.errors]
    lacking = [one for one, leg in legs.items() if leg == Route()]
    if missing := _missing(lacking, platforms):
        errors.append(_no_image(reference, choices.offered(index), missing))
    return Route(tuple(targets.values()), tuple(errors), tuple(unread.values()))


@dataclass(frozen=True, slots=True)
class _Leg:
    """The search for one platform, or for all that there is."""

    reference: Reference
    platform: Platform | None
    look: Look
    choices: Choices

    def of(self, index: Index) -> Route:
        """Find the way down from an index."""
        count = itertools.count()
        targets: list[ManifestAt] = []
        errors: list[ImageError] = []
        unread: list[ManifestAt] = []
        # Nearest first: one step down, and one for each entry that comes before.
        heap = [(cost, next(count), entry) for cost, entry in self._steps(index, 0)]
        heapq.heapify(heap)
        left = _most(self.platform)
        seen: set[Digest] = set()
        while heap:
            cost, _, entry = heapq.heappop(heap)
            if entry.digest in seen:
                continue
            if len(seen) == left:
                errors.append(_too_many(self.reference, left))
                break
            seen.add(entry.digest)
            if entry.digest == NOBODY:
                errors.append(_no_digest(self.reference))
                continue
            target = self._target(entry)
            known = self.look(target)
            if known is None:
                unread.append(target)
            elif known.error is not None:
                errors.append(known.error)
            else:
                if known.length not in {None, entry.size}:
                    # CRI-O runs it all the same.
                    errors.append(_wrong_size(target, entry, known.length))
                if known.index is None:
                    targets.append(target)
                for more, one in self._steps(known.index, cost) if known.index else ():
                    heapq.heappush(heap, (more, next(count), one))
        return Route(tuple(targets), tuple(errors), tuple(unread))

    def _steps(self, index: Index, cost: int) -> Iterator[tuple[int, Descriptor]]:
        entries = self.choices.of(index, self.platform)
        return ((cost + 1 + place, entry) for place, entry in enumerate(entries))

    def _target(self, entry: Descriptor) -> ManifestAt:
        return ManifestAt(
            reference=self.reference.at(entry.digest),
            digest=entry.digest,
            platform=entry.platform,
            size=entry.size,
            serves=() if self.platform is None else (self.platform,),
        )


def _most(platform: Platform | None) -> int:
    return MAX_OF_ALL if platform is None else MAX_DOCUMENTS


def _missing(lacking: Sequence[Platform], wanted: Sequence[Platform]) -> Sequence[Platform]:
    """Tell the platforms whose nodes may be given the image, and have none to run.

    Pods that are for another system say so, since nothing else of them would run there.
    """
    found = {normalized(one).os for one in wanted if one not in lacking}
    return [one for one in lacking if not found or normalized(one).os in found]


def _no_image(
    reference: Reference, has_for: Sequence[str], missing: Sequence[Platform]
) -> NoPlatformError:
    wanted, has = ", ".join(map(str, missing)), ", ".join(has_for)
    return NoPlatformError(
        f"{reference} has no image for {wanted}; it has {printable(has) or 'none'}"
    )


def _too_many(reference: Reference, most: int) -> TooLargeError:
    return TooLargeError(
        f"the index of {reference} lists more images for one platform than the {most} that "
        "slimgate looks at"
    )


def _no_digest(reference: Reference) -> UnsupportedError:
    return UnsupportedError(
        f"the index of {reference} lists an image by something else than a sha256 or sha512 digest"
    )


def _wrong_size(target: ManifestAt, entry: Descriptor, length: int | None) -> UnsupportedError:
    return UnsupportedError(
        f"manifest {target.digest} has {length} bytes, not the {entry.size} that the index says: "
        "the image is broken, and containerd refuses it"
    )
