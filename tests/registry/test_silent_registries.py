"""Registries that do not answer at all: how often they are asked, and what the others notice."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field

import pytest
from aiohttp import web

from slimgate.core.credentials.identity import ANONYMOUS, Credential, CredentialEntry, Identity
from slimgate.core.errors import ImageError, UnavailableError
from slimgate.core.images.oci import OCI_MANIFEST
from slimgate.core.images.reference import Reference
from slimgate.engine.cpu_turns import SilentCpuObserver
from slimgate.registry.client import RegistryClient
from slimgate.settings import Exemption
from tests.registry.conftest import asking, settings_for
from tests.registry.hostile import FakeDns, Hostile, drip, hostile, raw, silent
from tests.registry.mute import Moody, full, refusing, unnamed
from tests.registry.test_addresses import challenge, redirect
from tests.registry.test_hostile import CONFIG, answers, of
from tests.support.clock import Clock

OK = answers(body=b"{}", Content_Type=OCI_MANIFEST)
IN_A_ROW = "did not answer 3 requests in a row"


@dataclass
class Record(SilentCpuObserver):
    """Writes down what an observer is told."""

    requests: list[int | str] = field(default_factory=list)
    spared: list[str] = field(default_factory=list)

    def request(self, host: str, method: str, outcome: int | str, seconds: float) -> None:
        """Write down a request."""
        del host, method, seconds
        self.requests.append(outcome)

    def request_skipped(self, host: str, reason: str) -> None:
        """Write down a request that was not sent."""
        del host
        self.spared.append(reason)

    def rate_limit(self, host: str, remaining: int) -> None:
        """Hear nothing: no registry here has a limit."""


Server = Callable[[], AbstractAsyncContextManager[Hostile]]
PLAIN = Exemption(plain_http=True, loopback=True)
SILENT: dict[str, tuple[Server, Exemption, str]] = {
    "refuses": (refusing, PLAIN, "nothing answers at its address"),
    "drops": (full, PLAIN, "connecting to it timed out"),
    "hangs": (lambda: hostile(silent), PLAIN, "nothing within 0.4 s"),
    "closes": (lambda: raw(b""), PLAIN, "the connection broke, or it is not an HTTP server"),
    "no TLS": (
        lambda: hostile(OK),
        Exemption(loopback=True),
        "it answers without TLS; if it has none, write plainHTTP: true into its entry",
    ),
    "no name": (unnamed, PLAIN, "its name does not resolve"),
}
ANSWERING: dict[str, Server] = {
    "500": lambda: hostile(answers(500)),
    "404": lambda: hostile(answers(404)),
    "401": lambda: hostile(answers(401)),
    "a body that drips": lambda: hostile(drip),
    "no HTTP": lambda: raw(b"220 mail.test ESMTP\r\n"),
    "a refused redirect": lambda: hostile(redirect("http://10.0.0.1/")),
}


async def fails(client: RegistryClient, host: str, count: int = 1) -> list[str]:
    """Ask so often, one after the other, and list what is said."""
    said = []
    for _ in range(count):
        with pytest.raises(ImageError) as caught:
            await client.document(of(host), ANONYMOUS)
        said.append(str(caught.value))
    return said


@pytest.mark.parametrize("way", SILENT)
async def test_silence(way: str) -> None:
    """However a registry fails to answer, after three requests it is spared the others."""
    serve, exemption, cause = SILENT[way]
    record = Record()
    async with serve() as server:
        settings = settings_for(
            connect_seconds=0.2, request_seconds=0.4, exemptions={server.host: exemption}
        )
        dns = FakeDns({})
        async with RegistryClient(settings, observer=record, resolver=dns) as client:
            said = await fails(client, server.host, 6)

    # Where requests are taken, others may be answered.
    what, it = (" for a/b", " for it") if way in {"hangs", "closes"} else ("", "")
    down = f"{server.host} {IN_A_ROW}{what} ({cause}); not asked{it} again for up to 15 s"
    assert [text == down for text in said] == [False] * 2 + [True] * 4
    assert record.requests == ["unavailable"] * 3
    assert record.spared == ["unavailable"] * 3


@pytest.mark.parametrize("way", ANSWERING)
async def test_what_is_an_answer(way: str) -> None:
    """Whoever answers badly, or begins to, is not down."""
    record = Record()
    async with ANSWERING[way]() as server:
        settings = settings_for(server.host, request_seconds=0.3)
        async with RegistryClient(settings, observer=record) as client:
            said = await fails(client, server.host, 5)

    assert not any(IN_A_ROW in text for text in said)
    # One that only says no is asked once what login it wants.
    assert (len(record.requests), record.spared) == (5 + (way in {"401", "404"}), [])


@pytest.mark.parametrize("repositories", [1, 100])
@pytest.mark.parametrize("way", ["hangs", "drops"])
async def test_those_who_queue_fail_as_well(way: str, repositories: int) -> None:
    """Of a hundred requests at once, those that wait for a slot when it turns out are not sent."""
    record = Record()
    async with SILENT[way][0]() as dead, hostile(OK) as healthy:
        settings = settings_for(dead.host, healthy.host, connect_seconds=2, request_seconds=2)
        async with RegistryClient(settings, observer=record) as client:
            asked = [
                client.document(
                    Reference.parse(f"{host}/a/b{number % repositories}:{number}"), ANONYMOUS
                )
                for number in range(100)
                for host in (dead.host, healthy.host)
            ]
            found = await asyncio.gather(*asked, return_exceptions=True)

    kinds = [type(one).__name__ for one in found]
    assert kinds == ["UnavailableError", "Document"] * 100
    sent = record.requests.count("unavailable")
    assert settings.concurrency <= sent <= 2 * settings.concurrency
    assert record.requests.count(200) == 100
    assert len(record.spared) == 100 - sent


async def test_a_registry_that_restarts() -> None:
    """What is under way ends with it; the next request is sent to it as ever."""
    mood = Moody(silent)
    async with hostile(mood) as server:
        settings = settings_for(server.host)

        async def cut(request: web.BaseRequest) -> web.StreamResponse:
            if len(server.seen) == settings.concurrency:
                ended.set()
            await ended.wait()
            assert request.transport is not None
            request.transport.abort()
            return web.Response()

        ended = asyncio.Event()
        mood.behave = cut
        async with RegistryClient(settings) as client:
            asked = [
                client.document(of(server.host), ANONYMOUS) for _ in range(settings.concurrency)
            ]
            found = await asyncio.gather(*asked, return_exceptions=True)
            mood.behave = OK
            after = await client.document(of(server.host), ANONYMOUS)

    assert [type(one) for one in found] == [UnavailableError] * settings.concurrency
    assert not any(IN_A_ROW in str(one) for one in found)
    assert after.body == b"{}"


async def test_a_registry_that_comes_back() -> None:
    """It is used again after the pause; while one request finds out, the others go on failing."""
    clock, mood = Clock(), Moody(silent)
    async with asking(mood, request_seconds=0.3, clock=clock) as (server, client):
        await fails(client, server.host, 3)
        mood.behave = OK
        (early,) = await fails(client, server.host)
        clock.now += 15
        asked = [client.document(of(server.host), ANONYMOUS) for _ in range(5)]
        first = await asyncio.gather(*asked, return_exceptions=True)
        asked = [client.document(of(server.host), ANONYMOUS) for _ in range(5)]
        later = await asyncio.gather(*asked)

    assert IN_A_ROW in early
    assert [isinstance(one, UnavailableError) for one in first] == [False] + [True] * 4
    assert [document.body for document in later] == [b"{}"] * 5
    assert len(server.seen) == 3 + 1 + 5


async def test_callers_who_give_up_late() -> None:
    """Even one who waited for most of a request's time does not end it as its deadline does."""
    async with asking(silent, request_seconds=2) as (server, client):

        async def wait(seconds: float) -> None:
            async with asyncio.timeout(seconds):
                await client.document(of(server.host), ANONYMOUS)

        late = await asyncio.gather(*(wait(1.2) for _ in range(4)), return_exceptions=True)
        with pytest.raises(TimeoutError):
            await wait(0.2)

    assert [type(one) for one in late] == [TimeoutError] * 4
    assert len(server.seen) == 5


