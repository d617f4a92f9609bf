"""The controller as it is put together; tests/live has it at work in a real cluster."""

import asyncio
from pathlib import Path

import pytest

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
