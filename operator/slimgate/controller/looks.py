"""Which workloads see the same of an image, so that one of them need look for all.

Tags move, and registries come back. Looking costs as much as there are images, and not workloads:
one workload is judged again, and the others only if it saw something else than before.
"""

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from slimgate.core.errors import ImageError
from slimgate.core.images.facts import Inspection
from slimgate.core.policies.verdict import Verdict

K = TypeVar("K", bound=Hashable)
Sight = tuple[object, ...] | None
"""What was seen, as far as it is the same for all; None where another look may soon tell more."""


@dataclass(frozen=True, slots=True)
class ImageLook:
    """What tells looks apart: a reference, the key of an identity, and what is to be known."""

    reference: str
    identity: str
    policies: tuple[str, ...]


@dataclass(slots=True)
class _Sights(Generic[K]):
    seen: Sight = None
    by_key: dict[K, Sight] = field(default_factory=dict)
    open: dict[K, None] = field(default_factory=dict)


class Looks(Generic[K]):
    """The looks of all workloads, by whatever names them."""

    def __init__(self) -> None:
        self._sights: dict[ImageLook, _Sights[K]] = {}
        self._of: dict[K, tuple[ImageLook, ...]] = {}

    def take(self, key: K, identity: str, verdict: Verdict) -> Sequence[K]:
        """Take what a workload saw just now; list the others that would see something else, too."""
        policies = tuple(policy.name for policy in verdict.policies)
        found = {
            ImageLook(use.reference, identity, policies): _sight(seen)
            for use, seen in verdict.subject.images.items()
        }
        for gone in self._of.get(key, ()):
            if gone not in found:
                self._forget(gone, key)
        self._of[key] = tuple(found)
        others = (one for look, sight in found.items() for one in self._see(look, key, sight))
        return list(dict.fromkeys(others))

    def drop(self, key: K) -> None:
        """Forget a workload."""
        for look in self._of.pop(key, ()):
            self._forget(look, key)

    def of(self, key: K) -> Sequence[ImageLook]:
        """List the looks of a workload."""
        return self._of.get(key, ())

    def is_open(self, look: ImageLook) -> bool:
        """Whether another look may soon tell more."""
        sights = self._sights.get(look)
        return sights is not None and bool(sights.open)

    def next(self, look: ImageLook) -> K | None:
        """Choose who is to look: each in its turn, who lacks something first; None if nobody is."""
        sights = self._sights.get(look)
        if sights is None:
            return None
        key = next(iter(sights.open or sights.by_key))
        sights.by_key[key] = sights.by_key.pop(key)
        if sights.open:
            sights.open[key] = sights.open.pop(key)
        return key

    def _see(self, look: ImageLook, key: K, sight: Sight) -> Iterator[K]:
        sights = self._sights.setdefault(look, _Sights())
        is_known, before = key in sights.by_key, sights.by_key.get(key)
        sights.by_key[key] = sight
        if sight is None:
            sights.open[key] = None
            return
        sights.open.pop(key, None)
        if is_known and before is None:
            yield from sights.open
        # Who sees nothing new says nothing to others: two that differ would go on for ever.
        if sights.seen not in {None, sight} and not (is_known and before == sight):
            yield from (one for one, other in sights.by_key.items() if other not in {None, sight})
        sights.seen = sight

    def _forget(self, look: ImageLook, key: K) -> None:
        sights = self._sights[look]
        del sights.by_key[key]
        sights.open.pop(key, None)
        if not sights.by_key:
            del self._sights[look]


def _sight(seen: Inspection | ImageError) -> Sight:
    if isinstance(seen, ImageError):
        return None if seen.temporary else (seen.reason,)
    if any(image.base.unread is not None for image in seen.images):
        return None
    if any(gap.temporary for gap in seen.gaps):
        return None
    # How much there is to pull may be the registry's word, which comes when it answers.
    return seen.digest, *((image.digest, image.pull.bytes) for image in seen.images)
