"""Annotations on a workload itself, never on its pod template."""

from collections.abc import Mapping

from slimgate.cluster.api import ClusterApi
from slimgate.cluster.errors import ConflictError, MissingError
from slimgate.cluster.resources import Target


async def annotate(
    api: ClusterApi,
    target: Target,
    wanted: Mapping[str, str | None],
    held: Mapping[str, object] | None = None,
) -> bool:
    """Set annotations or, by None, remove them; with `held`, the object's own, only the others.

    False if nothing was written: they are as wanted, or the object is gone or is another one.
    """
    change = {key: value for key, value in wanted.items() if held is None or held.get(key) != value}
    if not change:
        return False
    patch = {"metadata": {"uid": target.uid, "annotations": change}}
    try:
        await api.merge_patch(target.path, patch)
    except (MissingError, ConflictError):
        return False
    return True
