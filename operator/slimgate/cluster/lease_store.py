"""Reads and writes the Lease, each time only over the version that was read."""

from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Final

from slimgate.cluster.api import ClusterApi
from slimgate.cluster.mirror import Mirror, Scope, Sink
from slimgate.cluster.own_deployment import OwnDeployment
from slimgate.cluster.resources import LEASES, OWN_LABELS
from slimgate.core.election import Candidate, HeldLease
from slimgate.core.errors import MissingError
from slimgate.core.json_object import JsonObject, mapping_at, text_at
from slimgate.core.timestamp import format_micro_time

_TICK: Final = timedelta(microseconds=1)
_LONG_AGO: Final = datetime.fromtimestamp(0, UTC)


class LeaseStore:
    """One Lease, by its name."""

    def __init__(
        self,
        api: ClusterApi,
        namespace: str,
        name: str,
        owner: OwnDeployment,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._api = api
        self._all = LEASES.within(namespace)
        self._path = LEASES.one(namespace, name)
        self._name = name
        self._owner = owner
        self._now = now
        self._written = _LONG_AGO
        self._acquired = _LONG_AGO

    def __str__(self) -> str:
        return self._name

    def mirror(self, sink: Sink) -> Mirror:
        """Watch it, for which the right to its name is enough."""
        scope = Scope(path=self._all, query={"fieldSelector": f"metadata.name={self._name}"})
        return Mirror(self._api, scope, sink)

    async def get(self) -> HeldLease | None:
        """Read it, None if there is none."""
        with suppress(MissingError):
            return self.read(await self._api.get(self._path))
        return None

    async def write(self, candidate: Candidate) -> HeldLease:
        """Have the candidate hold it; ConflictError or ExistsError if it has changed meanwhile.

        No two writes say the same, whatever the clock does: others tell by that who is alive.
        """
        held = candidate.held
        self._written = max(self._now(), self._written + _TICK)
        if not candidate.leads:
            self._acquired = self._written
        is_new_holder = held is not None and held.holder != candidate.identity
        spec = {
            "holderIdentity": candidate.identity,
            "leaseDurationSeconds": int(candidate.timing.lease),
            "acquireTime": format_micro_time(self._acquired),
            "renewTime": format_micro_time(self._written),
            "leaseTransitions": (held.transitions if held else 0) + is_new_holder,
        }
        if held is None:
            return self.read(await self._api.create(self._all, await self._made(spec)))
        return await self._patch(held, spec)

    async def release(self, held: HeldLease) -> None:
        """Have nobody hold it."""
        await self._patch(held, {"holderIdentity": None})

    def read(self, obj: JsonObject) -> HeldLease:
        """Read one as the API server sends it; what is no number says nothing."""
        spec = mapping_at(obj, "spec")
        return HeldLease(
            holder=text_at(spec, "holderIdentity"),
            seconds=_number(spec, "leaseDurationSeconds"),
            renewed=text_at(spec, "renewTime"),
            transitions=_number(spec, "leaseTransitions"),
            version=text_at(mapping_at(obj, "metadata"), "resourceVersion"),
        )

    async def _patch(self, held: HeldLease, spec: JsonObject) -> HeldLease:
        patch = {"metadata": {"resourceVersion": held.version}, "spec": spec}
        return self.read(await self._api.merge_patch(self._path, patch))

    async def _made(self, spec: JsonObject) -> dict[str, object]:
        return {
            "apiVersion": LEASES.api_version,
            "kind": LEASES.kind,
            "metadata": {
                "name": self._name,
                "labels": dict(OWN_LABELS),
                "ownerReferences": await self._owner.references(),
            },
            "spec": spec,
        }


def _number(spec: JsonObject, key: str) -> int:
    value = spec.get(key)
    return value if isinstance(value, int) else 0