async def test_impatient_callers() -> None:
    """Who gives up early says nothing of a slow registry, and keeps nobody from trying again."""
    clock, mood = Clock(), Moody(silent)
    async with hostile(mood) as server:
        settings = settings_for(server.host, request_seconds=0.3)

        async def give_up(times: int) -> None:
            for _ in range(times):
                mood.came.clear()
                asked = asyncio.create_task(client.document(of(server.host), ANONYMOUS))
                async with asyncio.timeout(10):
                    await mood.came.wait()
                asked.cancel()
                await asyncio.wait([asked])
                assert asked.cancelled()

        async with RegistryClient(settings, clock=clock) as client:
            await give_up(5)
            await fails(client, server.host, 3)
            clock.now += 15
            await give_up(3)
            mood.behave = OK
            found = await client.document(of(server.host), ANONYMOUS)

    assert found.body == b"{}"
    assert len(server.seen) == 5 + 3 + 3 + 1


async def test_a_dead_token_server() -> None:
    """It is another host than its registry, which goes on being asked where no token is needed."""
    record = Record()

    async def behave(request: web.BaseRequest) -> web.StreamResponse:
        known = "Authorization" in request.headers
        return await (OK if known else challenge(f"http://{dead.host}/token"))(request)

    async with refusing() as dead, asking(behave, dead.host, observer=record) as (server, client):
        said = await fails(client, server.host, 5)
        token = CredentialEntry(server.host, Credential(registry_token="abc"))
        found = await client.document(of(server.host), Identity((token,)))

    assert [IN_A_ROW in text for text in said] == [False] * 2 + [True] * 3
    assert found.body == b"{}"
    assert record.requests == [401, *["unavailable"] * 3, 200]
    assert record.spared == ["unavailable"] * 2


