"""Pull secrets are kept: how long, how seldom they are read, and that nobody waits for them."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

import pytest

from slimgate.cluster.api import ClusterApi
from slimgate.cluster.errors import UnreachableError
from slimgate.cluster.pull_secrets import PullSecrets
from slimgate.cluster.resources import SECRETS
from tests.cluster.conftest import eventually
from tests.cluster.pull_secrets import passwords, secret, workload
from tests.cluster.relay import Relay
from tests.support.clock import Clock

pytestmark = pytest.mark.lab


@dataclass(frozen=True, kw_only=True)
class Age:
    """An identity of so many seconds, what has become of its secret, and whose password counts."""

    seconds: float
    secret: str
    expected: Sequence[str] | None


@pytest.mark.parametrize(
    "age",
    [
        Age(seconds=239, secret="new", expected=["old"]),
        Age(seconds=599, secret="away", expected=["old"]),
        Age(seconds=599, secret="deleted", expected=["old"]),
        Age(seconds=600, secret="new", expected=["new"]),
        Age(seconds=600, secret="deleted", expected=[]),
        Age(seconds=600, secret="away", expected=None),
    ],
    ids=str,
)
async def test_how_long_one_is_kept(
    far: ClusterApi, relay: Relay, api: ClusterApi, namespace: str, age: Age
) -> None:
    """For minutes, be the API server there or not; then only what it says counts."""
    await secret(api, namespace, "a", password="old")
    clock = Clock()
    keyring = PullSecrets(far, clock=clock)
    first = await keyring.identity(workload(namespace, "a"))
    await change(age.secret, api, namespace, relay)

    clock.now += age.seconds
    asking = keyring.identity(workload(namespace, "a"))
    if age.expected is None:
        with pytest.raises(UnreachableError):
            await asking
    else:
        found = await asking
        assert passwords(found) == [*age.expected]
        assert (found is first) == (age.expected == ["old"])


async def change(to: str, api: ClusterApi, namespace: str, relay: Relay) -> None:
    """Cut the cable to the API server, or delete the secret, and make a new one of its name."""
    if to == "away":
        await relay.cut()
        return
    await api.delete(SECRETS.one(namespace, "a"))
    if to == "new":
        await secret(api, namespace, "a", password="new")


async def test_nothing_is_waited_for(api: ClusterApi, namespace: str) -> None:
    """Within its life one is had without a turn of the loop."""
    await secret(api, namespace, "a")
    keyring = PullSecrets(api)
    first = await keyring.identity(workload(namespace, "a"))

    with pytest.raises(StopIteration) as stopped:
        keyring.identity(workload(namespace, "a")).send(None)
    assert stopped.value.value is first


async def test_silent(api: ClusterApi, namespace: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits for an API server that says nothing; what it says later counts."""
    await secret(api, namespace, "a", password="old")
    clock, answered = Clock(), asyncio.Event()
    keyring = PullSecrets(api, clock=clock)
    first = await keyring.identity(workload(namespace, "a"))
    await api.delete(SECRETS.one(namespace, "a"))
    await secret(api, namespace, "a", password="new")
    get = api.get

    async def late(path: str) -> dict[str, object]:
        await answered.wait()
        return await get(path)

    monkeypatch.setattr(api, "get", late)
    clock.now += 301
    async with asyncio.timeout(5):
        stale = await keyring.identity(workload(namespace, "a"))
    answered.set()

    async def fresh() -> bool:
        return passwords(await keyring.identity(workload(namespace, "a"))) == ["new"]

    assert stale is first
    assert await eventually(fresh)


@pytest.mark.parametrize("becomes", ["new", "away"])
async def test_renewed_ahead(
    far: ClusterApi, relay: Relay, api: ClusterApi, namespace: str, becomes: str
) -> None:
    """One that is asked for late in its life is read again meanwhile, once, so that nobody waits.

    Where that fails, what is kept serves to the end of its life, unchanged.
    """
    await secret(api, namespace, "a", password="old")
    clock = Clock()
    keyring = PullSecrets(far, clock=clock)
    await keyring.identity(workload(namespace, "a"))
    await change(becomes, api, namespace, relay)
    clock.now += 300
    before = asyncio.all_tasks()
    found = [await keyring.identity(workload(namespace, "a")) for _ in range(3)]
    (reading,) = asyncio.all_tasks() - before
    await asyncio.wait([reading])
    clock.now += 9
    later = await keyring.identity(workload(namespace, "a"))

    assert {*map(id, found)} == {id(found[0])}
    assert passwords(found[0]) == ["old"]
    assert passwords(later) == (["new"] if becomes == "new" else ["old"])


async def test_single_flight(
    api: ClusterApi, namespace: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many ask at the same time, a secret is read once, and who gives up harms nobody."""
    await secret(api, namespace, "a")
    asked: list[str] = []
    get = api.get

    async def counted(path: str) -> dict[str, object]:
        asked.append(path)
        return await get(path)

    monkeypatch.setattr(api, "get", counted)
    keyring = PullSecrets(api)
    tasks = [asyncio.create_task(keyring.identity(workload(namespace, "a"))) for _ in range(20)]
    await asyncio.sleep(0)
    tasks[0].cancel()
    found = await asyncio.gather(*tasks[1:])

    assert {identity.key for identity in found} == {found[0].key}
    assert asked == [SECRETS.one(namespace, "a")]


async def test_close(api: ClusterApi, namespace: str) -> None:
    """Closing ends what is being read."""
    keyring = PullSecrets(api)
    task = asyncio.create_task(keyring.identity(workload(namespace, "a")))
    await asyncio.sleep(0)

    await keyring.aclose()

    with pytest.raises(asyncio.CancelledError):
        await task
