"""The Deployment that slimgate's own pod belongs to: what is owned by it goes when it goes."""

import logging
from typing import Final

from slimgate.cluster.api import ClusterApi
from slimgate.cluster.errors import UnreachableError
from slimgate.core.errors import ClusterError
from slimgate.core.json_object import JsonObject, mapping_at, objects_at, text_at
from slimgate.core.workloads.kinds import DEPLOYMENTS, PODS, REPLICA_SETS, Kind

_LOG: Final = logging.getLogger(__name__)
_OWNERS: Final = (REPLICA_SETS, DEPLOYMENTS)


class OwnDeployment:
    """Looks that Deployment up when it is first needed; `pod` is None outside of a cluster."""

    def __init__(self, api: ClusterApi, namespace: str, pod: str | None) -> None:
        self._api = api
        self._namespace = namespace
        self._pod = pod
        self._found: list[dict[str, object]] | None = None

    async def references(self) -> list[dict[str, object]]:
        """Return the owner references for what the Deployment is to take along; none if unknown."""
        if self._found is None:
            try:
                self._found = await self._look()
            except UnreachableError:
                return []
            except ClusterError as error:
                _LOG.warning("what slimgate writes will outlive its Deployment: %s", error)
                self._found = []
        return self._found

    async def _look(self) -> list[dict[str, object]]:
        path = PODS.one(self._namespace, self._pod) if self._pod else ""
        for kind in _OWNERS:
            reference = _controller_of(await self._api.get(path), kind) if path else {}
            if not reference:
                return []  # run by hand, or by something else than a Deployment
            path = kind.one(self._namespace, text_at(reference, "name"))
        return [{key: text_at(reference, key) for key in ("apiVersion", "kind", "name", "uid")}]


def _controller_of(obj: JsonObject, kind: Kind) -> JsonObject:
    for reference in objects_at(mapping_at(obj, "metadata"), "ownerReferences"):
        if reference.get("controller") is True and text_at(reference, "kind") == kind.kind:
            return reference
    return {}
