"""The Secret of what a restart remembers: it fits, it is owned, and what is odd in it is left."""

import base64
import json
import logging
import os
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from aiohttp import web

from slimgate.cluster.api import ClusterApi
from slimgate.cluster.memory import MemoryKeeper, pack, unpack
from slimgate.cluster.own_deployment import OwnDeployment
from slimgate.cluster.resources import OWN_LABELS, SECRETS
from slimgate.core.errors import InvalidFactsError
from slimgate.core.images.facts import Digest, Platform
from slimgate.core.images.memory import Memory
from slimgate.core.images.oci import OCI_INDEX, OCI_MANIFEST, Descriptor, Index
from slimgate.core.json_object import mapping_at
from slimgate.settings import Settings
from tests.support.cluster_client import client_of

LIMIT = 100_000
SECRET = Settings().memory_secret


def digest() -> Digest:
    """Make a digest that no other is like, so that it can't be compressed."""
    return Digest(f"sha256:{os.urandom(32).hex()}")


def memory(answers: int, indexes: int = 0, entries: int = 0) -> Memory:
    """Make a memory of so many answers and indexes."""
    known = {os.urandom(16).hex(): digest() for _ in range(answers)}
    return Memory(
        answers=known,
        seen={key: 1_800_000_000 + number % 300 for number, key in enumerate(known)},
        indexes={digest(): index(entries) for _ in range(indexes)},
        shown=tuple(os.urandom(16).hex() for _ in range(2 * answers)),
    )


def index(entries: int) -> Index:
    """Make an index of so many platforms."""
    platform = Platform("linux", "amd64")
    return Index(
        media_type=OCI_INDEX,
        manifests=tuple(
            Descriptor(media_type=OCI_MANIFEST, digest=digest(), size=1, platform=platform)
            for _ in range(entries)
        ),
        annotations={},
    )


@dataclass
class Mind:
    """Has a memory."""

    held: Memory = field(default_factory=Memory)
    restored: list[Memory] = field(default_factory=list)

    def memory(self) -> Memory:
        """Give it."""
        return self.held

    def restore(self, memory: Memory) -> None:
        """Take another."""
        self.restored.append(memory)


def keeper(api: ClusterApi, mind: Mind, namespace: str) -> MemoryKeeper:
    """Make a keeper that runs in no pod."""
    settings = Settings(namespace=namespace)
    return MemoryKeeper(api, mind, settings, OwnDeployment(api, namespace, None))


def test_what_fits_is_kept_whole() -> None:
    """Nothing is left out for a limit that is far."""
    held = memory(1_000, 100, 10)

    assert unpack(pack(held)) == held


@pytest.mark.parametrize(
    ("held", "least"),
    [
        (memory(800, 200, 12), 350),
        (memory(800, 30, 400), 50),
        (memory(0, 1, 4_000), 0),
    ],
    ids=["as much as is kept", "few large indexes", "one index that is too large"],
)
def test_it_shrinks_until_it_fits(held: Memory, least: int) -> None:
    """The newest stays, and most of what there is room for is used."""
    packed = pack(held, LIMIT)
    found = unpack(packed)

    assert len(packed) <= LIMIT
    assert least <= len(found.answers) <= len(held.answers)
    assert list(found.answers) == list(held.answers)[len(held.answers) - len(found.answers) :]
    assert found.shown == held.shown[len(held.shown) - len(found.shown) :]
    assert not found.answers or len(packed) > 0.7 * LIMIT


@pytest.mark.parametrize("packed", [b"", b"junk", pack(Memory())[:-9], pack(Memory())[5:]])
def test_damage(packed: bytes) -> None:
    """What can't be unpacked is no memory."""
    with pytest.raises(InvalidFactsError):
        unpack(packed)


@pytest.mark.lab
async def test_a_large_memory_is_saved(api: ClusterApi, namespace: str) -> None:
    """The real API server takes it, and the next start has the newest of it."""
    mind, next_start = Mind(memory(8_000, 2_000, 12)), Mind()

    await keeper(api, mind, namespace).save()
    await keeper(api, next_start, namespace).restore()
    secret = await api.get(SECRETS.one(namespace, SECRET))

    (restored,) = next_start.restored
    assert list(restored.answers)[-1] == list(mind.held.answers)[-1]
    assert mapping_at(mapping_at(secret, "metadata"), "labels") == OWN_LABELS


async def test_how_old_answers_are_is_saved_now_and_then(tmp_path: Path) -> None:
    """A start knows it to within half a tag's life, and exactly after an end in good order."""
    saved = list[Memory]()

    async def take(request: web.Request) -> web.Response:
        data = json.loads(await request.text())["data"]
        saved.append(unpack(base64.b64decode(data["memory.json.gz"])))
        return web.json_response({})

    app, mind = web.Application(), Mind(Memory(answers={"a": Digest(digest())}, seen={"a": 100}))
    app.router.add_patch("/{path:.*}", take)
    async with client_of(app, tmp_path) as api:
        keeps = keeper(api, mind, "slimgate")
        await keeps.save()
        mind.held = replace(mind.held, seen={"a": 101})
        await keeps.save(last=True)  # as old as it was
        mind.held = replace(mind.held, seen={"a": 400})
        await keeps.save()  # too soon
        assert len(saved) == 1
        await keeps.save(last=True)

    assert [one.seen for one in saved] == [{"a": 100}, {"a": 400}]


@pytest.mark.lab
async def test_only_changes_are_saved(api: ClusterApi, namespace: str) -> None:
    """Another order of what is known is no change."""
    mind = Mind(memory(10))
    keeps = keeper(api, mind, namespace)
    path = SECRETS.one(namespace, SECRET)

    await keeps.save()
    await api.delete(path)
    mind.held = Memory(
        answers=dict(list(mind.held.answers.items())[::-1]), shown=mind.held.shown[::-1]
    )
    await keeps.save()
    next_start = Mind()
    await keeper(api, next_start, namespace).restore()
    mind.held = memory(11)
    await keeps.save()
    await keeper(api, next_start, namespace).restore()

    assert next_start.restored == [mind.held]


@pytest.mark.lab
@pytest.mark.parametrize("body", [b"", b"junk"])
async def test_odd_secrets(
    api: ClusterApi, namespace: str, body: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    """The start goes on without, and says so; the next save puts it right."""
    mind = Mind(memory(1))
    data = {"memory.json.gz": base64.b64encode(body).decode()}
    secret = {"metadata": {"name": SECRET}, "data": data}
    await api.create(SECRETS.within(namespace), secret)

    with caplog.at_level(logging.WARNING):
        await keeper(api, mind, namespace).restore()
    await keeper(api, mind, namespace).save()
    after = Mind()
    await keeper(api, after, namespace).restore()

    assert "starting without the saved state of the previous run" in caplog.text
    assert (mind.restored, after.restored) == ([], [mind.held])
