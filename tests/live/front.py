"""A way to the API server that can be cut, after which it has forgotten what was watched."""

import asyncio
import ssl
import threading
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Any, Final

from aiohttp import ClientSession, ClientTimeout, TCPConnector, web

from tests.lab.state import Lab

_PASSED: Final = frozenset({"accept", "content-type"})
_TOO_OLD: Final = {
    "type": "ERROR",
    "object": {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": "too old resource version: 9580 (9623)",
        "reason": "Expired",
        "code": 410,
    },
}
"""What an API server says after a restart to whoever goes on with a watch."""


@dataclass(kw_only=True)
class Front:
    """Passes requests to the lab's API server as its administrator; clients speak plain HTTP.

    After a cut the first watch of each kind is told that its version is too old.
    """

    lab: Lab
    address: str
    port: int = 0
    _fresh: set[str] | None = None
    """The paths that were watched since the last cut; None before the first."""
    _runner: web.AppRunner | None = None
    _session: ClientSession | None = None
    _loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.new_event_loop)
    _thread: threading.Thread = field(init=False)

    def __post_init__(self) -> None:
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    @property
    def server(self) -> str:
        """The API server as a kubeconfig names it."""
        return f"http://{self.address}:{self.port}"

    def mend(self) -> None:
        """Listen, at the same port as before."""
        self._run(self._listen())

    def cut(self) -> None:
        """End every request, and refuse new ones."""
        self._run(self._stop())

    def close(self) -> None:
        """End it for good."""
        self.cut()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(timeout=10)

    async def _listen(self) -> None:
        trusted = ssl.create_default_context(cafile=self.lab.ca_file)
        trusted.load_cert_chain(self.lab.client_cert, self.lab.client_key)
        self._session = ClientSession(
            connector=TCPConnector(limit=0, ssl=trusted), timeout=ClientTimeout(total=None)
        )
        app = web.Application(client_max_size=2**24)
        app.router.add_route("*", "/{path:.*}", self._pass)
        self._runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, self.address, self.port).start()
        self.port = self._runner.addresses[0][1]

    async def _stop(self) -> None:
        self._fresh = set()
        runner, session, self._runner, self._session = self._runner, self._session, None, None
        if runner is not None and session is not None:
            await runner.cleanup()
            await session.close()

    async def _pass(self, request: web.Request) -> web.StreamResponse:
        assert self._session is not None
        if self._has_forgotten(request):
            return web.json_response(_TOO_OLD)
        headers = {name: text for name, text in request.headers.items() if name.lower() in _PASSED}
        asked = self._session.request(
            request.method,
            f"{self.lab.apiserver}{request.path}",
            params=request.query,
            data=await request.read() or None,
            headers=headers,
        )
        async with asked as answer:
            passed = web.StreamResponse(status=answer.status)
            passed.content_type = answer.content_type
            await passed.prepare(request)
            async for chunk in answer.content.iter_any():
                await passed.write(chunk)
            return passed

    def _has_forgotten(self, request: web.Request) -> bool:
        if self._fresh is None or "watch" not in request.query or request.path in self._fresh:
            return False
        self._fresh.add(request.path)
        return True
