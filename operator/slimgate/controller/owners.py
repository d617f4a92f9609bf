"""Which owners are judged for what they have made, so that each image of a pod is judged once.

A Deployment's verdict covers its ReplicaSets and their Pods.
"""

from collections.abc import Callable, Iterable

from slimgate.controller.ledger import Key
from slimgate.core.workloads.kinds import Kind
from slimgate.core.workloads.workload import Owner, Workload, WorkloadKey


class Owners:
    """Owners of built-in kinds are judged, and of kinds that settings add while those are followed.

    An object of the latter whose pod template is not where settings say is never judged: what it
    runs is seen only in what it makes. Listeners hear when it is another answer.
    """

    def __init__(self, built_in: Iterable[Kind], extra: Iterable[Kind] = ()) -> None:
        self._built_in = frozenset(one.group_kind for one in built_in)
        self._extra = frozenset(one.group_kind for one in extra)
        self._followed: set[tuple[str, str]] = set()
        self._without_template: dict[WorkloadKey, str] = {}
        self._uids_without_template: set[str] = set()
        self._listeners: list[Callable[[], None]] = []

    def listen(self, listener: Callable[[], None]) -> None:
        """Have it called at every change."""
        self._listeners.append(listener)

    def cover(self, owner: Owner | None) -> bool:
        """Whether the verdict on an owner covers what it has made."""
        if owner is None:
            return False
        name = owner.group_kind
        return name in self._built_in or (
            name in self._followed and owner.uid not in self._uids_without_template
        )

    def vouch(self, workload: Workload) -> bool:
        """Whether the owner of what is judged itself is there: anyone may write a name."""
        owner = workload.owner
        if owner is None or not owner.uid:
            return False
        return workload.of_owner(self._without_template) == owner.uid

    def may_change(self, owner: Owner | None) -> bool:
        """Whether what `cover` says of an owner may be otherwise later."""
        return owner is not None and owner.group_kind in self._extra

    def is_extra(self, kind: Kind) -> bool:
        """Whether settings add a kind."""
        return kind.group_kind in self._extra

    def follow(self, kind: Kind, followed: bool) -> None:  # noqa: FBT001 - mirrors call it
        """Hear whether a kind that settings add is followed."""
        name = kind.group_kind
        if followed is not (name in self._followed):
            (self._followed.add if followed else self._followed.discard)(name)
            self._tell()

    def put(self, kind: Kind, key: Key, uid: str, *, without_template: bool) -> None:
        """Hear of an object of a kind that settings add."""
        before = self._without_template.get(_named(key))
        if before == (uid if without_template else None):
            return
        self.drop(key)
        if without_template:
            self._without_template[_named(key)] = uid
            self._uids_without_template.add(uid)
        if kind.group_kind in self._followed:
            self._tell()

    def drop(self, key: Key) -> None:
        """Hear that an object is gone; what it has made will follow, so no listener is called."""
        self._uids_without_template.discard(self._without_template.pop(_named(key), ""))

    def _tell(self) -> None:
        for listener in self._listeners:
            listener()


def _named(key: Key) -> WorkloadKey:
    return key.kind.group_kind, key.namespace, key.name
