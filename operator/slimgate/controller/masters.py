"""Who answers for what it has made, so that each pod is judged once: with its topmost workload."""

from collections.abc import Callable, Iterable

from slimgate.controller.ledger import Key
from slimgate.core.kinds import Kind
from slimgate.core.workload import Owner


class Masters:
    """Built-in kinds always answer, and kinds that settings add while they are followed.

    Of those, an object without images where settings say that it has a pod template never does:
    what it runs is seen in nothing but what it makes. Listeners hear when answers have changed.
    """

    def __init__(self, built_in: Iterable[Kind], extra: Iterable[Kind] = ()) -> None:
        self._built_in = frozenset(one.group_kind for one in built_in)
        self._extra = frozenset(one.group_kind for one in extra)
        self._followed: set[tuple[str, str]] = set()
        self._hollow: dict[Key, str] = {}
        self._hollow_uids: set[str] = set()
        self._listeners: list[Callable[[], None]] = []

    def listen(self, listener: Callable[[], None]) -> None:
        """Have it called at every change."""
        self._listeners.append(listener)

    def answers(self, master: Owner | None) -> bool:
        """Whether what it has made is judged with it."""
        if master is None:
            return False
        name = master.group_kind
        return name in self._built_in or (
            name in self._followed and master.uid not in self._hollow_uids
        )

    def may_change(self, master: Owner | None) -> bool:
        """Whether the answer may be another one later."""
        return master is not None and master.group_kind in self._extra

    def is_extra(self, kind: Kind) -> bool:
        """Whether settings add a kind."""
        return kind.group_kind in self._extra

    def follow(self, kind: Kind, followed: bool) -> None:  # noqa: FBT001 - a mirror's word
        """Hear whether a kind that settings add is followed."""
        name = kind.group_kind
        if followed is not (name in self._followed):
            (self._followed.add if followed else self._followed.discard)(name)
            self._tell()

    def put(self, kind: Kind, key: Key, uid: str, *, hollow: bool) -> None:
        """Hear of an object of a kind that settings add."""
        before = self._hollow.get(key)
        if before == (uid if hollow else None):
            return
        self.drop(key)
        if hollow:
            self._hollow[key] = uid
            self._hollow_uids.add(uid)
        if kind.group_kind in self._followed:
            self._tell()

    def drop(self, key: Key) -> None:
        """Hear that an object is gone; so will be what it has made, of which nobody is told."""
        self._hollow_uids.discard(self._hollow.pop(key, ""))

    def _tell(self) -> None:
        for listener in self._listeners:
            listener()
