"""The controller as it is put together; tests/live has it at work in a real cluster."""

import asyncio
from pathlib import Path

import pytest

from slimgate.cli.shared.exits import NOT_LOOKED_UP
from slimgate.cluster.resources import EVENTS, SECRETS, SLIM_POLICIES
from slimgate.core.workloads.kinds import DEPLOYMENTS
from slimgate.settings import Settings
from tests.app.api_server import ApiServer
from tests.cluster.conftest import eventually
from tests.engine.cluster import policy

STATUS = f"{SLIM_POLICIES.one('', 'default')}/status"
MEMORY = SECRETS.one(Settings().namespace, Settings().memory_secret)
WIKI = "https://wiki.example.com/slim"
QUICK = {"node_refresh_interval": "0", "certificates": "CertManager", "docs_url": WIKI}


@pytest.fixture
def server() -> ApiServer:
    """Have a policy, and two workloads whose images can't be looked up."""
    server = ApiServer()
    server.add(SLIM_POLICIES, policy())
    spec = {"template": {"spec": {"containers": [{"name": "c", "image": "no//reference"}]}}}
    for name in ("web", "api"):
        server.add(DEPLOYMENTS, {"spec": spec}, name=name, namespace="shop", uid=name)
    return server


async def test_from_workloads_to_the_policys_status(server: ApiServer, tmp_path: Path) -> None:
    """What kopf hands over is judged and counted, and what was learnt is kept."""

    async def counted() -> bool:
        statuses = [one["status"] for one in server.bodies(STATUS)]
        return any((one["workloads"], one["unknown"]) == (2, 2) for one in statuses)

    async with server.roles(tmp_path, **QUICK) as begin:
        program = begin("controller")
        await eventually(counted, 60)
        unready = await asyncio.to_thread(program.unready)
        shown = await asyncio.to_thread(program.metric, "slimgate_workloads", verdict="unknown")
        ended = await asyncio.to_thread(program.stop)

    assert (unready, shown, ended) == (None, 2, 0)
    assert len(server.bodies(MEMORY)) == 1
    notes = [str(one["note"]) for one in server.bodies(EVENTS.within("shop"))]
    assert [f"({WIKI}#reference)" in note for note in notes] == [True, True]


async def test_a_kind_that_can_not_be_watched(server: ApiServer, tmp_path: Path) -> None:
    """It ends the controller, which would be blind to that kind, and Kubernetes starts it anew."""
    broken = {"kind": "Status", "code": 500, "message": "the store is damaged"}
    server.events["pods"] = [{"type": "ERROR", "object": broken}]

    async def ended() -> bool:
        return not program.runs()

    async with server.roles(tmp_path, **QUICK) as begin:
        program = begin("controller")
        await eventually(ended, 60)
        status = program.stop()

    assert status == NOT_LOOKED_UP
    assert "error: workloads can't be followed any more: " in program.tail()
    assert "the store is damaged" in program.tail()
