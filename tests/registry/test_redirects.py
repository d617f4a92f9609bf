"""Where a registry redirects to speaks for itself only, and is shown nothing but its own login."""

from collections.abc import Mapping
from dataclasses import dataclass

import pytest
from aiohttp import web

from slimgate.core.credentials.identity import ANONYMOUS, Credential, CredentialEntry, Identity
from slimgate.core.errors import ImageError, RateLimitedError, UnauthorizedError
from slimgate.core.images.reference import Reference
from slimgate.registry.client import RegistryClient
from tests.registry.conftest import asking, settings_for
from tests.registry.hostile import Behaviour, Hostile, hostile
from tests.registry.test_addresses import ALICE, challenge, redirect
from tests.registry.test_hostile import Record, answers, of
from tests.registry.test_silent_registries import OK
from tests.support.logins import basic

BOB = Credential(username="bob", password="builder")
CAROL = Credential(username="carol", password="wrong")


def identity(entries: Mapping[str, Credential]) -> Identity:
    """Make an identity of logins by host."""
    return Identity(tuple(CredentialEntry(*entry) for entry in entries.items()))


@dataclass
class Tokens:
    """A token server that gives a token to everybody, or to those who show one of `logins`."""

    logins: frozenset[str | None] = frozenset()

    async def __call__(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer a request for a token."""
        if self.logins and request.headers.get("Authorization") not in self.logins:
            return web.Response(status=401)
        return web.json_response({"token": f"for:{request.query['scope']}"})


def wants_token(realm: str) -> Behaviour:
    """Serve the repository m/n to whoever has its token."""

    async def behave(request: web.BaseRequest) -> web.StreamResponse:
        if request.headers.get("Authorization") == "Bearer for:repository:m/n:pull":
            return await OK(request)
        value = f'Bearer realm="{realm}",service="s",scope="repository:m/n:pull"'
        return web.Response(status=401, headers={"WWW-Authenticate": value})

    return behave


def wants_basic(*credentials: Credential) -> Behaviour:
    """Serve those who show one of these logins."""

    async def behave(request: web.BaseRequest) -> web.StreamResponse:
        if request.headers.get("Authorization") in {basic(one) for one in credentials}:
            return await OK(request)
        return web.Response(status=401, headers={"WWW-Authenticate": 'Basic realm="x"'})

    return behave


def moved(target: Hostile) -> Behaviour:
    """Redirect every manifest to the repository m/n of another registry."""
    return redirect(f"{target.url}/v2/m/n/manifests/1")


async def test_the_login_of_a_registry_goes_to_no_other_realm() -> None:
    """Neither the one who is redirected nor the next one has a password stolen by the target."""
    async with (
        hostile(Tokens()) as thief,
        hostile(challenge(f"{thief.url}/token")) as target,
        hostile(moved(target)) as server,
    ):
        hosts = (server.host, target.host, thief.host)
        async with RegistryClient(settings_for(*hosts)) as client:
            for credential in (ALICE, BOB):
                with pytest.raises(UnauthorizedError):
                    await client.document(of(server.host), identity({server.host: credential}))

    assert {None} == set(thief.authorizations()) | set(server.authorizations())
    assert all((one or "Bearer").startswith("Bearer") for one in target.authorizations())


@pytest.mark.parametrize(
    ("logins", "asked_as"),
    [
        ({}, [None]),
        ({"server": ALICE}, [None]),
        ({"server": ALICE, "target": BOB}, [basic(BOB)]),
        ({"target": CAROL}, [basic(CAROL), None]),
        ({"target/m/n": BOB, "target": CAROL}, [basic(BOB)]),
        ({"target/other": CAROL}, [None]),
    ],
    ids=["nobody", "the registry's", "its own", "a wrong one", "by path", "of another path"],
)
async def test_a_target_with_a_token_server_of_its_own(
    logins: Mapping[str, Credential], asked_as: list[str | None]
) -> None:
    """As lscr.io's: it is authorised with what is kept for itself, and later looks ask once."""
    tokens = Tokens(frozenset({None, basic(BOB)}))
    async with (
        hostile(tokens) as realm,
        hostile(wants_token(f"{realm.url}/token")) as target,
        hostile(moved(target)) as server,
    ):
        names = {"server": server.host, "target": target.host}
        entries = {key.replace(name := key.split("/")[0], names[name]): one
                   for key, one in logins.items()}  # fmt: skip
        async with RegistryClient(settings_for(*names.values(), realm.host)) as client:
            for _ in range(2):
                found = await client.document(of(server.host), identity(entries))
                assert found.body == b"{}"

    assert realm.authorizations() == asked_as
    assert {None} == set(server.authorizations())
    assert target.authorizations() == [None, *["Bearer for:repository:m/n:pull"] * 2]


@pytest.mark.parametrize("path", ["/v2/m/n/manifests/1", "/v2/m/n/blobs/x", "/admin?do=it", "/v2/"])
async def test_a_target_gets_a_password_as_a_registry_only(path: str) -> None:
    """Whoever redirects does not choose which page of a host is opened with a user's login."""
    async with (
        hostile(wants_basic(BOB)) as target,
        asking(redirect(f"{target.url}{path}"), target.host) as (server, client),
    ):
        known = identity({target.host: BOB})
        if path.startswith("/v2/m"):
            assert (await client.document(of(server.host), known)).body == b"{}"
        else:
            with pytest.raises(UnauthorizedError, match=f"{target.host}, where"):
                await client.document(of(server.host), known)

    shown = [basic(BOB)] if path.startswith("/v2/m") else []
    assert target.authorizations() == [None, *shown]


LIMITS = [
    answers(429, Retry_After="21600"),
    answers(503, Retry_After="21600"),
    answers(403, b'{"errors":[{"code":"TOOMANYREQUESTS"}]}', Retry_After="21600"),
]


@pytest.mark.parametrize("limit", LIMITS, ids=["429", "503", "by its code"])
@pytest.mark.parametrize("way", ["redirect", "token"])
async def test_a_limit_elsewhere_silences_no_registry(limit: Behaviour, way: str) -> None:
    """The registry goes on being asked, and so is the other host by those who mean it."""
    record = Record()

    async def behave(request: web.BaseRequest) -> web.StreamResponse:
        if not request.path.startswith("/v2/a/b/"):
            return await OK(request)
        to = redirect if way == "redirect" else challenge
        return await to(f"{busy.url}/v2/a/b/manifests/1")(request)

    async def moody(request: web.BaseRequest) -> web.StreamResponse:
        return await (limit if "/a/b/" in request.path else OK)(request)

    async with (
        hostile(moody) as busy,
        asking(behave, busy.host, observer=record) as (server, client),
    ):
        for _ in range(3):
            with pytest.raises(ImageError, match=busy.host):
                await client.document(of(server.host), ANONYMOUS)
        for host in (server.host, busy.host):
            other = Reference.parse(f"{host}/c/d:1")
            ready = identity({host: Credential(registry_token="abc")})
            assert (await client.document(other, ready)).body == b"{}"

    if limit is not LIMITS[1]:
        assert len(busy.seen) == 2


async def test_a_limit_of_where_one_redirects_is_heeded_there() -> None:
    """It is not asked before its Retry-After by those whom this registry sends."""
    async with (
        hostile(answers(429, Retry_After="60")) as busy,
        asking(moved(busy), busy.host) as (server, client),
    ):
        for _ in range(2):
            with pytest.raises(RateLimitedError) as caught:
                await client.document(of(server.host), ANONYMOUS)
            assert caught.value.retry_after == pytest.approx(60, abs=5)

    assert len(busy.seen) == 1


async def test_what_is_left_elsewhere_is_not_what_is_left() -> None:
    """A rate limit's header counts from the registry that was asked."""
    record = Record()
    async with (
        hostile(answers(body=b"{}", RateLimit_Remaining="0;w=21600")) as other,
        asking(moved(other), other.host, observer=record) as (server, client),
    ):
        await client.document(of(server.host), ANONYMOUS)

    assert record.remaining == []


async def test_a_registry_reached_by_way_of_another() -> None:
    """What another host sends back to the registry counts neither as its challenge nor limit."""

    async def bounce(request: web.BaseRequest) -> web.StreamResponse:
        return await redirect(f"http://{hosts[0]}{request.path}/back")(request)

    async def behave(request: web.BaseRequest) -> web.StreamResponse:
        if not request.path.endswith("/back"):
            return await redirect(f"{other.url}{request.path}")(request)
        kind = answers(429, Retry_After="60") if "/c/d/" in request.path else challenge(thief.url)
        return await kind(request)

    hosts: list[str] = []
    async with hostile(Tokens()) as thief, hostile(bounce) as other, hostile(behave) as server:
        hosts.append(server.host)
        settings = settings_for(server.host, other.host, thief.host)
        async with RegistryClient(settings) as client:
            known = identity({server.host: ALICE})
            for name in ("c/d", "a/b"):
                with pytest.raises(ImageError):
                    await client.document(Reference.parse(f"{server.host}/{name}:1"), known)

    assert thief.seen == []
    assert {None} == set(server.authorizations())
