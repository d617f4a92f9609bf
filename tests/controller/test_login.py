"""kopf's login: whose credentials it has, and that listings and requests are noticed."""

import asyncio
import json
import logging
import re
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import kopf
import pytest
from aiohttp import ClientConnectionError, ClientSession, ContentTypeError, web
from aiohttp.test_utils import TestServer
from aiohttp.typedefs import Handler

from slimgate.cluster.certificates.authority import make
from slimgate.cluster.connect import Access, open_access
from slimgate.cluster.errors import UnreachableError
from slimgate.controller.handlers import make_settings
from slimgate.controller.login import Login
from slimgate.core.json_object import JsonObject, mapping_at
from slimgate.core.workloads.kinds import BUILT_IN, Kind
from tests.support.kubeconfig import kubeconfig

DEPLOYMENTS = "/apis/apps/v1/deployments"
ASKED: list[tuple[str, str, int, list[tuple[str, bool]]]] = [
    ("GET", f"{DEPLOYMENTS}?limit=500", 200, [("Deployment", True)]),
    ("GET", DEPLOYMENTS, 200, [("Deployment", True)]),
    ("GET", "/api/v1/pods?limit=500", 200, [("Pod", True)]),
    ("GET", "/behind/a/proxy/apis/batch/v1/jobs?limit=500", 200, [("Job", True)]),
    ("GET", f"{DEPLOYMENTS}?limit=500&continue=x", 200, [("Deployment", False)]),
    ("GET", f"{DEPLOYMENTS}?limit=500", 503, []),
    ("GET", "/apis/apps/v1", 200, []),
    ("GET", "/apis/metrics.k8s.io/v1/pods", 200, []),
    ("PATCH", DEPLOYMENTS, 200, []),
]


def ignore(kind: Kind, page: object, *, first: bool) -> None:
    """Take a page."""


@asynccontextmanager
async def logged_in(login: Login) -> AsyncIterator[kopf.AiohttpSession]:
    """Log in as kopf does; kopf closes the session."""
    found = await login.log_in(logger=logging.getLogger(__name__), settings=make_settings())
    async with found.aiohttp_session:
        yield found


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Have a kubeconfig be the user's."""
    path = str(tmp_path / "kubeconfig")
    monkeypatch.setattr("slimgate.cluster.connect.KUBE_CONFIG_DEFAULT_LOCATION", path)
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    return tmp_path


@asynccontextmanager
async def served(
    home: Path, answer: Handler, login: Login | None = None
) -> AsyncIterator[tuple[ClientSession, str]]:
    """Log in to an API server that answers so; give the session, and where the server is."""
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    async with TestServer(app) as server:
        kubeconfig(home, str(server.make_url("")), {"token": "secret"})
        async with logged_in(login or Login(BUILT_IN, ignore, open_access)) as found:
            yield found.aiohttp_session, found.server


@pytest.mark.parametrize(("method", "path", "status", "expected"), ASKED)
async def test_listings_are_told(
    home: Path, method: str, path: str, status: int, expected: list[tuple[str, bool]]
) -> None:
    """Each page, and whether it is the first; nothing else is, and every request is logged in."""
    heard: list[tuple[str, bool]] = []
    tokens: list[str | None] = []

    def listed(kind: Kind, page: object, *, first: bool) -> None:
        assert page == {"items": []}
        heard.append((kind.kind, first))

    async def answer(request: web.Request) -> web.Response:
        tokens.append(request.headers.get("Authorization"))
        return web.json_response({"items": []}, status=status)

    login = Login(BUILT_IN, listed, open_access)
    async with served(home, answer, login) as (session, server):
        answered = await session.request(method, f"{server}{path}")
        assert await answered.json() == {"items": []}

    assert heard == expected
    assert tokens == ["Bearer secret"]


@pytest.mark.parametrize(("path", "left"), [(DEPLOYMENTS, b"acde"), ("/api/v1/nodes", b"abcde")])
async def test_what_is_of_no_concern_is_not_watched(home: Path, path: str, left: bytes) -> None:
    """Events of objects that are left to others are kept from kopf, and nothing else is.

    What slimgate itself fails at is kopf's: it logs that, and follows the kind on.
    """
    told = [
        {"type": "ADDED", "object": {"metadata": {"name": "a"}}},
        {"type": "MODIFIED", "object": {"metadata": {"name": "b", "owned": True}}},
        {"type": "BOOKMARK", "object": {"metadata": {"name": "c", "owned": True}}},
        {"type": "ERROR", "object": {"name": "d"}},
        {"type": "ADDED", "object": {"metadata": {"name": "e", "broken": True}}},
    ]

    async def answer(_request: web.Request) -> web.Response:
        return web.Response(body=b"".join(json.dumps(one).encode() + b"\n" for one in told))

    def concerns(kind: Kind, event: str, obj: JsonObject) -> bool:
        assert (kind.plural, event in {"ADDED", "MODIFIED"}) == ("deployments", True)
        if "broken" in mapping_at(obj, "metadata"):
            raise RuntimeError("a fault of slimgate's own")
        return "owned" not in mapping_at(obj, "metadata")

    login = Login(BUILT_IN, ignore, open_access, concerns=concerns)
    async with served(home, answer, login) as (session, server):
        watched = await session.get(f"{server}{path}?watch=true")
        chunks = [one async for one in watched.content.iter_chunked(2**20)]

    assert b"".join(re.findall(rb'"name": "(.)"', b"".join(chunks))) == left


