"""Labels of namespaces that mirrors have not heard of, read from an API server."""

import asyncio
from pathlib import Path

import pytest

from slimgate.cluster import namespaces
from slimgate.cluster.namespaces import Namespaces
from slimgate.core.errors import ClusterError
from tests.judging.server import Server
from tests.support.clock import Clock


def _namespace(**labels: str) -> dict[str, object]:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "new", "labels": labels}}


async def test_labels_are_read_once(tmp_path: Path) -> None:
    """All who ask at the same time share one request, and what it gave serves for a moment."""
    server, clock = Server([_namespace(team="a")]), Clock()
    async with server.running(tmp_path) as api:
        reader = Namespaces(api, clock=clock)

        found = await asyncio.gather(*(reader.labels("new") for _ in range(9)))
        assert found == [{"team": "a"}] * 9
        server.objects = [_namespace(team="b")]
        assert await reader.labels("new") == {"team": "a"}
        clock.now += 6
        assert await reader.labels("new") == {"team": "b"}
        await reader.aclose()


@pytest.mark.parametrize("name", ["none", "../nodes", ""])
async def test_a_namespace_that_is_not_there(name: str, tmp_path: Path) -> None:
    """It is an error each time, and a name that is none leads nowhere else."""
    async with Server([_namespace()]).running(tmp_path) as api:
        with pytest.raises(ClusterError):
            await Namespaces(api).labels(name)


async def test_names_without_end(tmp_path: Path) -> None:
    """Whoever names many namespaces at once has only so many of them asked for."""
    async with Server([]).running(tmp_path) as api:
        reader = Namespaces(api)
        asked = (reader.labels(f"n{number}") for number in range(200))
        found = await asyncio.gather(*asked, return_exceptions=True)

    assert all(isinstance(one, ClusterError) for one in found)
    assert sum("too many" in str(one) for one in found) == 200 - namespaces._MAX_WAITING
