"""Writes of a controller that does not lead, or no longer; and what it writes of the Lease."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from slimgate.cluster.errors import ConflictError, UnreachableError
from slimgate.cluster.fence import Fence, FencedError, steady
from slimgate.cluster.lease_store import LeaseStore
from slimgate.cluster.own_deployment import OwnDeployment
from slimgate.core.election import Candidate, HeldLease, Timing
from tests.support.clock import Clock
from tests.support.cluster_client import client_of

LONG_AGO = datetime(1970, 1, 2, tzinfo=UTC)
SHORT = 0.05


class Server:
    """Answers reads at once and writes when it is told to, and keeps a Lease."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.answers = asyncio.Event()
        self.lease: dict[str, Any] = {}

    @property
    def app(self) -> web.Application:
        """What serves it."""
        app = web.Application()
        app.router.add_route("*", "/apis/coordination.k8s.io/{path:.*}", self.keep)
        app.router.add_route("*", "/{path:.*}", self.answer)
        return app

    async def answer(self, request: web.Request) -> web.Response:
        """Answer anything."""
        self.asked.append(request.method)
        if request.method != "GET":
            await self.answers.wait()
        return web.json_response({})

    async def keep(self, request: web.Request) -> web.Response:
        """Make or change the Lease."""
        body = await request.json()
        version = self.lease.get("metadata", {}).get("resourceVersion")
        if self.lease and body["metadata"].get("resourceVersion") != version:
            return web.json_response({"kind": "Status"}, status=409)
        self.lease = {
            **body,
            "metadata": {**body["metadata"], "resourceVersion": f"{version or 0}1"},
            "spec": {**self.lease.get("spec", {}), **body["spec"]},
        }
        return web.json_response(self.lease)


@pytest.fixture
def server() -> Server:
    """Be an API server."""
    return Server()


WRITES = {
    "POST": lambda api: api.create("/api/v1/secrets", {}),
    "PATCH": lambda api: api.merge_patch("/api/v1/secrets/a", {}),
    "PATCH status": lambda api: api.patch_status("/api/v1/secrets/a", {}),
    "PATCH apply": lambda api: api.apply("/api/v1/secrets/a", {}),
    "DELETE": lambda api: api.delete("/api/v1/secrets/a"),
}


@pytest.mark.parametrize("way", WRITES)
async def test_every_way_to_write(server: Server, tmp_path: Path, way: str) -> None:
    """None leaves the process while the fence is closed; reads do."""
    fence = Fence(Clock(10.0))
    server.answers.set()
    async with client_of(server.app, tmp_path, fence=fence) as api:
        await api.get("/api/v1/secrets/a")
        fence.open(10.0)
        with pytest.raises(FencedError):
            await WRITES[way](api)
        fence.open(10.1)
        await WRITES[way](api)

    assert server.asked == ["GET", way.split(maxsplit=1)[0]]


async def test_what_is_under_way(server: Server, tmp_path: Path) -> None:
    """It is cut off when the time is over, unless that is put off meanwhile."""
    fence = Fence()
    clock = asyncio.get_running_loop().time
    async with client_of(server.app, tmp_path, fence=fence) as api:
        fence.open(steady() + SHORT)
        slow = asyncio.create_task(api.create("/api/v1/secrets", {}))
        await asyncio.sleep(SHORT / 2)
        fence.open(steady() + 60)
        await asyncio.sleep(2 * SHORT)
        kept_on = not slow.done()
        started = clock()
        fence.close()
        with pytest.raises(FencedError) as caught:
            await slow

    assert (kept_on, server.asked) == (True, ["POST"])
    assert clock() - started < 10
    # Whoever writes tries again, as after any failure of the API server.
    assert isinstance(caught.value, UnreachableError)
    assert caught.value.temporary


async def test_renewals_differ(server: Server, tmp_path: Path) -> None:
    """Also by a clock that stands still or goes back; each is over the version that was read."""
    times = [LONG_AGO, LONG_AGO, LONG_AGO.replace(day=1), LONG_AGO]
    candidate = Candidate(identity="a_1", timing=Timing())
    found: list[HeldLease] = []
    async with client_of(server.app, tmp_path) as api:
        owner = OwnDeployment(api, "ops", None)
        store = LeaseStore(api, "ops", "gate", owner, now=iter(times).__next__)
        for _ in times[:3]:
            found.append(await store.write(candidate))
            candidate = candidate.heard(found[-1], 0.0).won(found[-1], 0.0)
        with pytest.raises(ConflictError):
            await store.write(candidate.won(found[0], 0.0))
        await store.release(found[-1])

    assert sorted({one.renewed for one in found}) == [one.renewed for one in found]
    assert len(found) == 3
    assert {(one.holder, one.seconds, one.transitions) for one in found} == {("a_1", 10, 0)}
    spec = server.lease["spec"]
    assert (spec["holderIdentity"], spec["acquireTime"]) == (None, "1970-01-02T00:00:00.000000Z")
