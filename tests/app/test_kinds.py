"""Kinds that settings add, followed; tests/live does so in a real cluster."""

import asyncio
from pathlib import Path

from aiohttp import web
from aiohttp.test_utils import TestServer

from slimgate.app.kinds import mirrors_of
from slimgate.cluster.api import ClusterApi
from slimgate.cluster.backoff import Pace
from slimgate.cluster.mirror import tried
from tests.controller.test_kinds import JOB, ROLLER, Place
from tests.support.kubeconfig import kubeconfig


async def test_a_kind_that_can_not_be_read(tmp_path: Path) -> None:
    """Nobody waits for it, and what it owns is judged until it can."""
    status = 403

    async def answer(_: web.Request) -> web.Response:
        return web.json_response({"metadata": {"resourceVersion": "1"}, "items": []}, status=status)

    place = Place()
    place.make()
    app = web.Application()
    app.router.add_get(ROLLER.all(), answer)
    async with TestServer(app) as server, asyncio.timeout(10):
        config = kubeconfig(tmp_path, str(server.make_url("")))
        async with ClusterApi.connect(config) as api:
            mirrors = mirrors_of(place.kinds, api, Pace(first=0.01, cap=0.01))
            task = asyncio.create_task(mirrors[ROLLER.resource].run())
            await tried(mirrors.values())
            refused = place.judged, mirrors[ROLLER.resource].synced.is_set()
            status = 200
            await mirrors[ROLLER.resource].synced.wait()
            task.cancel()
            await asyncio.wait([task])

    assert refused == ({JOB}, False)
    assert place.judged == set()


async def test_a_kind_that_is_not_answered_for(tmp_path: Path) -> None:
    """The others wait for it, but not for ever."""
    config = kubeconfig(tmp_path, "http://127.0.0.1:1")
    async with ClusterApi.connect(config) as api, asyncio.timeout(10):
        mirrors = mirrors_of(Place().kinds, api, Pace(first=0.01, cap=0.01))
        task = asyncio.create_task(mirrors[ROLLER.resource].run())
        await tried(mirrors.values(), 0.05)
        ended = task.done()
        task.cancel()
        await asyncio.wait([task])

    assert not ended
    assert not mirrors[ROLLER.resource].tried.is_set()
