"""How many requests are under way at once: so many of each registry, whatever the others do."""

import asyncio
import resource

import pytest
from aiohttp import web

from slimgate.core.credentials.identity import ANONYMOUS, Identity
from slimgate.core.images.oci import Descriptor
from slimgate.registry.client import RegistryClient
from tests.registry.conftest import asking, settings_for
from tests.registry.hostile import hostile, silent
from tests.registry.test_hostile import answers, of
from tests.support import zstd
from tests.support.images import OCI_LAYER, digest_of, tar_of


async def test_slow_layers_do_not_stop_those_of_another_registry() -> None:
    """Layers that are read whole are counted by registry too."""
    tar = tar_of({"a": b"a"})
    layer = Descriptor(media_type=OCI_LAYER, digest=digest_of(tar), size=len(tar))
    async with hostile(silent) as slow, hostile(answers(body=tar)) as quick:
        settings = settings_for(slow.host, quick.host)
        async with RegistryClient(settings) as client:
            waiting = [
                asyncio.create_task(client.layer(of(slow.host), layer, ANONYMOUS)) for _ in range(9)
            ]
            async with asyncio.timeout(10):
                reading = await client.layer(of(quick.host), layer, ANONYMOUS)
            for task in waiting:
                task.cancel()
            await asyncio.gather(*waiting, return_exceptions=True)
    assert reading.unpacked.bytes == len(tar)
    assert len(slow.seen) <= settings.host_streams


async def test_layers_that_unpack_slowly() -> None:
    """What they cost counts for who asks for them: another's layer is unpacked in between.

    Neither does a registry's deadline run meanwhile.
    """
    bomb = zstd.compress(bytes(2**31))
    slow = Descriptor(media_type=f"{OCI_LAYER}+zstd", digest=digest_of(bomb), size=len(bomb))
    tar = tar_of({"a": b"a"})
    layer = Descriptor(media_type=OCI_LAYER, digest=digest_of(tar), size=len(tar))
    began = asyncio.Event()

    async def behave(request: web.BaseRequest) -> web.StreamResponse:
        began.set()
        return await answers(body=bomb)(request)

    async with hostile(behave) as evil, hostile(answers(body=tar)) as good:
        settings = settings_for(evil.host, good.host, layer_seconds=0.2)
        async with RegistryClient(settings) as client, asyncio.timeout(60):
            asked = (client.layer(of(evil.host), slow, Identity(asker="evil")) for _ in range(6))
            waiting = [asyncio.create_task(one) for one in asked]
            await began.wait()
            reading = await client.layer(of(good.host), layer, Identity(asker="good"))
            is_done = [task.done() for task in waiting]
            readings = await asyncio.gather(*waiting)
    assert reading.unpacked.bytes == len(tar)
    assert not any(is_done)
    assert [one.unpacked.bytes for one in readings] == [2**31] * 6


@pytest.mark.parametrize(
    ("logs", "reason"),
    [
        ([20, 23, 25], None),
        ([26], None),
        ([27], "unpacking the layer takes more than slimgate allows"),
        ([20, 27], "unpacking the layer takes more than slimgate allows"),
    ],
)
async def test_memory_of_zstd(logs: list[int], reason: str | None) -> None:
    """Layers take what they ask for in turns, as far as there may be that much at all."""
    tar = tar_of({"a": b"a"})
    parts = [zstd.compress_wide(tar[n :: len(logs)], log) for n, log in enumerate(logs)]
    blob = b"".join(parts)
    layer = Descriptor(media_type=f"{OCI_LAYER}+zstd", digest=digest_of(blob), size=len(blob))
    async with (
        asking(answers(body=blob), max_window_bytes=2**26) as (server, client),
        asyncio.timeout(60),
    ):
        asked = (
            client.layer(of(server.host), layer, Identity(asker=f"n{n % 3}")) for n in range(9)
        )
        readings = await asyncio.gather(*asked)
    assert {one.unpacked.reason for one in readings} == {reason}
    assert {one.unpacked.bytes for one in readings} == {None if reason else len(tar)}


async def test_memory_of_zstd_at_once() -> None:
    """What is held is no more than may be: a layer of a hundred bytes may ask for 128 MiB."""
    blob = zstd.compress_wide(bytes(2**26), 25)
    layer = Descriptor(media_type=f"{OCI_LAYER}+zstd", digest=digest_of(blob), size=len(blob))
    async with (
        asking(answers(body=blob), max_window_bytes=2**25, host_streams=16) as (server, client),
        asyncio.timeout(60),
    ):
        before = peak()
        asked = (client.layer(of(server.host), layer, ANONYMOUS) for _ in range(16))
        readings = await asyncio.gather(*asked)
    assert {one.unpacked.bytes for one in readings} == {2**26}
    assert peak() - before < 3 * 2**25


def peak() -> int:
    """Tell the most memory that this process has had."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
