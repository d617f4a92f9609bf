"""Which certificates pods serve: shaken hands with over real TLS, found by made-up slices."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from aiohttp import web

from slimgate.cluster.certificates.authority import Certificates, make
from slimgate.cluster.certificates.pods import ServedCertificates, WebhookPods
from tests.cluster.certificates.make import NAMES, NOW, load
from tests.support.cluster_client import client_of

OLD, NEW = make(NAMES, NOW), make(NAMES, NOW)
Slice = dict[str, Any]


class Slices:
    """An API server that has these EndpointSlices, and takes patches of pods."""

    def __init__(self, *slices: Slice, status: int = 200) -> None:
        self.slices = slices
        self._status = status
        self.patched: list[tuple[str, object]] = []

    @property
    def app(self) -> web.Application:
        """The server."""
        app = web.Application()
        path = "/apis/discovery.k8s.io/v1/namespaces/ops/endpointslices"
        app.router.add_get(path, self._list)
        app.router.add_patch("/api/v1/namespaces/ops/pods/{name}", self._patch)
        return app

    async def _list(self, request: web.Request) -> web.Response:
        assert request.query["labelSelector"] == "kubernetes.io/service-name=gate"
        body = {"kind": "EndpointSliceList", "items": self.slices}
        return web.json_response(body, status=self._status)

    async def _patch(self, request: web.Request) -> web.Response:
        metadata = (await request.json())["metadata"]
        self.patched.append((request.match_info["name"], metadata["annotations"]))
        return web.json_response({"kind": "Pod"})


def endpoint(port: int, *names: str, ready: bool = True) -> Slice:
    """Make a slice of pods on this machine."""
    endpoints = [
        {
            "addresses": ["127.0.0.1"],
            "conditions": {"ready": ready},
            "targetRef": {"kind": "Pod", "name": name},
        }
        for name in names
    ]
    return {"metadata": {"name": "x"}, "ports": [{"port": port}], "endpoints": endpoints}


@asynccontextmanager
async def serving(folder: Path, made: Certificates | None) -> AsyncIterator[int]:
    """Serve a certificate, or say nothing at all; give the port."""
    context: ssl.SSLContext | None = None
    if made is not None:
        (folder / "crt").write_bytes(made.certificate)
        (folder / "key").write_bytes(made.key)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(folder / "crt", folder / "key")
    writers: list[asyncio.StreamWriter] = []
    server = await asyncio.start_server(
        lambda _, writer: writers.append(writer), "127.0.0.1", 0, ssl=context
    )
    yield server.sockets[0].getsockname()[1]
    server.close()
    for writer in writers:
        writer.close()


async def served(folder: Path, *slices: Slice, status: int = 200) -> ServedCertificates:
    """Ask pods."""
    async with client_of(Slices(*slices, status=status).app, folder) as api:
        return await WebhookPods(api, "ops", "gate").served()


def shown(*made: Certificates) -> frozenset[object]:
    """Return the certificates as they are shown."""
    return frozenset(load(one.certificate) for one in made)


async def test_all_pods_are_asked(tmp_path: Path) -> None:
    """Whatever they serve, ready or not."""
    async with serving(tmp_path, OLD) as old, serving(tmp_path, NEW) as new:
        found = await served(tmp_path, endpoint(old, "a"), endpoint(new, "b", ready=False))

    assert (found.certificates, found.silent) == (shown(OLD, NEW), False)


async def test_who_does_not_answer(tmp_path: Path) -> None:
    """A pod that gets admissions may serve anything; one that is not ready serves nothing."""
    async with serving(tmp_path, NEW) as new, serving(tmp_path, None) as mute:
        gone = await served(tmp_path, endpoint(new, "a"), endpoint(9, "b"))
        coming = await served(tmp_path, endpoint(new, "a"), endpoint(9, "b", ready=False))
        dumb = await served(tmp_path, endpoint(mute, "a"))

    assert (gone.certificates, gone.silent) == (shown(NEW), True)
    assert (coming.certificates, coming.silent) == (shown(NEW), False)
    assert (dumb.certificates, dumb.silent) == (frozenset(), True)


async def test_an_api_server_that_says_nothing(tmp_path: Path) -> None:
    """Without a list of pods nothing is known of them."""
    assert await served(tmp_path, status=403) == ServedCertificates(
        certificates=frozenset(), silent=True
    )


async def test_odd_slices(tmp_path: Path) -> None:
    """What lacks a port or an address is left out."""
    odd: list[Slice] = [
        {},
        {"ports": [], "endpoints": [{"addresses": ["127.0.0.1"]}]},
        {"ports": [{"port": None}], "endpoints": [{"addresses": ["127.0.0.1"]}]},
        {"ports": [{"port": 9}], "endpoints": [{"addresses": []}, {"addresses": None}, {}]},
    ]

    assert await served(tmp_path, *odd) == ServedCertificates(
        certificates=frozenset(), silent=False
    )


async def test_pods_are_refreshed_once(tmp_path: Path) -> None:
    """Each for each certificate; one that comes later, too."""
    server = Slices(endpoint(9, "a", "b"))
    async with client_of(server.app, tmp_path) as api:
        pods = WebhookPods(api, "ops", "gate")
        for mark in ("1", "1", "2"):
            await pods.refresh(mark)
        server.slices = (endpoint(9, "b", "c"),)
        await pods.refresh("2")

    patched = [(name, *annotations.values()) for name, annotations in server.patched]  # type: ignore[attr-defined]
    assert sorted(patched[:2]) == [("a", "1"), ("b", "1")]
    assert sorted(patched[2:4]) == [("a", "2"), ("b", "2")]
    assert patched[4:] == [("c", "2")]
