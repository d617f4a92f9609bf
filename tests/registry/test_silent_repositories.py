"""Who is left alone for a silence: no more than the one whose it is."""

import pytest
from aiohttp import web

from slimgate.core.credentials.identity import ANONYMOUS
from slimgate.core.errors import UnavailableError
from slimgate.core.images.reference import Reference
from slimgate.registry.client import RegistryClient
from tests.registry.conftest import asking, settings_for
from tests.registry.hostile import hostile, silent
from tests.registry.test_addresses import challenge, redirect
from tests.registry.test_hostile import of
from tests.registry.test_silent_registries import IN_A_ROW, OK, Record, fails


async def test_a_repository_that_hangs() -> None:
    """It is the only one that is not asked: a proxy may wait for one of many registries."""

    async def behave(request: web.BaseRequest) -> web.StreamResponse:
        return await (silent if request.path.startswith("/v2/a/b/") else OK)(request)

    async with asking(behave, request_seconds=0.3) as (server, client):
        said = await fails(client, server.host, 5)
        other = Reference.parse(f"{server.host}/c/d:1")
        found = await client.document(other, ANONYMOUS)
        again = await fails(client, server.host)

    assert [IN_A_ROW in text for text in said + again] == [False] * 2 + [True] * 4
    assert found.body == b"{}"
    assert len(server.seen) == 3 + 1


@pytest.mark.parametrize("way", ["redirect", "token"])
async def test_a_registry_that_leads_to_where_it_hangs(way: str) -> None:
    """The host that it leads to is none the worse for others; its own callers are spared it."""

    async def behave(request: web.BaseRequest) -> web.StreamResponse:
        return await (silent if "slow" in request.path else OK)(request)

    record = Record()
    async with hostile(behave) as victim:
        address = f"http://{victim.host}/slow"
        lead = redirect(address) if way == "redirect" else challenge(address)
        async with hostile(lead) as evil:
            settings = settings_for(victim.host, evil.host, request_seconds=0.3)
            async with RegistryClient(settings, observer=record) as client:
                said = []
                for number in range(6):
                    reference = Reference.parse(f"{evil.host}/a/b{number}:1")
                    with pytest.raises(UnavailableError) as caught:
                        await client.document(reference, ANONYMOUS)
                    said.append(str(caught.value))
                found = await client.document(of(victim.host), ANONYMOUS)

    assert [IN_A_ROW in text for text in said[:2] + said[3:]] == [False] * 2 + [True] * 3
    assert record.spared == ["unavailable"] * 3
    assert found.body == b"{}"
