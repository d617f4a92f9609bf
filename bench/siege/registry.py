"""A registry on many addresses of loopback that serves what attacks need, or holds on to it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from aiohttp import web

from bench.processes import free_port
from tests.support.images import Image, digest_of

Make = Callable[[], Image]
_KEPT: Final = 8
_CONTINUE: Final = b"HTTP/1.1 100 Continue\r\n\r\n" * 10_000
_ADDRESSES_A_BLOCK: Final = 250


@dataclass
class EvilRegistry:
    """Serves images by repository, whatever the host; made when they are asked for."""

    hosts: list[str]
    images: dict[str, Make] = field(default_factory=dict)
    stalls: set[str] = field(default_factory=set)
    """Repositories of which each answer lacks its last byte for ever."""
    stalled_blobs: set[str] = field(default_factory=set)
    """Digests of blobs that lack it, too."""
    silent: set[str] = field(default_factory=set)
    """Repositories of which nothing is ever answered."""
    endless: set[str] = field(default_factory=set)
    """Repositories of which it is said for ever that an answer will come."""

    def __post_init__(self) -> None:
        self._made = lru_cache(_KEPT)(lambda repository: self.images[repository]())
        self._making = asyncio.Lock()

    async def behave(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request."""
        repository, identifier, blob = _located(request.path)
        if repository in self.silent:
            await asyncio.Event().wait()
        if repository in self.endless:
            await _go_on(request)
        found = None
        if repository in self.images:
            async with self._making:
                made = await asyncio.to_thread(self._made, repository)
            found = _part(made, identifier, blob=blob)
        if found is None:
            return web.json_response({"errors": [{"code": "NAME_UNKNOWN"}]}, status=404)
        media_type, body = found
        headers = {"Content-Type": media_type, "Docker-Content-Digest": digest_of(body)}
        stalls = repository in self.stalls or headers["Docker-Content-Digest"] in self.stalled_blobs
        if stalls and request.method == "GET":
            return await _stall(request, body, headers)
        return web.Response(body=body, headers=headers)


@asynccontextmanager
async def serving(addresses: int) -> AsyncIterator[EvilRegistry]:
    """Serve on one port of so many addresses of loopback."""
    port = free_port()
    numbered = (divmod(i, _ADDRESSES_A_BLOCK) for i in range(addresses))
    hosts = [f"127.1.{block}.{number + 1}" for block, number in numbered]
    registry = EvilRegistry([f"{host}:{port}" for host in hosts])
    server = web.Server(registry.behave, access_log=None)
    listening = await asyncio.get_running_loop().create_server(server, hosts, port)
    try:
        yield registry
    finally:
        listening.close()
        await server.shutdown(0.01)


def _located(path: str) -> tuple[str, str, bool]:
    for part in ("/manifests/", "/blobs/"):
        repository, divider, identifier = path.removeprefix("/v2/").partition(part)
        if divider:
            return repository, identifier, part == "/blobs/"
    return "", "", False


def _part(made: Image, identifier: str, *, blob: bool) -> tuple[str, bytes] | None:
    if not blob:
        return made.media_type, made.manifest
    if identifier == made.config_descriptor.digest:
        return "application/octet-stream", made.config
    for layer in made.layers:
        if layer.descriptor.digest == identifier:
            return "application/octet-stream", layer.blob
    return None


async def _go_on(request: web.BaseRequest) -> None:
    while (transport := request.transport) is not None and not transport.is_closing():
        if not transport.get_write_buffer_size():
            transport.write(_CONTINUE)
        await asyncio.sleep(0.01)


async def _stall(
    request: web.BaseRequest, body: bytes, headers: dict[str, str]
) -> web.StreamResponse:
    answer = web.StreamResponse(headers={**headers, "Content-Length": str(len(body))})
    with suppress(ConnectionError):
        await answer.prepare(request)
        await answer.write(body[:-1])
    await asyncio.Event().wait()
    return answer
