"""An API server that has some objects: it lists them, and gives each by its name."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from aiohttp import web

from slimgate.cluster.api import ClusterApi
from tests.judging.rows import Json
from tests.support.cluster_client import client_of


class Server:
    """Answers whoever asks; `objects` may be changed."""

    def __init__(self, objects: Sequence[Json]) -> None:
        self.objects = list(objects)

    @asynccontextmanager
    async def running(self, folder: Path) -> AsyncIterator[ClusterApi]:
        """Serve, and log in."""
        app = web.Application()
        app.router.add_get("/{path:.*}", self._answer)
        async with client_of(app, folder) as api:
            yield api

    async def _answer(self, request: web.Request) -> web.Response:
        _, prefix, *rest = request.path.split("/")
        api_version, rest = (
            ("/".join(rest[:2]), rest[2:]) if prefix == "apis" else (rest[0], rest[1:])
        )
        if rest[0] == "namespaces" and len(rest) > 2:
            rest = rest[2:]
        plural, *name = rest
        selector = request.query.get("labelSelector", "")
        found = [one for one in self.objects if _is_of(one, api_version, plural, selector)]
        if not name:
            return web.json_response({"kind": "List", "metadata": {}, "items": found})
        for one in found:
            if one["metadata"]["name"] == name[0]:
                return web.json_response(one)
        return web.Response(status=404, text='{"kind": "Status", "message": "not found"}')


def _is_of(one: Json, api_version: str, plural: str, selector: str) -> bool:
    kind = one["kind"].lower()
    names = (f"{kind}s", f"{kind.removesuffix('y')}ies")
    labels = {f"{key}={value}" for key, value in one["metadata"].get("labels", {}).items()}
    return (
        one["apiVersion"] == api_version
        and plural in names
        and labels.issuperset(filter(None, selector.split(",")))
    )
