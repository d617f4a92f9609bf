"""Pull secrets of more workloads than are read at once, from an API server that says nothing."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from slimgate.cluster.api import ClusterApi
from slimgate.cluster.pull_secrets import PullSecrets
from slimgate.core.credentials.identity import Identity
from slimgate.core.errors import MissingError, OverloadedError
from slimgate.core.workloads.workload import Workload
from slimgate.engine.flights import MAX_FLIGHTS
from tests.cluster.pull_secrets import workload
from tests.support.clock import Clock
from tests.support.kubeconfig import kubeconfig

CROWD = [workload("crowd", account=f"sa{number}") for number in range(MAX_FLIGHTS + 50)]


class Cluster:
    """Has no secrets, and says so once `speaks` is set."""

    def __init__(self) -> None:
        self.speaks = asyncio.Event()
        self.speaks.set()
        self.clock = Clock()

    async def get(self, path: str) -> dict[str, object]:
        """Have nothing."""
        await self.speaks.wait()
        raise MissingError(path)


@pytest.fixture
def cluster() -> Cluster:
    """Make a cluster."""
    return Cluster()


@pytest.fixture
async def keyring(
    cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[PullSecrets]:
    """Read that cluster's secrets."""
    async with ClusterApi.connect(kubeconfig(tmp_path, "http://127.0.0.1:1")) as api:
        monkeypatch.setattr(api, "get", cluster.get)
        keyring = PullSecrets(api, clock=cluster.clock)
        yield keyring
        await keyring.aclose()


async def test_what_is_kept_serves_all(cluster: Cluster, keyring: PullSecrets) -> None:
    """Nobody is cancelled for others' sake: the tasks that ask would end without a word."""
    for one in CROWD:
        await keyring.identity(one)
    cluster.speaks.clear()
    cluster.clock.now += 31
    found = await _ask(keyring, CROWD)

    assert Counter(map(type, found)) == {Identity: len(CROWD)}


async def test_one_namespace_keeps_no_other_from_its_own(
    cluster: Cluster, keyring: PullSecrets
) -> None:
    """Of too many the oldest of whoever has most are dropped, who are told so."""
    cluster.speaks.clear()
    asking = asyncio.create_task(_ask(keyring, [workload("other"), *CROWD]))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    cluster.speaks.set()
    first, *others = await asking

    assert isinstance(first, Identity)
    assert Counter(map(type, others)) == {Identity: MAX_FLIGHTS - 1, OverloadedError: 51}


async def _ask(keyring: PullSecrets, workloads: list[Workload]) -> list[Identity | BaseException]:
    return await asyncio.gather(*map(keyring.identity, workloads), return_exceptions=True)
