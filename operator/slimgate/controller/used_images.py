"""Which images verdicts rest on, so that nobody need go through all verdicts to find out."""

from collections import Counter
from collections.abc import Hashable, Iterator
from collections.abc import Set as AbstractSet
from typing import Generic, TypeVar

from slimgate.core.images.facts import Digest, Inspection
from slimgate.core.policies.verdict import Verdict

K = TypeVar("K", bound=Hashable)


class UsedImages(Generic[K]):
    """Manifests by whoever rests on them, and the references that they are used by."""

    def __init__(self) -> None:
        self.names: dict[Digest, Counter[str]] = {}
        """How often each manifest is used by each reference."""
        self._users: dict[Digest, dict[K, None]] = {}

    def take(self, key: K, verdict: Verdict) -> None:
        """Take a verdict."""
        for digest, reference in _used(verdict):
            self.names.setdefault(digest, Counter())[reference] += 1
        for digest in _rests_on(verdict):
            self._users.setdefault(digest, {})[key] = None

    def drop(self, key: K, verdict: Verdict) -> None:
        """Forget a verdict that was taken."""
        for digest, reference in _used(verdict):
            names = self.names[digest]
            names[reference] -= 1
            if not names[reference]:
                del names[reference]
                if not names:
                    del self.names[digest]
        for digest in _rests_on(verdict):
            users = self._users[digest]
            del users[key]
            if not users:
                del self._users[digest]

    def users(self, digests: AbstractSet[Digest]) -> list[K]:
        """List whose verdicts rest on manifests."""
        return list(dict.fromkeys(key for one in digests for key in self._users.get(one, ())))


def _used(verdict: Verdict) -> Iterator[tuple[Digest, str]]:
    for use, seen in verdict.subject.inspected().items():
        for image in seen.images:
            if image.digest is not None:
                yield image.digest, use.reference


def _rests_on(verdict: Verdict) -> frozenset[Digest]:
    subject = verdict.subject
    return frozenset(
        image.digest
        for seen in (*subject.images.values(), *subject.running.values())
        if isinstance(seen, Inspection)
        for image in seen.images
        if image.digest is not None
    )