@pytest.mark.parametrize("kind", ["text/html", "text/html; charset=iso-8859-1", "text/plain"])
async def test_what_is_no_text(home: Path, kind: str) -> None:
    """A page of some proxy's, in no Unicode, is what kopf expects of a failure: it tries again."""

    async def answer(_request: web.Request) -> web.Response:
        page = b"<h1>d\xe9sol\xe9</h1>"
        return web.Response(body=page, status=503, headers={"Content-Type": kind})

    async with served(home, answer) as (session, server):
        answered = await session.get(f"{server}{DEPLOYMENTS}")
        with pytest.raises((json.JSONDecodeError, ContentTypeError)):
            await answered.json()
        text = await answered.text()

    assert text.startswith("<h1>d")


async def test_requests_are_counted(home: Path) -> None:
    """Each with its status, watches as such; a server that is away is unreachable."""
    counted: list[tuple[str, int | str]] = []

    def asked(method: str, outcome: int | str, seconds: float) -> None:
        assert 0 <= seconds < 30
        counted.append((method, outcome))

    async def answer(request: web.Request) -> web.Response:
        return web.json_response({}, status=410 if "watch" in request.query else 200)

    app = web.Application()
    app.router.add_get(DEPLOYMENTS, answer)
    async with TestServer(app) as server:
        kubeconfig(home, str(server.make_url("")), {"token": "secret"})
        login = Login(BUILT_IN, ignore, open_access, asked)
        async with logged_in(login) as found:
            url = f"{found.server}{DEPLOYMENTS}"
            await found.aiohttp_session.get(url)
            await found.aiohttp_session.get(f"{url}?watch=true")
            await server.close()
            with pytest.raises(ClientConnectionError):
                await found.aiohttp_session.get(url)

    assert counted == [("GET", 200), ("WATCH", 410), ("GET", "unreachable")]


async def test_what_was_refused_is_not_tried_in_a_new_session(home: Path) -> None:
    """Else kopf would log in for ever; a token that is new makes a session that is."""
    login = Login(BUILT_IN, ignore, open_access)
    kubeconfig(home, "http://127.0.0.1:1", {"token": "old"})
    async with logged_in(login) as first, logged_in(login) as again:
        kubeconfig(home, "http://127.0.0.1:1", {"token": "new"})
        async with logged_in(login) as other:
            held = first == again, first == other

    assert held == (True, False)


@pytest.mark.usefixtures("home")
async def test_no_login() -> None:
    """Without a kubeconfig, outside of a pod, kopf tries again: what logs in must never end."""
    with pytest.raises(kopf.TemporaryError, match="there is no kubeconfig at"):
        await Login(BUILT_IN, ignore, open_access).log_in()


PLUGIN = (
    'printf \'{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1",'
    '"status":{"expirationTimestamp":"2020-01-01T00:00:00Z","token":"%s"}}\' "$(cat "$0")"'
)


async def test_a_plugin_logs_in(home: Path, tmp_path: Path) -> None:
    """As it does for the rest of slimgate; a token that has expired is renewed on the way.

    One that is refused nonetheless is not tried in a new session.
    """
    tokens: list[str | None] = []

    async def answer(request: web.Request) -> web.Response:
        tokens.append(request.headers.get("Authorization"))
        return web.json_response({})

    app = web.Application()
    app.router.add_get(DEPLOYMENTS, answer)
    token = tmp_path / "token"
    plugin = {
        "apiVersion": "client.authentication.k8s.io/v1",
        "command": "sh",
        "args": ["-c", PLUGIN, str(token)],
        "interactiveMode": "Never",
    }
    async with TestServer(app) as server:
        kubeconfig(home, str(server.make_url("")), {"exec": plugin})
        token.write_text("first")
        login = Login(BUILT_IN, ignore, open_access)
        async with logged_in(login) as found:
            for one in ("second", "third"):
                token.write_text(one)
                await found.aiohttp_session.get(f"{found.server}{DEPLOYMENTS}")
            async with logged_in(login) as again:
                assert again == found
            token.unlink()

    assert tokens == ["Bearer second", "Bearer third"]


class Gone(Access):
    """A way for which there are no credentials any more."""

    async def authorization(self) -> str | None:
        """Have none."""
        raise UnreachableError("the token can't be read")


async def test_credentials_that_are_gone(home: Path) -> None:
    """They look like a failure of the network to kopf, which then tries again."""

    async def connect() -> Access:
        found = await open_access()
        return Gone(
            server=found.server,
            credentials=found.credentials,
            tls=found.tls,
            configuration=found.configuration,
        )

    kubeconfig(home, "http://127.0.0.1:1", {"token": "secret"})
    async with logged_in(Login(BUILT_IN, ignore, connect)) as found:
        with pytest.raises(ClientConnectionError, match="the token can't be read"):
            await found.aiohttp_session.get(f"{found.server}{DEPLOYMENTS}")


