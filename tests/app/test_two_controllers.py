"""Several controllers at once, each a process: one works, and another goes on where it ended."""

import asyncio
import time
from collections import Counter
from pathlib import Path

import pytest

from slimgate.cli.shared.exits import NOT_LOOKED_UP
from slimgate.cluster.resources import EVENTS, SLIM_POLICIES
from slimgate.core.json_object import mapping_at
from slimgate.core.workloads.kinds import DEPLOYMENTS
from tests.app.api_server import ApiServer
from tests.cluster.conftest import eventually
from tests.engine.cluster import policy
from tests.live.programs import Program
from tests.support.configuration import write_configuration

WORKLOADS = 300
ALL = Counter({f"web-{number}": 1 for number in range(WORKLOADS)})
QUICK = {"node_refresh_interval": "0", "certificates": "CertManager"}
TIMING = {"leaseDuration": "3s", "renewDeadline": "2s", "retryPeriod": "500ms"}


@pytest.fixture
def server() -> ApiServer:
    """Have many workloads to tell of, which takes a while."""
    server = ApiServer(slowness=0.5)
    server.add(SLIM_POLICIES, policy())
    spec = {"template": {"spec": {"containers": [{"name": "c", "image": "no//reference"}]}}}
    for name in ALL:
        server.add(DEPLOYMENTS, {"spec": spec}, name=name, namespace="shop", uid=name)
    return server


def told(server: ApiServer) -> Counter[str]:
    """Count the Events about each workload."""
    events = server.bodies(EVENTS.within("shop"))
    # One that comes back is counted in itself.
    again = [one for path, one in server.written if "/events/" in path]
    return Counter(str(one["regarding"]["name"]) for one in [*events, *again])


async def leads(program: Program) -> bool:
    """Whether it is the one that works."""
    await asyncio.to_thread(program.wait_until_ready)
    return await asyncio.to_thread(program.metric, "slimgate_leader") == 1


async def next_leader(*standing_by: Program) -> list[Program]:
    """Wait until one of them leads, and return that one first."""

    async def found() -> list[Program] | None:
        leading = [await leads(one) for one in standing_by]
        return (
            sorted(standing_by, key=lambda one: not leading[standing_by.index(one)])
            if any(leading)
            else None
        )

    return await eventually(found, 100)


@pytest.mark.timeout(300)
async def test_one_after_another(server: ApiServer, tmp_path: Path) -> None:
    """A leader that sleeps is followed by a second, which is stopped, and by a third.

    The first writes nothing when it wakes up, and ends. No workload is told of twice, or never.
    """
    config = write_configuration(tmp_path, leaderElection=TIMING)

    async def ended() -> bool:
        return not first.runs()

    async def finished() -> bool:
        return told(server) == ALL

    async with server.roles(tmp_path, config=config, **QUICK) as begin:
        first, second = await next_leader(begin("controller"), begin("controller"))
        standby = await asyncio.to_thread(second.page)
        first.pause()
        slept = time.monotonic()
        await next_leader(second)
        after_sleep, in_the_middle = time.monotonic() - slept, told(server)
        # So that only the first could write, once what was on its way has arrived.
        second.pause()
        await asyncio.sleep(2 * server.slowness)
        written = len(server.written)
        first.go_on()
        await eventually(ended, 100)
        wrote = server.written[written:]
        # Nobody has led meanwhile, so it goes on.
        second.go_on()
        third = begin("controller")
        await asyncio.to_thread(third.wait_until_ready)
        server.slowness = 0
        stopped = await asyncio.to_thread(second.stop)
        await next_leader(third)
        await eventually(finished, 100)

    log = (tmp_path / "controller.log").read_text(encoding="utf-8")
    assert "another controller leads now" in log
    assert (first.stop(), stopped, wrote) == (NOT_LOOKED_UP, 0, [])
    assert in_the_middle.total() < WORKLOADS
    assert after_sleep < 15
    leases = [one for path, one in server.written if path.endswith("/slimgate-controller")]
    assert any(mapping_at(one, "spec")["holderIdentity"] is None for one in leases)
    assert "slimgate_workloads{" not in standby
    assert "slimgate_queue_workloads" not in standby
