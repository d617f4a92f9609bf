"""What a workload ran before: whose word counts for it, and how much of it is read."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from slimgate.cluster.api import ClusterApi
from slimgate.cluster.errors import ApiError
from slimgate.cluster.revisions import revisions
from tests.judging.rows import Json
from tests.judging.server import Server

MIB = 2**20
OWNER = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web", "uid": "u"}
DEPLOYMENT = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "web", "namespace": "shop", "uid": "u"},
    "spec": {"selector": {"matchLabels": {"app": "web"}}},
}


def replica_set(image: str, *, padding: int = 0, **owner: str) -> Json:
    """Make one that the Deployment's selector matches, and that names it as its controller."""
    metadata = {
        "name": image,
        "namespace": "shop",
        "labels": {"app": "web"},
        "annotations": {"padding": "x" * padding},
        "ownerReferences": [{**OWNER, "controller": True, **owner}],
    }
    spec = {"template": {"spec": {"containers": [{"name": "web", "image": image}]}}}
    return {"apiVersion": "apps/v1", "kind": "ReplicaSet", "metadata": metadata, "spec": spec}


@asynccontextmanager
async def having(objects: Sequence[Json], folder: Path) -> AsyncIterator[ClusterApi]:
    """Be an API server that has these."""
    async with Server(objects).running(folder) as api:
        yield api


async def ran(api: ClusterApi) -> list[str]:
    """Tell which images the Deployment ran."""
    return [use.reference for one in await revisions(api, DEPLOYMENT) for use in one.images]


async def test_what_is_too_large_is_not_read(tmp_path: Path) -> None:
    """Anyone may make ReplicaSets of a megabyte that match: they must not fill the memory."""
    async with having([replica_set("a"), replica_set("b")], tmp_path) as api:
        assert await ran(api) == ["a", "b"]
    large = [replica_set("a"), replica_set("b", padding=MIB)]
    async with having(large, tmp_path) as api:
        with pytest.raises(ApiError, match=r"larger than the 1,048,576 bytes"):
            await ran(api)


async def test_all_of_the_owner_must_be_right(tmp_path: Path) -> None:
    """What passed as another workload's, whose exceptions are for that one, was never this one's.

    Neither was what another of the same name had.
    """
    others = [
        replica_set("a", name="legacy"),
        replica_set("b", kind="Rollout"),
        replica_set("c", apiVersion="example.com/v1"),
        replica_set("d", uid="another"),
    ]
    async with having([*others, replica_set("own")], tmp_path) as api:
        assert await ran(api) == ["own"]
