"""Shakes hands all the time, as a process of its own: `python -m bench.siege.shaker FILE`.

FILE is a JSON object as `Flood` has it. What it sends is made once, so that it costs next to
nothing: whoever shall answer works, and nobody else.
"""

import asyncio
import json
import ssl
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_TICK: Final = 0.01
_MAX_OPEN: Final = 900
"""So that the descriptors of a process are enough."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Flood:
    """So many handshakes a second from each address, for so long; to the end if they are whole."""

    host: str
    port: int
    addresses: list[str]
    rate: int
    seconds: float
    whole: bool


class Shaker:
    """Begins handshakes at a pace, whatever becomes of them."""

    def __init__(self, flood: Flood) -> None:
        self._flood = flood
        self._context = ssl.create_default_context()
        self._context.check_hostname, self._context.verify_mode = False, ssl.CERT_NONE
        self._hello = _hello(self._context)
        self._open: set[asyncio.Task[None]] = set()
        self.begun = 0

    async def run(self) -> None:
        """Go on until the time is over."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        while (past := loop.time() - began) < self._flood.seconds:
            due = int(past * self._flood.rate) * len(self._flood.addresses) - self.begun
            for _ in range(min(due, _MAX_OPEN - len(self._open))):
                address = self._flood.addresses[self.begun % len(self._flood.addresses)]
                task = asyncio.create_task(self._shake(address))
                self._open.add(task)
                task.add_done_callback(self._open.discard)
                self.begun += 1
            await asyncio.sleep(_TICK)
        for task in self._open:
            task.cancel()

    async def _shake(self, address: str) -> None:
        context = self._context if self._flood.whole else None
        with suppress(OSError, ssl.SSLError, TimeoutError):
            async with asyncio.timeout(5):
                reader, writer = await asyncio.open_connection(
                    self._flood.host, self._flood.port, ssl=context, local_addr=(address, 0)
                )
                try:
                    if context is None:
                        writer.write(self._hello)
                        await reader.read(1)
                finally:
                    writer.transport.abort()


def _hello(context: ssl.SSLContext) -> bytes:
    """Record how a client begins."""
    sent = ssl.MemoryBIO()
    with suppress(ssl.SSLWantReadError):
        context.wrap_bio(ssl.MemoryBIO(), sent).do_handshake()
    return sent.read()


async def main(flood: Flood) -> None:
    """Flood, and say how many were begun."""
    shaker = Shaker(flood)
    await shaker.run()
    print(shaker.begun)


if __name__ == "__main__":
    asyncio.run(main(Flood(**json.loads(Path(sys.argv[1]).read_text()))))
