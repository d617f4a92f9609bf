"""Ways to a registry that fail as real ones do: a cable that can be cut, and a hole."""

import socket
import threading
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Self

_CHUNK = 2**16


@dataclass(kw_only=True)
class Listener:
    """Accepts connections at a free port of an address; `cut` ends them and refuses new ones."""

    address: str
    port: int = 0
    _server: socket.socket | None = None
    _held: set[socket.socket] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def registry(self) -> str:
        """The registry as references name it."""
        return f"{self.address}:{self.port}"

    @property
    def connections(self) -> int:
        """How many connections are held."""
        with self._lock:
            return len(self._held)

    def mend(self) -> Self:
        """Listen, at the same port as before."""
        if self._server is None:
            self._server = socket.create_server((self.address, self.port))
            self.port = self._server.getsockname()[1]
            threading.Thread(target=self._accept, args=(self._server,), daemon=True).start()
        return self

    def cut(self) -> None:
        """End every connection, and refuse new ones."""
        if self._server is None:
            return
        # Closing alone does not wake the thread that accepts.
        with suppress(OSError):
            self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        self._server = None
        with self._lock:
            held = list(self._held)
        for connection in held:
            self._drop(connection)

    def _accept(self, server: socket.socket) -> None:
        with suppress(OSError):
            while True:
                connection, _ = server.accept()
                self._hold(connection)
                self._serve(connection)

    def _serve(self, connection: socket.socket) -> None:
        """Hold it, and say nothing: a registry that hangs."""

    def _hold(self, connection: socket.socket) -> None:
        with self._lock:
            self._held.add(connection)

    def _drop(self, connection: socket.socket) -> None:
        with self._lock:
            self._held.discard(connection)
        with suppress(OSError):
            connection.shutdown(socket.SHUT_RDWR)
        connection.close()


@dataclass(kw_only=True)
class Cable(Listener):
    """Passes bytes to a registry and back; `hang` has it swallow them until it is mended."""

    target: tuple[str, int]
    _hangs: bool = False

    def hang(self) -> None:
        """Accept everything, and pass nothing on."""
        self._hangs = True

    def mend(self) -> Self:
        """Pass everything on."""
        if self._hangs:
            self.cut()
            self._hangs = False
        return super().mend()

    def _serve(self, connection: socket.socket) -> None:
        if self._hangs:
            return
        try:
            far = socket.create_connection(self.target, timeout=10)
        except OSError:
            self._drop(connection)
            return
        far.settimeout(None)
        self._hold(far)
        for one, other in ((connection, far), (far, connection)):
            threading.Thread(target=self._pump, args=(one, other), daemon=True).start()

    def _pump(self, one: socket.socket, other: socket.socket) -> None:
        with suppress(OSError):
            while chunk := one.recv(_CHUNK):
                if not self._hangs:
                    other.sendall(chunk)
        self._drop(one)
        self._drop(other)