async def test_a_dead_store_of_blobs() -> None:
    """Where a registry redirects to is another host, too; the registry itself goes on."""
    record = Record()

    async def behave(request: web.BaseRequest) -> web.StreamResponse:
        is_blob = "/blobs/" in request.path
        return await (redirect(f"http://{dead.host}/x") if is_blob else OK)(request)

    async with refusing() as dead, hostile(behave) as server:
        settings = settings_for(server.host, dead.host)
        said = []
        async with RegistryClient(settings, observer=record) as client:
            for _ in range(5):
                with pytest.raises(UnavailableError) as caught:
                    await client.config(of(server.host), CONFIG, ANONYMOUS)
                said.append(str(caught.value))
            found = await client.document(of(server.host), ANONYMOUS)

    assert [
        f"{dead.host}, where {server.host} redirects to, {IN_A_ROW}" in text for text in said
    ] == [False] * 2 + [True] * 3
    assert found.body == b"{}"
    # The registry was asked each time, and answered with the redirect.
    assert len(server.seen) == len(record.requests) == 6
    assert record.spared == ["unavailable"] * 2


async def test_what_a_slow_redirect_leaves_is_too_little() -> None:
    """A host that had but the rest of a deadline to answer in is not taken to be down."""

    async def slowly(request: web.BaseRequest) -> web.StreamResponse:
        if request.path.startswith("/v2/"):
            await asyncio.sleep(0.12)
            return await redirect(f"http://{store.host}/x")(request)
        return await OK(request)

    async with (
        hostile(silent) as store,
        asking(slowly, store.host, request_seconds=0.2) as (server, client),
    ):
        said = await fails(client, server.host, 5)

    assert not any(IN_A_ROW in text for text in said)


async def test_a_redirect_speaks_for_no_other_scheme() -> None:
    """A registry that redirects to HTTPS at another one, which has none there, stops nobody."""
    async with (
        hostile(OK) as victim,
        hostile(redirect(f"https://{victim.host}/")) as evil,
        RegistryClient(settings_for(victim.host, evil.host)) as client,
    ):
        said = await fails(client, evil.host, 4)
        found = await client.document(of(victim.host), ANONYMOUS)

    assert said[-1].startswith(f"{victim.host}, where {evil.host} redirects to, {IN_A_ROW}")
    assert found.body == b"{}"
