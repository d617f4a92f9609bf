"""A registry with moods, between slimgate and the lab's: it is slow, refuses, lies, or is away."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final

_PASSED: Final = ("Content-Type", "Docker-Content-Digest", "Docker-Distribution-API-Version")
SLOW_SECONDS: Final = 1.0
MOODS: Final = ("slow", "429", "503", "lying", "away")


@dataclass(kw_only=True)
class MoodyRegistry:
    """Listens at a free port of an address; `feel` changes how it answers."""

    address: str
    target: str
    mood: str = ""
    """One of `MOODS`; empty while all is well."""
    asked: int = 0
    _server: ThreadingHTTPServer = field(init=False)

    def __post_init__(self) -> None:
        registry = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            timeout = 30

            def do_GET(self) -> None:
                registry.answer(self)

            do_HEAD = do_GET  # noqa: N815 - its name is what is asked for

            def log_message(self, *args: object) -> None:
                """Say nothing."""

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *args: object) -> None:
                """Say nothing of who was killed while it asked."""

        self._server = Server((self.address, 0), Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def host(self) -> str:
        """The registry as references name it."""
        return f"{self.address}:{self._server.server_address[1]}"

    def close(self) -> None:
        """Listen no more."""
        self._server.shutdown()
        self._server.server_close()

    @contextmanager
    def feel(self, mood: str) -> Iterator[None]:
        """Answer so for a while."""
        self.mood = mood
        try:
            yield
        finally:
            self.mood = ""

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        """Answer one request."""
        self.asked += 1
        mood = self.mood
        if mood == "away":
            handler.close_connection = True
            return
        if mood in {"429", "503"}:
            self._send(handler, int(mood), {"Retry-After": "1"}, b"{}")
            return
        if mood == "slow":
            time.sleep(SLOW_SECONDS)
        try:
            status, headers, body = self._ask(handler)
        except (OSError, HTTPException):
            handler.close_connection = True
            return
        if mood == "lying" and body:
            body = bytes([body[0] ^ 1]) + body[1:]
        self._send(handler, status, headers, body)

    def _ask(self, handler: BaseHTTPRequestHandler) -> tuple[int, dict[str, str], bytes]:
        host, _, port = self.target.rpartition(":")
        sent = {n: v for n, v in handler.headers.items() if n in {"Accept", "Range"}}
        connection = HTTPConnection(host, int(port), timeout=10)
        try:
            connection.request(handler.command, handler.path, headers=sent)
            answer = connection.getresponse()
            body = answer.read()
        finally:
            connection.close()
        headers = {n: answer.headers[n] for n in (*_PASSED, "Content-Range") if n in answer.headers}
        if handler.command == "HEAD" and "Content-Length" in answer.headers:
            headers["Content-Length"] = answer.headers["Content-Length"]
        return answer.status, headers, body

    def _send(
        self, handler: BaseHTTPRequestHandler, status: int, headers: dict[str, str], body: bytes
    ) -> None:
        handler.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            handler.send_header(name, value)
        handler.end_headers()
        if handler.command != "HEAD":
            handler.wfile.write(body)
