"""How long one layer is waited for, and what its reading keeps others from."""

import asyncio
import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from aiohttp import web

from slimgate.core.credentials.identity import ANONYMOUS
from slimgate.core.errors import UnavailableError
from slimgate.core.images.oci import Descriptor
from slimgate.core.layers.gzip import TAIL
from slimgate.engine.threads import Threads
from tests.registry.conftest import asking
from tests.registry.hostile import Behaviour, drip, silent
from tests.registry.test_hostile import GZIP_LAYER, answers, of
from tests.registry.test_silent_registries import IN_A_ROW, Record
from tests.support.images import OCI_LAYER, digest_of, tar_of

GIB = 2**30


def layer_of(size: int) -> Descriptor:
    """Make up a layer."""
    return Descriptor(media_type=GZIP_LAYER, digest=digest_of(b"x"), size=size)


async def stalls(request: web.BaseRequest) -> web.StreamResponse:
    """Begin an answer, and vanish."""
    response = web.StreamResponse()
    await response.prepare(request)
    await response.write(b" " * 50)
    return await silent(request)


def parts_of(tail: bytes) -> Behaviour:
    """Serve the same end of whatever layer."""

    async def behave(request: web.BaseRequest) -> web.StreamResponse:
        first, last = request.headers["Range"].removeprefix("bytes=").split("-")
        named = f"bytes {first}-{last}/*"
        return await answers(206, tail, Content_Range=named)(request)

    return behave


@pytest.mark.parametrize("size", [100, GIB])
async def test_a_layer_that_stops_coming(size: int) -> None:
    """Nobody waits for more than a request may take between two reads, nor is the host down."""
    record = Record()
    async with (
        asking(stalls, request_seconds=0.2, whole_layer_bytes=GIB, observer=record) as (
            server,
            client,
        ),
    ):
        for _ in range(4):
            with pytest.raises(UnavailableError) as caught:
                async with asyncio.timeout(10):
                    await client.layer(of(server.host), layer_of(size), ANONYMOUS)

    assert str(caught.value) == f"{server.host} sent nothing within 0.2 s"
    assert record.requests == ["unavailable"] * 4


async def test_a_layer_that_does_not_begin() -> None:
    """Of such a repository no more layers are asked for."""
    record = Record()
    async with asking(silent, request_seconds=0.2, observer=record) as (server, client):
        said = []
        for _ in range(4):
            with pytest.raises(UnavailableError) as caught:
                async with asyncio.timeout(10):
                    await client.layer(of(server.host), layer_of(100), ANONYMOUS)
            said.append(str(caught.value))

    assert [IN_A_ROW in text for text in said] == [False] * 2 + [True] * 2
    assert "(nothing within 0.2 s)" in said[-1]
    assert len(record.spared) == 1


@pytest.mark.parametrize("size", [100, GIB])
async def test_a_layer_that_drips(size: int) -> None:
    """A large one has more time only as far as it comes, so that it takes up no place for long."""
    async with asking(drip, layer_seconds=0.3, whole_layer_bytes=GIB) as (server, client):
        with pytest.raises(UnavailableError):
            async with asyncio.timeout(10):
                await client.layer(of(server.host), layer_of(size), ANONYMOUS)


async def test_a_layer_that_takes_long_but_comes() -> None:
    """A large one may take longer than a small one, and pauses that are short do not matter."""
    tar = tar_of({"a": os.urandom(24 * 2**20)})
    layer = Descriptor(media_type=OCI_LAYER, digest=digest_of(tar), size=len(tar))

    async def behave(request: web.BaseRequest) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        for at in range(0, len(tar), 3 * 2**20):
            await response.write(tar[at : at + 3 * 2**20])
            await asyncio.sleep(0.1)
        return response

    async with asking(behave, layer_seconds=0.6, whole_layer_bytes=GIB) as (server, client):
        started = time.monotonic()
        reading = await client.layer(of(server.host), layer, ANONYMOUS)

    assert reading.unpacked.bytes == len(tar)
    assert time.monotonic() - started > 0.6


@pytest.mark.parametrize("kind", ["tails", "whole layers"])
async def test_threads_of_their_own(kind: str) -> None:
    """Tails and whole layers need none of those in which names are looked up; few do for all."""
    tar, tail, opened = tar_of({"a": b"a"}), os.urandom(TAIL), threading.Event()
    small = Descriptor(media_type=OCI_LAYER, digest=digest_of(tar), size=len(tar))
    layers = [small if kind == "whole layers" else layer_of(GIB + n) for n in range(6)]
    async with (
        asking(answers(body=tar) if layers[0] is small else parts_of(tail)) as (server, client),
        asyncio.timeout(60),
    ):
        loop = asyncio.get_running_loop()
        loop.set_default_executor(ThreadPoolExecutor(1))
        blocked = loop.run_in_executor(None, opened.wait)
        asked = (client.layer(of(server.host), layer, ANONYMOUS) for layer in layers)
        try:
            readings = await asyncio.gather(*asked)
        finally:
            opened.set()
            await blocked
        names = [thread.name for thread in threading.enumerate()]

    assert {reading.unpacked.bytes for reading in readings} == (
        {len(tar)} if kind == "whole layers" else {None}
    )
    assert 1 <= sum(name.startswith("slimgate-") for name in names) <= 2


async def test_threads_end_with_their_client() -> None:
    """What waits for one is given up, and nothing more is begun."""
    threads, opened = Threads("tests", 1), threading.Event()
    running, waiting = (asyncio.ensure_future(threads.run(opened.wait)) for _ in range(2))
    await asyncio.sleep(0)
    threads.close()
    opened.set()

    assert await running
    with pytest.raises(asyncio.CancelledError):
        await waiting
    with pytest.raises(RuntimeError):
        await threads.run(opened.wait)
