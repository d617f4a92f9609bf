"""Reports that were withdrawn before it was known which there are, and those that others delete."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from aiohttp import web

from slimgate.cluster.reports import Reports
from slimgate.cluster.resources import OPEN_REPORTS, Target
from slimgate.core.policies.finding import Outcome
from slimgate.core.workloads.kinds import DEPLOYMENTS
from tests.cluster.conftest import eventually
from tests.cluster.verdicts import verdict
from tests.support.cluster_client import client_of

TARGETS = [
    Target(resource=DEPLOYMENTS, namespace="shop", name=f"w{number}", uid=f"{number}")
    for number in range(3)
]


@dataclass
class Server:
    """Holds a report of each workload, and takes its time to delete one."""

    reports: set[str] = field(default_factory=lambda: {f"slimgate-{one.uid}" for one in TARGETS})
    is_deleting: asyncio.Event = field(default_factory=asyncio.Event)
    may_delete: asyncio.Event = field(default_factory=asyncio.Event)

    def app(self) -> web.Application:
        """Make the server."""
        app, base = web.Application(), f"/apis/{OPEN_REPORTS.api_version}"
        name = f"{base}/namespaces/shop/{OPEN_REPORTS.plural}/{{name}}"
        app.router.add_get(base, self._kinds)
        app.router.add_get(f"{base}/{OPEN_REPORTS.plural}", self._list)
        app.router.add_patch(name, self._apply)
        app.router.add_delete(name, self._delete)
        return app

    async def _kinds(self, _request: web.Request) -> web.Response:
        return web.json_response({"resources": [{"name": OPEN_REPORTS.plural}]})

    async def _list(self, request: web.Request) -> web.StreamResponse:
        if "watch" in request.query:
            answer = web.StreamResponse()
            await answer.prepare(request)
            await asyncio.sleep(60)
        items = [{"metadata": {"namespace": "shop", "name": one}} for one in sorted(self.reports)]
        return web.json_response({"metadata": {"resourceVersion": "1"}, "items": items})

    async def _apply(self, request: web.Request) -> web.Response:
        self.reports.add(request.match_info["name"])
        return web.json_response({})

    async def _delete(self, request: web.Request) -> web.Response:
        self.is_deleting.set()
        await self.may_delete.wait()
        self.reports.discard(request.match_info["name"])
        return web.json_response({})


@asynccontextmanager
async def running(reports: Reports) -> AsyncIterator[None]:
    """Run reports."""
    task = asyncio.create_task(reports.run())
    try:
        async with asyncio.timeout(30):
            yield
    finally:
        task.cancel()
        await asyncio.wait([task])


async def test_one_that_is_wanted_again(tmp_path: Path) -> None:
    """It is there in the end, whether its deletion was to come or under way; others are gone."""
    server = Server()
    async with client_of(server.app(), tmp_path) as api:
        reports = Reports(api, choices=(OPEN_REPORTS,))
        for target in TARGETS:
            await reports.withdraw(target)
        async with running(reports):
            await server.is_deleting.wait()
            judging = [
                asyncio.create_task(reports.record(target, verdict(target, Outcome.WARN)))
                for target in TARGETS[1:]
            ]
            await asyncio.wait(judging, timeout=0.1)
            server.may_delete.set()
            await asyncio.wait(judging)

            async def tidied() -> bool:
                return "slimgate-0" not in server.reports

            await eventually(tidied, 20)
            await asyncio.sleep(0.1)

    assert server.reports == {"slimgate-1", "slimgate-2"}


async def test_one_that_somebody_deletes(tmp_path: Path) -> None:
    """Whose it was is told, once, so that it is written again."""
    lost: list[str] = []
    async with client_of(Server().app(), tmp_path) as api:
        reports = Reports(api, on_lost=lost.append)
        for one in TARGETS:
            reports.put({"metadata": {"namespace": "shop", "name": f"slimgate-{one.uid}"}})
        for name in ("slimgate-1", "slimgate-1", "slimgate-9"):
            reports.drop("shop", name)

    assert lost == ["1"]
