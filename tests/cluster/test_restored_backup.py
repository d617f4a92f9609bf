"""A cluster that was restored from a backup, in which versions begin again lower."""

from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path

from aiohttp import web

from slimgate.cluster.statuses import StatusWriter
from slimgate.core.json_object import JsonObject
from slimgate.core.wording.status import Counts, Status, policy_status
from slimgate.engine.objects import OwnKind
from tests.support.cluster_client import client_of


@dataclass
class Server:
    """Keeps one policy, and takes a patch of the version that it has."""

    version: int = 500
    status: dict[str, object] = field(default_factory=dict)

    def app(self) -> web.Application:
        """Make the server."""
        app = web.Application()
        app.router.add_patch("/apis/slimgate.dev/v1alpha1/slimpolicies/default/status", self._patch)
        return app

    @property
    def policy(self) -> JsonObject:
        """The policy as a mirror shows it."""
        version = str(self.version)
        metadata = {"name": "default", "uid": "1", "generation": 1, "resourceVersion": version}
        return {"metadata": metadata, "status": dict(self.status)}

    async def _patch(self, request: web.Request) -> web.Response:
        patch = await request.json()
        if patch["metadata"]["resourceVersion"] != str(self.version):
            return web.json_response({"kind": "Status"}, status=HTTPStatus.CONFLICT)
        self.version += 1
        self.status = patch["status"]
        return web.json_response(self.policy)


def counting(workloads: int) -> Status:
    """Make a status."""
    return policy_status(None, (), Counts(workloads=workloads))


async def test_another_status(tmp_path: Path) -> None:
    """What was written before the restore stands in the way of one try at most."""
    server = Server()
    async with client_of(server.app(), tmp_path) as api:
        statuses = StatusWriter(api)
        await statuses.write(OwnKind.POLICY, server.policy, counting(1))
        server.version, server.status = 100, {}
        written = [
            await statuses.write(OwnKind.POLICY, server.policy, counting(2)) for _ in range(2)
        ]

    assert written == [False, True]
    assert server.status["workloads"] == 2


async def test_the_same_status(tmp_path: Path) -> None:
    """A status that a watch has shown once is written again where the restore took it back."""
    server = Server()
    async with client_of(server.app(), tmp_path) as api:
        statuses = StatusWriter(api)
        before = server.policy
        await statuses.write(OwnKind.POLICY, before, counting(1))
        late = await statuses.write(OwnKind.POLICY, before, counting(1))
        seen = await statuses.write(OwnKind.POLICY, server.policy, counting(1))
        server.version, server.status = 100, {}
        restored = await statuses.write(OwnKind.POLICY, server.policy, counting(1))

    assert (late, seen, restored) == (False, False, True)
    assert server.status["workloads"] == 1
