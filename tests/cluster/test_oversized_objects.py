"""Objects that are nested beyond what Python's parser can follow, and others too large."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import web

from slimgate.cluster.api import ClusterApi
from slimgate.cluster.errors import GoneError, UnreachableError
from slimgate.cluster.mirror import Mirror
from slimgate.core.json_object import mapping_at
from tests.support.cluster_client import client_of

PATH = "/apis/example.com/v1/things"


NESTED = b"[" * 5_000 + b"]" * 5_000


@asynccontextmanager
async def serving(folder: Path, listed: bytes, *watched: bytes) -> AsyncIterator[ClusterApi]:
    """Be an API server whose listing and watch are these."""

    async def answer(request: web.Request) -> web.StreamResponse:
        if "watch" not in request.query:
            return web.Response(body=listed, content_type="application/json")
        stream = web.StreamResponse()
        await stream.prepare(request)
        for line in watched:
            await stream.write(line + b"\n")
        return stream

    app = web.Application()
    app.router.add_get(f"{PATH}{{name:.*}}", answer)
    async with client_of(app, folder) as api:
        yield api


def thing(name: str, version: str, spec: bytes = b"{}") -> bytes:
    """Write an object down."""
    metadata = json.dumps({"name": name, "resourceVersion": version}).encode()
    return b'{"metadata": ' + metadata + b', "spec": ' + spec + b"}"


def listing(*objects: bytes) -> bytes:
    """Write a listing down."""
    return b'{"metadata": {"resourceVersion": "1"}, "items": [' + b",".join(objects) + b"]}"


def event(obj: bytes) -> bytes:
    """Write an event down."""
    return b'{"type": "ADDED", "object": ' + obj + b"}"


class Seen:
    """A sink that keeps names, and tells when one has come."""

    def __init__(self, last: str) -> None:
        self.names: list[object] = []
        self.last = last
        self.came = asyncio.Event()

    def put(self, obj: object) -> None:
        """Keep a name."""
        assert isinstance(obj, dict)
        self.names.append(obj["metadata"]["name"])
        if self.names[-1] == self.last:
            self.came.set()

    def drop(self, namespace: str, name: str) -> None:
        """Nothing goes."""


async def test_one_deep_object_hides_no_other(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Neither in a listing nor in a watch, which goes on; one warning says so."""
    deep = NESTED
    listed = listing(thing("a", "1", deep), thing("b", "1"))
    events = [event(thing("c", "2", deep)), event(thing("d", "3", deep)), event(thing("e", "4"))]
    seen = Seen("e")
    caplog.set_level(logging.WARNING)
    async with serving(tmp_path, listed, *events) as api:
        mirror = Mirror(api, PATH, seen)
        task = asyncio.create_task(mirror.run())
        async with asyncio.timeout(10):
            await seen.came.wait()
        task.cancel()
        await asyncio.wait([task])

    assert seen.names == ["a", "b", "c", "d", "e"]
    assert task.cancelled()
    assert [record.getMessage() for record in caplog.records] == [
        f"{PATH} holds an object that is nested too deeply; its deepest parts are ignored"
    ]


async def test_deep_objects_of_ever_new_names(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Whoever makes them has one warning for each, and none of their names kept for ever."""
    async with serving(tmp_path, thing("a", "1", NESTED)) as api:
        for number in (*range(100), 99, 0):
            await api.get(f"{PATH}/{number}")

    assert len(caplog.records) == 101


async def test_a_watch_that_is_cut_off(tmp_path: Path) -> None:
    """In the middle of an object, be it deep or not: watch again."""
    for cut in (event(thing("a", "1"))[:30], b'{"type": "ADDED", "object": ' + b"[" * 5_000):
        async with serving(tmp_path, b"", cut) as api:
            with pytest.raises(UnreachableError, match="broke off"):
                async for _ in api.watch(PATH, "1"):
                    pass


async def test_a_line_that_is_too_long(tmp_path: Path) -> None:
    """It is no end of everything: the kind is listed again, which has no such limit."""
    long = event(thing("a", "1", json.dumps("x" * 5_000_000).encode()))
    async with serving(tmp_path, b"", long) as api:
        with pytest.raises(GoneError, match="too large"):
            async for _ in api.watch(PATH, "1"):
                pass


@pytest.mark.parametrize(
    ("sizes", "limits"),
    [
        ([1_000] * 5, [100]),
        ([600_000] * 30, [100, 12, 1, 2, 4, 8, 1, 2, 4, 8]),
        ([9_000_000, 10, 10], [100, 12, 1, 2]),
    ],
)
async def test_pages_of_large_objects(tmp_path: Path, sizes: list[int], limits: list[int]) -> None:
    """They have fewer, so that each fits into memory, and more again later; none is missed."""
    things = [thing(str(i), "1", json.dumps("x" * size).encode()) for i, size in enumerate(sizes)]
    asked = list[int]()

    async def answer(request: web.Request) -> web.Response:
        asked.append(int(request.query["limit"]))
        began = int(request.query.get("continue", 0))
        ends = began + asked[-1]
        metadata = {"resourceVersion": "1", "continue": str(ends) if ends < len(things) else ""}
        items = b",".join(things[began:ends])
        body = b'{"metadata": %b, "items": [%b]}' % (json.dumps(metadata).encode(), items)
        return web.Response(body=body, content_type="application/json")

    app = web.Application()
    app.router.add_get(PATH, answer)
    async with client_of(app, tmp_path) as api:
        found = [one async for one in api.list(PATH, page_size=100)]

    assert [mapping_at(one, "metadata")["name"] for one in found] == [*map(str, range(len(sizes)))]
    assert asked[: len(limits)] == limits
