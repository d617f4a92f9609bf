"""How the server starts and ends: health port, readiness, drain, and what is in flight then."""

import asyncio
import re
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest

from slimgate.webhook.exceptions import ExceptionService
from slimgate.webhook.server import WebhookServer
from slimgate.webhook.service import AdmissionService
from slimgate.webhook.settings import WebhookSettings
from tests.webhook import engine
from tests.webhook.engine import FAT, SLIM
from tests.webhook.reviews import Answered, deployment, review
from tests.webhook.serving import (
    HOST,
    Kept,
    Listed,
    Live,
    Mount,
    certificates,
    free_port,
    serving,
    until,
)


async def test_health(tmp_path: Path) -> None:
    """The second port says that it lives, whether it is ready and why not, and what it counted."""
    async with serving(tmp_path) as live:
        assert await live.health("/livez") == (200, "ok\n")
        assert await live.health("/readyz") == (200, "ok\n")
        assert await live.health("/metrics") == (200, "up 1\n")
        live.reasons.append("policies are not loaded")
        assert await live.health("/readyz") == (503, "not ready: policies are not loaded\n")
        assert await live.health("/livez") == (200, "ok\n")
        live.reasons.clear()
        assert await live.health("/readyz?verbose=1") == (200, "ok\n")
        async with live.session.get(f"http://{HOST}:{live.health_port}/metrics") as response:
            assert response.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"


async def test_ready_is_who_listens(tmp_path: Path) -> None:
    """Not a moment before: who is ready is sent admissions."""
    mount, served, catalog, stop = (
        Mount(tmp_path),
        certificates(),
        engine.catalog(),
        asyncio.Event(),
    )
    mount.put(served.certificate, served.key)
    settings = WebhookSettings(
        certificate_file=str(mount.certificate),
        key_file=str(mount.key),
        host=HOST,
        port=free_port(),
        drain_seconds=0.0,
    )
    server = WebhookServer(
        settings,
        AdmissionService(engine.judge(catalog), catalog),
        ExceptionService(catalog.find_policy),
        loaded=Listed([]),
    )
    running = asyncio.create_task(server.run(stop))
    while server.unready_reason() is not None:  # noqa: ASYNC110 - nobody tells
        await asyncio.sleep(0)
    _, writer = await asyncio.open_connection(HOST, settings.port)

    writer.close()
    stop.set()
    await running


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/", 404),
        ("GET", "/validate", 404),
        ("POST", "/readyz", 405),
        ("POST", "/validate", 405),
        ("HEAD", "/livez", 200),
    ],
)
async def test_health_port_has_nothing_else(
    tmp_path: Path, method: str, path: str, status: int
) -> None:
    """Admissions are not reviewed there, and metrics are not to be had on the TLS port."""
    async with serving(tmp_path) as live:
        assert (await live.health(path, method))[0] == status
        async with live.session.get(f"https://127.0.0.1:{live.port}/metrics") as response:
            assert response.status == 404


async def test_what_comes_before_policies_are_known(tmp_path: Path) -> None:
    """A review waits until they are, and is an error where that takes too long: never let in."""
    async with serving(tmp_path, engine.judge(engine.catalog())) as live:
        live.reasons.append("policies are not loaded")
        late = await live.post(review(deployment(FAT)), f"{live.url}?timeout=1s")
        waiting = asyncio.create_task(live.post(review(deployment(FAT))))
        await asyncio.sleep(0.05)
        waited = not waiting.done()
        live.reasons.clear()
        status, answer = await waiting

    assert late == (503, b"slimgate: policies are not loaded\n")
    assert waited
    assert status == 200
    assert not Answered.of(answer).allowed


async def test_drain(tmp_path: Path) -> None:
    """Told to stop, it is unready at once, serves on for a while, and finishes what it has."""
    source, door = engine.shut()
    judge = engine.judge(engine.catalog(), source)
    async with serving(tmp_path, judge, drain_seconds=0.6) as live:
        pending = asyncio.create_task(live.post(review(deployment(FAT))))
        await until(lambda: source.asked)
        live.stop.set()
        await until(lambda: _unready(live))
        assert await live.health("/readyz") == (503, "not ready: slimgate is shutting down\n")
        assert await live.health("/livez") == (200, "ok\n")
        unchanged = review(deployment(FAT), old=deployment(FAT), operation="UPDATE")
        async with live.session.post(
            live.url, data=unchanged, headers={"Content-Type": "application/json"}
        ) as response:
            assert response.status == 200
            assert response.headers["Connection"] == "close"
        await until(lambda: _refuses(live))
        assert not pending.done()
        door.opened.set()
        status, answer = await pending
    assert status == 200
    assert not Answered.of(answer).allowed


async def test_no_request_is_lost(tmp_path: Path) -> None:
    """Clients that keep their connections get every answer, and none stays on one that ends."""
    async with serving(tmp_path, drain_seconds=0.7) as live:
        clients = [asyncio.create_task(_ask_on(live)) for _ in range(12)]
        await asyncio.sleep(0.5)
        live.stop.set()
        asked = await asyncio.gather(*clients)

    assert min(one.answered for one in asked) > 1
    assert sum(one.lost for one in asked) == 0
    assert sum(one.closed for one in asked) >= len(clients)


async def test_a_connection_of_the_last_moment(tmp_path: Path) -> None:
    """A client that has connected before the end, and asks after it, is answered."""
    async with serving(tmp_path, drain_seconds=1.0) as live:
        kept = await Kept.open(live)
        live.stop.set()
        await until(lambda: _refuses(live))

        assert b'"allowed":false' in await kept.ask()
        kept.close()


@dataclass
class Asked:
    """What one client has met."""

    answered: int = 0
    closed: int = 0
    lost: int = 0


async def _ask_on(live: Live) -> Asked:
    """Ask on kept connections until none is to be had any more."""
    asked, body = Asked(), review(deployment(SLIM))
    head = "POST /validate HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    request = f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body
    while True:
        try:
            reader, writer = await asyncio.open_connection(HOST, live.port, ssl=live.context)
        except OSError:
            return asked
        keeps = True
        while keeps:
            try:
                writer.write(request)
                answer = (await reader.readuntil(b"\r\n\r\n")).lower()
                length = re.search(rb"content-length: (\d+)", answer)
                await reader.readexactly(int(length[1]) if length else 0)
            except (OSError, asyncio.IncompleteReadError):
                asked.lost += 1
                break
            asked.answered += 1
            keeps = b"connection: close" not in answer
        asked.closed += not keeps
        writer.close()


async def test_end_does_not_wait_for_ever(tmp_path: Path) -> None:
    """What is still in flight after the shutdown's time is given up."""
    source, _ = engine.shut()
    judge = engine.judge(engine.catalog(), source)
    async with serving(tmp_path, judge, shutdown_seconds=0.1) as live:
        pending = asyncio.create_task(live.post(review(deployment(SLIM))))
        await until(lambda: source.asked)
        live.stop.set()
        with pytest.raises(aiohttp.ClientConnectionError):
            await pending


async def test_idle_connections_do_not_hold_it(tmp_path: Path) -> None:
    """Connections that API servers keep open are closed, not waited for."""
    async with serving(tmp_path) as live:
        assert (await live.post(review(deployment(SLIM))))[0] == 200
        loop = asyncio.get_running_loop()
        started = loop.time()
    assert loop.time() - started < 2.0


async def _unready(live: Live) -> bool:
    return not await live.ready()


async def _refuses(live: Live) -> bool:
    try:
        await live.shown()
    except ConnectionError:
        return True
    return False
