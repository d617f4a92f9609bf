"""An API server of few objects, and roles that are processes of their own to it."""

import asyncio
import copy
import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer

from slimgate.cluster.resources import NAMESPACES
from slimgate.core.json_object import JsonObject, mapping_at, text_at
from slimgate.core.workloads.kinds import BUILT_IN, Kind
from tests.live.programs import Program, Roles, free_port
from tests.support.kubeconfig import kubeconfig

HOST = "127.0.0.1"
_KEPT = frozenset({"leases", "events"})
SERVED = (
    *BUILT_IN,
    NAMESPACES,
    Kind(
        group="apiextensions.k8s.io",
        version="v1",
        kind="CustomResourceDefinition",
        plural="customresourcedefinitions",
    ),
)


@dataclass
class ApiServer:
    """Lists what it has of any kind, never tells of a change, and remembers what is written.

    Leases and Events it keeps as an API server does: one of a name, and in versions.
    """

    objects: dict[str, list[JsonObject]] = field(default_factory=dict)
    refused: set[str] = field(default_factory=set)
    """Plurals of kinds that nobody may list."""
    events: dict[str, Sequence[JsonObject | str]] = field(default_factory=dict)
    """What a watch of a plural begins with."""
    written: list[tuple[str, JsonObject]] = field(default_factory=list)
    slowness: float = 0.0
    """Seconds before a write is taken."""
    _versions: int = 1

    def add(self, kind: Kind, obj: JsonObject, **metadata: str) -> None:
        """Have an object."""
        whole = {"uid": "u1", "resourceVersion": "1", **mapping_at(obj, "metadata"), **metadata}
        typed = {"apiVersion": kind.api_version, "kind": kind.kind}
        self.objects.setdefault(kind.plural, []).append({**typed, **obj, "metadata": whole})

    @asynccontextmanager
    async def serving(self, port: int) -> AsyncIterator[None]:
        """Answer for a time."""
        app = web.Application()
        app.router.add_get("/{path:.*}", self._read)
        app.router.add_route("*", "/{path:.*}", self._write)
        async with TestServer(app, host=HOST, port=port):
            yield

    @asynccontextmanager
    async def roles(self, folder: Path, **settings: str) -> AsyncIterator[Callable[[str], Program]]:
        """Serve, and give what starts a role with these settings."""
        port = free_port(HOST)
        common = {
            "KUBECONFIG": kubeconfig(folder, f"http://localhost:{port}"),
            "SLIMGATE_ADDRESS": HOST,
        }
        named = {f"SLIMGATE_{name.upper()}": value for name, value in settings.items()}
        running = Roles(address=HOST, common=common | named, folder=folder)
        async with self.serving(port):
            try:
                yield running.begin
            finally:
                await asyncio.to_thread(running.close)

    def bodies(self, path: str) -> list[Any]:
        """List what was written there."""
        return [body for one, body in self.written if one == path]

    async def _read(self, request: web.Request) -> web.StreamResponse:
        plural = request.path.rpartition("/")[2]
        if plural in self.refused:
            return web.json_response({"kind": "Status", "message": "no right"}, status=403)
        if "watch" in request.query:
            answer = web.StreamResponse()
            await answer.prepare(request)
            for event in self.events.get(plural, ()):
                line = event if isinstance(event, str) else json.dumps(event)
                await answer.write(line.encode() + b"\n")
            await asyncio.sleep(60)
        found = _discovered(request.path)
        if found is None and plural.endswith("s"):
            items = [one for one in self.objects.get(plural, []) if _concerns(one, request)]
            found = _page(items, request)
        found = found or self._named(request.path)
        if found is None:
            return web.json_response({"kind": "Status", "message": "not found"}, status=404)
        answer = web.json_response(found)
        answer.force_close()
        return answer

    def _named(self, path: str) -> JsonObject | None:
        """Find an object by its namespace, its kind and its name."""
        namespace, plural, name = ["", "", *path.split("/")][-3:]
        wanted = {"namespace": namespace, "name": name}
        for one in self.objects.get(plural, []):
            if wanted.items() <= mapping_at(one, "metadata").items():
                return one
        return None

    async def _write(self, request: web.Request) -> web.Response:
        await asyncio.sleep(self.slowness)
        body = json.loads(await request.read())
        status = self._keep(request, body) if _KEPT & {*request.path.split("/")} else 200
        if status == HTTPStatus.OK:
            self.written.append((request.path, copy.deepcopy(body)))
        refused = {"kind": "Status", "reason": "AlreadyExists" if request.method == "POST" else ""}
        answer = web.json_response(body if status == HTTPStatus.OK else refused, status=status)
        answer.force_close()
        return answer

    def _keep(self, request: web.Request, body: dict[str, Any]) -> int:
        """Make or change an object; what is answered is put into the body."""
        path = request.path if request.method != "POST" else ""
        path = path or f"{request.path}/{body['metadata']['name']}"
        held = self._named(path)
        version = mapping_at(body, "metadata").get("resourceVersion")
        if held is None if request.method != "POST" else held is not None:
            return 409 if held else 404
        if version and held and version != mapping_at(held, "metadata")["resourceVersion"]:
            return 409
        _, namespace, plural, name = path.rsplit("/", 3)
        self._versions += 1
        found = self.objects.setdefault(plural, [])
        merged = {
            **(held or {}),
            **body,
            "metadata": {
                **mapping_at(held or {}, "metadata"),
                **mapping_at(body, "metadata"),
                "namespace": namespace,
                "name": name,
                "uid": name,
                "resourceVersion": str(self._versions),
            },
            "spec": {**mapping_at(held or {}, "spec"), **mapping_at(body, "spec")},
        }
        found[:] = [one for one in found if one is not held] + [merged]
        body.clear()
        body.update(merged)
        return 200


def _page(items: list[JsonObject], request: web.Request) -> JsonObject:
    """Take as much of a listing as was asked for."""
    began = int(request.query.get("continue", 0))
    ends = began + int(request.query.get("limit", 0) or len(items))
    metadata = {"resourceVersion": "1", "continue": str(ends) if ends < len(items) else ""}
    return {"kind": "List", "metadata": metadata, "items": items[began:ends]}


def _concerns(obj: JsonObject, request: web.Request) -> bool:
    """Whether an Event is about the one that is asked for."""
    uid = text_at(mapping_at(obj, "regarding"), "uid")
    wanted = request.query.get("fieldSelector", "")
    return f"regarding.uid={uid}," in wanted or "regarding.uid" not in wanted


def _discovered(path: str) -> JsonObject | None:
    """Say which kinds there are, as kopf asks."""
    if path == "/api":
        return {"versions": ["v1"]}
    if path == "/apis":
        versions = {kind.group: kind.api_version for kind in SERVED if kind.group}
        return {
            "groups": [
                {"name": group, "preferredVersion": one, "versions": [one]}
                for group, whole in versions.items()
                for one in [{"groupVersion": whole, "version": whole.rpartition("/")[2]}]
            ]
        }
    served = [kind for kind in SERVED if path.endswith(f"/{kind.api_version}")]
    resources = [
        {
            "name": kind.plural,
            "singularName": kind.kind.lower(),
            "kind": kind.kind,
            "namespaced": True,
            "verbs": ["list", "watch", "patch"],
        }
        for kind in served
    ]
    return {"resources": resources} if served else None
