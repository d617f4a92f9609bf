"""What is heard of requests to the API server: methods, outcomes, each request once."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from aiohttp import web

from slimgate.cluster.api import ClusterApi
from slimgate.cluster.errors import ApiError, GoneError
from tests.support.cluster_client import client_of

POD = "/api/v1/namespaces/shop/pods/web"
BOOKMARK = {"type": "BOOKMARK", "object": {}}
GONE = {"type": "ERROR", "object": {"kind": "Status", "code": 410, "message": "too old"}}


@dataclass
class Heard:
    """Remembers what it hears."""

    requests: list[tuple[str, int | str]] = field(default_factory=list)

    def api_request(self, method: str, outcome: int | str, seconds: float) -> None:
        """Remember all but the time."""
        assert 0 <= seconds < 30
        self.requests.append((method, outcome))


async def answer(request: web.Request) -> web.StreamResponse:
    """Answer by the path's last part: with that status, not at all, or by breaking off."""
    word = request.path.rpartition("/")[2]
    if "watch" in request.query:
        events = [BOOKMARK, GONE] if word == "410" else [BOOKMARK]
        return web.Response(text="".join(f"{json.dumps(event)}\n" for event in events))
    if word == "silent":
        await asyncio.sleep(60)
    if word == "broken":
        response = web.StreamResponse(headers={"Content-Length": "100"})
        await response.prepare(request)
        assert request.transport is not None
        request.transport.abort()
        return response
    return web.json_response({"kind": "Status"}, status=int(word))


@pytest.fixture
def heard() -> Heard:
    """Make an observer."""
    return Heard()


@pytest.fixture
async def api(tmp_path: Path, heard: Heard) -> AsyncIterator[ClusterApi]:
    """Serve the answers."""
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    async with client_of(app, tmp_path, heard) as client:
        yield client


@pytest.mark.parametrize(
    ("word", "outcome"), [("200", 200), ("404", 404), ("409", 409), ("broken", "unreachable")]
)
async def test_requests(api: ClusterApi, heard: Heard, word: str, outcome: int | str) -> None:
    """Each is heard of with its status; an answer that breaks off is none."""
    for method, ask in (("GET", api.get(f"/x/{word}")), ("DELETE", api.delete(f"/x/{word}"))):
        try:
            await ask
            failed = False
        except ApiError:
            failed = True
        assert heard.requests[-1] == (method, outcome)
        assert failed is (outcome != 200)
    assert len(heard.requests) == 2


async def test_writes(api: ClusterApi, heard: Heard) -> None:
    """A method of HTTP stands for each way to write."""
    await api.create("/x/200", {})
    await api.merge_patch("/x/200", {})
    await api.apply("/x/200", {})

    assert heard.requests == [("POST", 200), ("PATCH", 200), ("PATCH", 200)]


@pytest.mark.parametrize(("word", "outcome"), [("200", 200), ("410", 410)])
async def test_watches(api: ClusterApi, heard: Heard, word: str, outcome: int) -> None:
    """A watch is heard of once it has ended, as what it ended by."""
    with suppress(GoneError):
        async for _ in api.watch(f"/x/{word}", "1"):
            assert heard.requests == []

    assert heard.requests == [("WATCH", outcome)]


async def test_cancelled(api: ClusterApi, heard: Heard) -> None:
    """Nobody's fault."""
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await api.get("/x/silent")

    assert heard.requests == [("GET", "cancelled")]


async def test_nothing_answers(tmp_path: Path, heard: Heard) -> None:
    """A server that is away is unreachable."""
    app = web.Application()
    async with client_of(app, tmp_path, heard) as client:
        pass
    async with ClusterApi.connect(str(tmp_path / "kubeconfig"), observer=heard) as client:
        with pytest.raises(ApiError):
            await client.get(POD)

    assert heard.requests == [("GET", "unreachable")]
