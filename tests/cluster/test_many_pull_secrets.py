"""Pull secrets of more workloads than are read at once, from an API server that says nothing."""

import asyncio
import base64
import json
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from slimgate.cluster.api import ClusterApi
from slimgate.cluster.pull_secrets import PullSecrets
from slimgate.cluster.resources import SECRETS
from slimgate.core.credentials.identity import Identity
from slimgate.core.errors import MissingError, OverloadedError
from slimgate.core.workloads.workload import Workload
from slimgate.engine.flights import MAX_FLIGHTS
from tests.cluster.pull_secrets import JSON_TYPE, passwords, workload
from tests.support.clock import Clock
from tests.support.kubeconfig import kubeconfig

CROWD = [workload("crowd", account=f"sa{number}") for number in range(MAX_FLIGHTS + 50)]


class Cluster:
    """Has few secrets, or none, and says so once `speaks` is set; counts what it is asked."""

    def __init__(self) -> None:
        self.objects: dict[str, dict[str, object]] = {}
        self.asked = self.asking = self.most = 0
        self.speaks = asyncio.Event()
        self.speaks.set()
        self.clock = Clock()

    async def get(self, path: str) -> dict[str, object]:
        """Have what there is, a moment later."""
        self.asked += 1
        self.asking += 1
        self.most = max(self.most, self.asking)
        await asyncio.sleep(0)
        self.asking -= 1
        await self.speaks.wait()
        if path not in self.objects:
            raise MissingError(path)
        return self.objects[path]

    def put(self, name: str, password: str | None) -> None:
        """Make a pull secret, or delete it."""
        self.objects.pop(SECRETS.one("shop", name), None)
        if password is not None:
            config = {"auths": {"example.com": {"username": "u", "password": password}}}
            data = {".dockerconfigjson": base64.b64encode(json.dumps(config).encode()).decode()}
            self.objects[SECRETS.one("shop", name)] = {"type": JSON_TYPE, "data": data}


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
    cluster.clock.now += 301
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


async def test_secrets_are_read_side_by_side(cluster: Cluster, keyring: PullSecrets) -> None:
    """Some at a time, in the order in which they are tried."""
    names = [f"s{number}" for number in range(20)]
    for name in names:
        cluster.put(name, name)

    found = await keyring.identity(workload("shop", *names))

    assert passwords(found) == names
    assert (cluster.asked, cluster.most) == (20, 8)


async def test_a_quiet_namespace_waits_for_nobody(cluster: Cluster, keyring: PullSecrets) -> None:
    """Each is read again every few minutes for a day, and a hundred of them cost little."""
    quiet = [workload(f"team-{number}") for number in range(100)]
    for one in quiet:
        await keyring.identity(one)
    cluster.asked = 0
    for _ in range(360):
        cluster.clock.now += 10
        keyring.renew()
        await asyncio.sleep(0)

    assert 100 * 3600 / 320 <= cluster.asked <= 100 * 3600 / 240
    assert None not in map(keyring.known, quiet)
    cluster.clock.now += 25 * 3600
    cluster.asked = 0
    keyring.renew()
    assert {*map(keyring.known, quiet)} == {None}
    assert cluster.asked == 0


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """How long ago a secret was read, what it holds now, and what a second look finds."""

    seconds: float
    password: str | None
    speaks: bool = True
    expected: Sequence[str] | None


@pytest.mark.parametrize(
    "refusal",
    [
        Refusal(seconds=29, password="new", expected=None),
        Refusal(seconds=31, password="new", expected=["new"]),
        Refusal(seconds=31, password=None, expected=[]),
        Refusal(seconds=31, password="old", expected=None),
        Refusal(seconds=31, password="new", speaks=False, expected=None),
    ],
    ids=str,
)
async def test_what_a_registry_refuses_is_read_again(
    cluster: Cluster, keyring: PullSecrets, refusal: Refusal
) -> None:
    """So that a secret that was corrected counts at once; but not at each refusal."""
    one = workload("shop", "a")
    cluster.put("a", "old")
    refused = await keyring.identity(one)
    cluster.put("a", refusal.password)
    cluster.clock.now += refusal.seconds
    if not refusal.speaks:
        cluster.speaks.clear()

    newer = await keyring.newer(one, refused)

    assert (None if newer is None else passwords(newer)) == refusal.expected
    asked = cluster.asked
    assert await keyring.newer(one, refused) == newer
    assert cluster.asked == asked or not refusal.speaks


async def _ask(keyring: PullSecrets, workloads: list[Workload]) -> list[Identity | BaseException]:
    return await asyncio.gather(*map(keyring.identity, workloads), return_exceptions=True)
