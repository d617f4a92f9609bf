"""A cluster that does not let slimgate annotate workloads."""

import logging
from collections import Counter
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path

import pytest
from aiohttp import web

from slimgate.cluster.records import Records
from slimgate.cluster.reports import Reports
from slimgate.core.wording.annotations import NO_ANNOTATIONS
from slimgate.core.workloads.kinds import DEPLOYMENTS, Kind
from slimgate.core.workloads.workload import Workload
from tests.support.clock import Clock
from tests.support.cluster_client import client_of

KINDS = {
    name: Kind(group="apps", version="v1", plural=f"{name.lower()}s", kind=name)
    for name in ("Deployment", "StatefulSet")
}
FORBIDDEN = {
    "kind": "Status",
    "apiVersion": "v1",
    "status": "Failure",
    "reason": "Forbidden",
    "message": 'deployments.apps "web" is forbidden: User "s" cannot patch resource',
    "code": HTTPStatus.FORBIDDEN,
}


@dataclass
class Server:
    """Takes patches of what may be patched."""

    granted: set[str] = field(default_factory=lambda: {"statefulsets"})
    asked: Counter[str] = field(default_factory=Counter)

    def app(self) -> web.Application:
        """Make the server."""
        app = web.Application()
        app.router.add_patch("/apis/apps/v1/namespaces/shop/{plural}/web", self._patch)
        return app

    async def _patch(self, request: web.Request) -> web.Response:
        plural = request.match_info["plural"]
        self.asked[plural] += 1
        if plural in self.granted:
            return web.json_response({"kind": "x", "apiVersion": "apps/v1", "metadata": {}})
        return web.json_response(FORBIDDEN, status=HTTPStatus.FORBIDDEN)


async def test_none_are_removed_without(tmp_path: Path) -> None:
    """Nor are the copies of what stays; all else about the workload is written down as ever."""
    server = Server(granted=set())
    workload = Workload(kind="Deployment", namespace="shop", name="web", uid="1")
    async with client_of(server.app(), tmp_path) as api:
        await Records(api, Reports(api)).annotate(DEPLOYMENTS, workload, NO_ANNOTATIONS)

    assert server.asked == {"deployments": 1}


async def test_it_goes_on_without(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """It is said once for each kind, not asked again for a while, and works once it is granted."""
    caplog.set_level(logging.WARNING)
    server, clock = Server(), Clock()
    async with client_of(server.app(), tmp_path) as api:
        records = Records(api, Reports(api), clock=clock)

        async def annotate(kind: str) -> None:
            workload = Workload(kind=kind, namespace="shop", name="web", uid="1")
            await records.annotate(KINDS[kind], workload, {"slimgate.dev/verdict": "deny"})

        for _ in range(3):
            await annotate("Deployment")
            await annotate("StatefulSet")
        refused = dict(server.asked)
        clock.now += 301
        await annotate("Deployment")
        still_refused = dict(server.asked)
        clock.now += 301
        server.granted.add("deployments")
        for _ in range(3):
            await annotate("Deployment")

    assert refused == {"deployments": 1, "statefulsets": 3}
    assert still_refused == {"deployments": 2, "statefulsets": 3}
    assert server.asked == {"deployments": 5, "statefulsets": 3}
    (line,) = [record.getMessage() for record in caplog.records]
    assert line.startswith("annotations of Deployments stay as they are: ")
    assert line.endswith("; grant the right, or set annotations to None")