@pytest.fixture
def pod(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], object]:
    """Mount a service account, and return what rotates its token."""
    token, authority = tmp_path / "token", tmp_path / "ca.crt"
    token.write_text("first")
    authority.write_text(make(["localhost"], datetime.now(UTC)).ca_bundle.decode())
    client = "kubernetes.aio.config.incluster_config"
    monkeypatch.setattr(f"{client}.SERVICE_TOKEN_FILENAME", str(token))
    monkeypatch.setattr(f"{client}.SERVICE_CERT_FILENAME", str(authority))
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "fd00::1")
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", "6443")
    return token.write_text


async def test_a_pods_token_is_rotated(pod: Callable[[str], object]) -> None:
    """A new token in the file makes a new session when kopf asks again, and is sent."""
    login = Login(BUILT_IN, ignore, open_access)
    async with logged_in(login) as first, logged_in(login) as again:
        pod("second")
        async with logged_in(login) as other:
            held = first == again, first == other
    access = await open_access()

    assert held == (True, False)
    assert other.server == "https://[fd00::1]:6443"
    assert await access.authorization() == "bearer second"


@pytest.mark.usefixtures("pod")
async def test_authorities_need_no_more_than_kubectl_asks_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Python 3.13 and later would refuse CAs of many clusters for extensions that they lack."""
    usual, made = ssl.create_default_context, list[ssl.SSLContext]()

    def strict(*args: Any, **kwargs: Any) -> ssl.SSLContext:
        context = usual(*args, **kwargs)
        context.verify_flags |= ssl.VERIFY_X509_STRICT
        made.append(context)
        return context

    monkeypatch.setattr(ssl, "create_default_context", strict)
    async with logged_in(Login(BUILT_IN, ignore, open_access)):
        (context,) = made

    assert context.verify_mode is ssl.CERT_REQUIRED
    assert not context.verify_flags & ssl.VERIFY_X509_STRICT


async def test_what_kopf_can_not_parse(home: Path, caplog: pytest.LogCaptureFixture) -> None:
    """It ends where an object is nested too deeply, which anybody may make; so it gets none."""
    deep = b'{"object": ' + b"[" * 5_000 + b"]" * 5_000 + b"}"
    # Of chunks that end anywhere, one holds no end of a line, and the last line has none.
    sent = b'{"a": 1}\n' + deep + b"\n{}\n\n" + b'{"b": "x'

    async def answer(request: web.Request) -> web.StreamResponse:
        if "watch" not in request.query:
            return web.Response(body=deep, content_type="application/json")
        stream = web.StreamResponse()
        await stream.prepare(request)
        for start in range(0, len(sent), 997):
            await stream.write(sent[start : start + 997])
            await asyncio.sleep(0)
        return stream

    async with served(home, answer) as (session, server):
        listed = await (await session.get(f"{server}{DEPLOYMENTS}")).json()
        async with session.get(f"{server}{DEPLOYMENTS}?watch=true") as watch:
            chunks = [chunk async for chunk in watch.content.iter_chunked(500)]

    first, second, *rest = b"".join(chunks).split(b"\n")
    assert listed.keys() == {"object"}
    assert (first, rest) == (b'{"a": 1}', [b"{}", b"", b'{"b": "x'])
    assert json.loads(second).keys() == {"object"}
    assert all(chunk.endswith(b"\n") for chunk in chunks[:-1])
    warnings = [one.getMessage() for one in caplog.records if one.levelname == "WARNING"]
    assert len(warnings) == 2
    assert all(f"{DEPLOYMENTS} holds an object that is nested" in one for one in warnings)


async def test_pages_of_large_objects(home: Path) -> None:
    """They have fewer than kopf asks for where they are large, and all in the end."""
    asked = list[int]()

    async def answer(request: web.Request) -> web.Response:
        asked.append(int(request.query["limit"]))
        began = int(request.query.get("continue", 0))
        names = [{"name": str(i), "text": "x" * 600_000} for i in range(began, 30)][: asked[-1]]
        ends = began + len(names)
        metadata = {"resourceVersion": "1", "continue": str(ends) if ends < 30 else ""}
        return web.json_response({"metadata": metadata, "items": names})

    app = web.Application()
    app.router.add_get("/{path:.*}", answer)
    found = list[str]()
    async with TestServer(app) as server:
        kubeconfig(home, str(server.make_url("")), {"token": "secret"})
        async with logged_in(Login(BUILT_IN, ignore, open_access)) as session:
            query, more = {"limit": "200"}, "first"
            while more:
                url = f"{session.server}{DEPLOYMENTS}"
                page = await session.aiohttp_session.get(url, params=query)
                listed = await page.json()
                found += [one["name"] for one in listed["items"]]
                more = listed["metadata"]["continue"]
                query["continue"] = more

    assert found == [*map(str, range(30))]
    assert asked[:6] == [200, 25, 3, 6, 12, 1]
