"""Annotations on a workload itself, never on its pod template."""

from collections.abc import Mapping
from contextlib import suppress

from slimgate.cluster.api import ClusterApi
from slimgate.cluster.errors import ConflictError
from slimgate.cluster.resources import Target
from slimgate.core.errors import MissingError


async def annotate(api: ClusterApi, target: Target, wanted: Mapping[str, str | None]) -> None:
    """Set annotations or, by None, remove them; nothing where the object is another by now."""
    patch = {"metadata": {"uid": target.uid, "annotations": dict(wanted)}}
    with suppress(MissingError, ConflictError):
        await api.merge_patch(target.path, patch, metadata_only=True)
