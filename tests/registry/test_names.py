"""Names of hosts: those that take long to look up, and whom they keep waiting."""

import asyncio
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from slimgate.core.credentials.identity import ANONYMOUS, Identity
from slimgate.core.errors import UnavailableError
from slimgate.registry.client import RegistryClient
from slimgate.registry.names import FairResolver
from tests.registry.conftest import settings_for
from tests.registry.hostile import hostile
from tests.registry.test_hostile import answers, of

SILENT, GOOD = ".silent.test", "good.test"


@pytest.fixture
def answered(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """Have a name server that says nothing of some names until it is told to."""
    event, ask = threading.Event(), socket.getaddrinfo

    def look_up(host: str, port: int, *more: Any, **others: Any) -> object:
        if host.endswith(SILENT):
            event.wait(20)
            raise socket.gaierror(socket.EAI_AGAIN, "no answer")
        return ask("127.0.0.1" if host == GOOD else host, port, *more, **others)

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    yield event
    event.set()


@pytest.mark.usefixtures("answered")
async def test_names_that_nobody_answers_for() -> None:
    """However many one namespace asks for, and gives up, another's name is found at once."""
    async with hostile(answers(body=b"{}")) as server:
        host = server.host.replace("127.0.0.1", GOOD)
        async with RegistryClient(settings_for(host)) as client:
            evil = Identity(asker="mallory/evil")
            for start in (0, 100):
                waiting = [
                    asyncio.create_task(client.document(of(f"h{n}{SILENT}"), evil))
                    for n in range(start, start + 100)
                ]
                await asyncio.sleep(0.2)
                began = time.monotonic()
                found = await client.document(of(host), Identity(asker=f"alice/{start}"))
                assert (found.body, time.monotonic() - began < 1.0) == (b"{}", True)
                for task in waiting:
                    task.cancel()
                await asyncio.gather(*waiting, return_exceptions=True)


async def test_places_are_given_back(answered: threading.Event) -> None:
    """Whoever gives up has a place until the thread ends, and nobody after."""
    resolver = FairResolver(lambda: "", at_once=2)
    first = [asyncio.create_task(resolver.resolve(f"a{n}{SILENT}")) for n in range(2)]
    await asyncio.sleep(0.1)
    first[0].cancel()
    last = asyncio.create_task(resolver.resolve(GOOD, 443))
    await asyncio.sleep(0.1)
    waits = not last.done()
    answered.set()
    found = await asyncio.wait_for(last, 2)
    ended = await asyncio.gather(*first, return_exceptions=True)

    assert waits
    assert [(one["hostname"], one["host"], one["port"]) for one in found] == [
        (GOOD, "127.0.0.1", 443)
    ]
    assert [type(one) for one in ended] == [asyncio.CancelledError, socket.gaierror]


async def test_addresses_of_both_families() -> None:
    """An address is what it is, and a name that nobody has is an error of the registry's."""
    resolver = FairResolver(lambda: "")
    assert [one["host"] for one in await resolver.resolve("127.0.0.1", 1)] == ["127.0.0.1"]

    async with RegistryClient(settings_for()) as client:
        with pytest.raises(UnavailableError, match="its name does not resolve"):
            await client.document(of("none.invalid"), ANONYMOUS)
