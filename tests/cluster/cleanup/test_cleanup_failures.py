"""A clean-up of a cluster that does not hold still: what remains is said."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path

import pytest
from aiohttp import web

from slimgate.cluster.cleanup.cleaner import Cleaner, CleanupSettings
from slimgate.core.wording.annotations import VERDICT
from tests.support.cluster_client import client_of

SETTINGS = CleanupSettings(
    namespace="ns", configuration="gate", secrets=(), controllers="app=gate", breath=0
)
PROFILES = [f"sha256-{number}" for number in range(6)]


@dataclass
class Server:
    """Keeps two Deployments and six ImageProfiles, which are listed by two."""

    restored: int = 0
    """How often somebody writes annotations again."""
    replaced: int = 0
    """How often a Deployment is another one by the time it is patched."""
    kept: list[int] = field(default_factory=list)
    """How many pages of each listing are kept; of more listings all."""
    finalized: bool = False
    """Whether what is deleted goes at once."""
    profiles: list[str] = field(default_factory=lambda: [*PROFILES])
    marked: set[str] = field(default_factory=lambda: {"web", "api"})
    deleted: list[str] = field(default_factory=list)
    listings: int = 0

    def app(self) -> web.Application:
        """Make the server."""
        app = web.Application()
        for path in ("/apis/apps/v1/namespaces/ns/deployments", "/api/v1/namespaces/ns/pods"):
            app.router.add_get(path, _nothing)
        app.router.add_get("/apis/apps/v1/deployments", self._deployments)
        app.router.add_patch("/apis/apps/v1/namespaces/ns/deployments/{name}", self._patch)
        plural = "/apis/slimgate.dev/v1alpha1/imageprofiles"
        app.router.add_get(plural, self._profiles)
        app.router.add_delete(f"{plural}/{{name}}", self._delete)
        return app

    async def _deployments(self, request: web.Request) -> web.Response:
        del request
        held = {name: {VERDICT: "deny"} if name in self.marked else {} for name in ("api", "web")}
        return _list([_object(name, namespace="ns", annotations=held[name]) for name in held])

    async def _patch(self, request: web.Request) -> web.Response:
        if self.replaced:
            self.replaced -= 1
            return _refused(HTTPStatus.CONFLICT)
        self.marked.discard(request.match_info["name"])
        if self.restored and not self.marked:
            self.restored -= 1
            self.marked.add("web")
        return web.json_response({})

    async def _profiles(self, request: web.Request) -> web.Response:
        token = request.query.get("continue")
        if token is None:
            self.listings += 1
        after, number = (token or ":0").split(":")
        if self.listings <= len(self.kept) and int(number) >= self.kept[self.listings - 1]:
            return _refused(HTTPStatus.GONE)
        left = [name for name in self.profiles if name > after]
        more = f"{left[1]}:{int(number) + 1}" if len(left) > 2 else ""
        return _list([_object(name) for name in left[:2]], more)

    async def _delete(self, request: web.Request) -> web.Response:
        name = request.match_info["name"]
        self.deleted.append(name)
        if not self.finalized:
            self.profiles.remove(name)
        return web.json_response({})


async def remains(server: Server, folder: Path) -> Sequence[str]:
    """Clean up; return what is said to remain."""
    async with client_of(server.app(), folder) as api:
        return await Cleaner(api, SETTINGS, lambda _: None).run()


async def test_somebody_writes_again(tmp_path: Path) -> None:
    """What comes back a few times is removed; what comes back for ever is said to remain."""
    few, many = Server(restored=3), Server(restored=99)

    assert await remains(few, tmp_path) == []
    assert few.marked == set()
    assert await remains(many, tmp_path) == [
        "annotations of deployments: something writes them again as soon as they are removed"
    ]
    assert many.marked == {"web"}


async def test_replaced_meanwhile(tmp_path: Path) -> None:
    """What was made anew under its name, annotations and all, is looked at again."""
    server = Server(replaced=2)

    assert await remains(server, tmp_path) == []
    assert server.marked == set()


@pytest.mark.parametrize("finalized", [False, True])
async def test_more_than_pages_are_kept_for(tmp_path: Path, *, finalized: bool) -> None:
    """A listing that breaks off is begun again, and each object has one turn."""
    server = Server(kept=[2, 1], finalized=finalized)

    assert await remains(server, tmp_path) == []
    assert sorted(server.deleted) == PROFILES


async def test_pages_are_never_kept(tmp_path: Path) -> None:
    """Where no listing gets anywhere, that is said, and it ends."""
    server = Server(kept=[0] * 99)

    said = await remains(server, tmp_path)

    assert [line.partition(":")[0] for line in said] == ["imageprofiles"]
    assert server.profiles == PROFILES
    assert server.listings < 99


async def _nothing(request: web.Request) -> web.Response:
    del request
    return _list([])


def _object(name: str, **metadata: object) -> dict[str, object]:
    return {"metadata": {"name": name, "uid": name, **metadata}}


def _list(items: Sequence[object], more: str = "") -> web.Response:
    return web.json_response({"kind": "XList", "metadata": {"continue": more}, "items": items})


def _refused(status: HTTPStatus) -> web.Response:
    return web.json_response({"kind": "Status", "message": "no"}, status=status)
