"""Annotations on a workload itself, never on its pod template, and the copies that others make."""

from collections.abc import Collection, Mapping
from contextlib import aclosing
from http import HTTPStatus
from typing import Final

from slimgate.cluster.api import ClusterApi
from slimgate.cluster.errors import ApiError, ConflictError
from slimgate.cluster.resources import Target
from slimgate.core.errors import MissingError
from slimgate.core.json_object import JsonObject, mapping_at, objects_at, text_at
from slimgate.core.workloads.kinds import BUILT_IN, DEPLOYMENTS, REPLICA_SETS, Kind
from slimgate.core.workloads.workload import selector_of

_NOTHING: Final[JsonObject] = {}


async def annotate(api: ClusterApi, target: Target, wanted: Mapping[str, str | None]) -> JsonObject:
    """Set annotations or, by None, remove them; return the object, empty if it is another."""
    patch = {"metadata": {"uid": target.uid, "annotations": dict(wanted)}}
    try:
        return await api.merge_patch(target.path, patch)
    except (MissingError, ConflictError):
        return _NOTHING


def may_be_copied(kind: Kind) -> bool:
    """Whether ReplicaSets get an object's annotations: a Deployment's, or one of another's kind."""
    return kind == DEPLOYMENTS or kind not in BUILT_IN


async def strip_copies(api: ClusterApi, owner: JsonObject, names: Collection[str]) -> None:
    """Remove annotations from the ReplicaSets of a Deployment that has been rid of them.

    Its controller only adds annotations, so that they would stay for ever, and come back by
    `kubectl rollout undo`. No more is looked at than one page of those that its selector matches.
    """
    selector = ",".join(f"{name}={value}" for name, value in selector_of(owner).items())
    if not selector:
        return
    metadata = mapping_at(owner, "metadata")
    path = REPLICA_SETS.within(text_at(metadata, "namespace"))
    query = {"labelSelector": selector}
    async with aclosing(api.pages(path, query, metadata_only=True)) as pages:
        try:
            page = await anext(pages)
        except ApiError as error:
            if error.status != HTTPStatus.BAD_REQUEST:
                raise
            return  # of a kind of others: labels that nothing can have
    for copy in page.items:
        held = mapping_at(copy, "metadata")
        owners = {text_at(one, "uid") for one in objects_at(held, "ownerReferences")}
        carried = mapping_at(held, "annotations")
        if text_at(metadata, "uid") in owners and any(name in carried for name in names):
            await annotate(api, Target.of(REPLICA_SETS, copy), dict.fromkeys(names))
