"""What kopf's login tells of kopf's listings."""

import json
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import kopf
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from slimgate.controller.handlers import BUILT_IN, make_settings
from slimgate.controller.login import Login

DEPLOYMENTS = "/apis/apps/v1/deployments"
WATCH = "watch=true&resourceVersion=7"
ASKED = [
    ("GET", f"{DEPLOYMENTS}?limit=500", 200, ["Deployment"]),
    ("GET", DEPLOYMENTS, 200, ["Deployment"]),
    ("GET", f"{DEPLOYMENTS}?watch=true&sendInitialEvents=true", 200, ["Deployment"]),
    ("GET", "/api/v1/pods?limit=500", 200, ["Pod"]),
    ("GET", "/behind/a/proxy/apis/batch/v1/jobs?limit=500", 200, ["Job"]),
    ("GET", f"{DEPLOYMENTS}?limit=500&continue=x", 200, []),
    ("GET", f"{DEPLOYMENTS}?{WATCH}", 200, []),
    ("GET", f"{DEPLOYMENTS}?limit=500", 503, []),
    ("GET", "/apis/apps/v1", 200, []),
    ("GET", "/apis/metrics.k8s.io/v1/pods", 200, []),
    ("PATCH", DEPLOYMENTS, 200, []),
]


@asynccontextmanager
async def logged_in(login: Login) -> AsyncIterator[kopf.AiohttpSession]:
    """Log in as kopf does; kopf closes the session."""
    found = await login.log_in(logger=logging.getLogger(__name__), settings=make_settings())
    assert found is not None
    async with found.aiohttp_session:
        yield found


def write(path: Path, server: str, token: str) -> None:
    """Write a kubeconfig."""
    config = {
        "current-context": "x",
        "contexts": [{"name": "x", "context": {"cluster": "x", "user": "x"}}],
        "clusters": [{"name": "x", "cluster": {"server": server}}],
        "users": [{"name": "x", "user": {"token": token}}],
    }
    path.write_text(json.dumps(config))


@pytest.fixture
def kubeconfig(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Have a kubeconfig be the user's."""
    path = tmp_path / "kubeconfig"
    monkeypatch.setenv("KUBECONFIG", str(path))
    return path


@pytest.mark.parametrize(("method", "path", "status", "expected"), ASKED)
async def test_listings_are_told(
    kubeconfig: Path, method: str, path: str, status: int, expected: list[str]
) -> None:
    """Each once, when it has begun; nothing else is, and every request is logged in."""
    heard: list[str] = []
    tokens: list[str | None] = []

    async def answer(request: web.Request) -> web.Response:
        tokens.append(request.headers.get("Authorization"))
        return web.json_response({}, status=status)

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    async with TestServer(app) as server:
        write(kubeconfig, str(server.make_url("")).rstrip("/"), "secret")
        login = Login(BUILT_IN, lambda kind: heard.append(kind.name))
        async with logged_in(login) as found:
            await found.aiohttp_session.request(method, f"{found.server}{path}")

    assert heard == expected
    assert tokens == ["Bearer secret"]


async def test_what_was_refused_is_not_tried_in_a_new_session(kubeconfig: Path) -> None:
    """Else kopf would log in for ever; a token that is new makes a session that is."""
    login = Login(BUILT_IN, lambda _: None)
    write(kubeconfig, "http://127.0.0.1:1", "old")
    async with logged_in(login) as first, logged_in(login) as again:
        write(kubeconfig, "http://127.0.0.1:1", "new")
        async with logged_in(login) as other:
            held = first == again, first == other

    assert held == (True, False)


async def test_no_login(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Without a kubeconfig, outside of a pod, there is none."""
    monkeypatch.delenv("KUBECONFIG", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))

    found = await Login(BUILT_IN, lambda _: None).log_in(
        logger=logging.getLogger(__name__), settings=make_settings()
    )

    assert found is None
