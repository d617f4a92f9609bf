"""What a workload ran before, as Kubernetes keeps it for rollbacks (ADR 16)."""

from contextlib import aclosing
from typing import Final

from slimgate.cluster.api import ClusterApi
from slimgate.cluster.resources import CONTROLLER_REVISIONS
from slimgate.core.json_object import JsonObject, mapping_at, text_at
from slimgate.core.workloads.kinds import DAEMON_SETS, REPLICA_SETS, STATEFUL_SETS, Kind
from slimgate.core.workloads.workload import Owner, Workload, group_of, selector_of, workload_of

_KEPT_BY: Final = {
    STATEFUL_SETS.group_kind: CONTROLLER_REVISIONS,
    DAEMON_SETS.group_kind: CONTROLLER_REVISIONS,
}
"""What keeps the revisions of a kind; ReplicaSets do for all others."""
_MAX_OBJECTS: Final = 100
_MAX_BYTES: Final = 2**20
"""Kubernetes keeps ten revisions of some kilobytes, but anyone may make more that match."""


async def revisions(api: ClusterApi, workload: JsonObject) -> list[Workload]:
    """List a workload's former templates and the present one; ClusterError if they can't be had.

    No more is looked at than one page of what its selector matches, and that must not be large.
    """
    metadata, selector = mapping_at(workload, "metadata"), selector_of(workload)
    if not selector:
        return []
    kind = group_of(text_at(workload, "apiVersion")), text_at(workload, "kind")
    kept_as = _KEPT_BY.get(kind, REPLICA_SETS)
    query = {"labelSelector": ",".join(f"{key}={value}" for key, value in selector.items())}
    path = kept_as.within(text_at(metadata, "namespace"))
    listing = api.pages(path, query, page_size=_MAX_OBJECTS, max_bytes=_MAX_BYTES)
    async with aclosing(listing) as pages:
        page = await anext(pages)
    uid = text_at(metadata, "uid")
    # An exception may have let one pass for the owner that it names: all of it must be this one.
    owner = Owner(group=kind[0], kind=kind[1], name=text_at(metadata, "name"))
    found = (_template_in(one, kept_as) for one in page.items)
    return [one for one in found if one and uid and _is(one.owner, owner, uid)]


def _is(found: Owner | None, owner: Owner, uid: str) -> bool:
    return found is not None and found == owner and found.uid == uid


def _template_in(obj: JsonObject, kept_as: Kind) -> Workload | None:
    held = mapping_at(obj, "data") if kept_as is CONTROLLER_REVISIONS else obj
    shape = {"apiVersion": REPLICA_SETS.api_version, "kind": REPLICA_SETS.kind}
    return workload_of({**held, **shape, "metadata": mapping_at(obj, "metadata")})
