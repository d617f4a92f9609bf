"""Which ReplicaSets carry what Kubernetes has copied from their owner's annotations.

Their controller only adds annotations, so that they would stay for ever once the owner has none,
and come back by `kubectl rollout undo`.
"""

from collections.abc import Mapping, Sequence

from slimgate.controller.ledger import Key, Observed


class Copies:
    """The ReplicaSets that carry annotations, by the uid of their owner."""

    def __init__(self) -> None:
        self._by_owner: dict[str, dict[Key, Observed]] = {}
        self._owners: dict[Key, str] = {}

    def put(self, key: Key, observed: Observed) -> str | None:
        """Take a ReplicaSet as it is now; return its owner's uid if it carries a copy."""
        self.drop(key)
        owner = observed.workload.owner
        if owner is None or not owner.uid or not observed.is_marked:
            return None
        self._by_owner.setdefault(owner.uid, {})[key] = observed
        self._owners[key] = owner.uid
        return owner.uid

    def drop(self, key: Key, uid: str | None = None) -> None:
        """Forget one that carries nothing any more or, with `uid`, that very one that is gone."""
        owner = self._owners.get(key)
        if owner is None:
            return
        own = self._by_owner[owner]
        if uid in {None, own[key].workload.uid}:
            del self._owners[key], own[key]
            if not own:
                del self._by_owner[owner]

    def uids(self) -> Mapping[Key, str]:
        """Return them with their own uids."""
        return {key: self._by_owner[uid][key].workload.uid for key, uid in self._owners.items()}

    def __contains__(self, key: Key) -> bool:
        return key in self._owners

    def of(self, uid: str) -> Sequence[tuple[Key, Observed]]:
        """List those of an owner."""
        return list(self._by_owner.get(uid, {}).items())
