"""An honest namespace under siege, as a process of its own: `python -m bench.siege.witness FILE`.

FILE is a JSON object as `Charge` has it. Each line on standard input is answered by a line of what
was seen since the last one, as `Seen` has it.
"""

import asyncio
import json
import ssl
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Final

import aiohttp

from bench.reviews import review

_PAUSE: Final = 0.02
_COLD_PAUSE: Final = 1.0
_LIVE_PAUSE: Final = 0.1
_DEADLINE: Final = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Charge:
    """What is asked for: images that are known and small, one that is too large, unknown ones."""

    url: str
    ca_file: str
    health: str
    namespace: str
    known: list[str]
    fat: str
    cold: list[str]


@dataclass(slots=True, kw_only=True)
class Seen:
    """What was seen for a time; seconds."""

    warm: list[float] = field(default_factory=list)
    cold: list[float] = field(default_factory=list)
    live: float = 0.0
    """The slowest answer of /livez."""
    wrong: list[str] = field(default_factory=list)
    """What was admitted or denied though it should not, or got no answer."""


class Witness:
    """Asks one after the other, each kind by itself."""

    def __init__(self, charge: Charge, session: aiohttp.ClientSession) -> None:
        self.seen = Seen()
        self._charge = charge
        self._session = session
        self._number = 0

    async def warm(self) -> None:
        """Ask for a known image; each tenth time for one that is too large."""
        self._number += 1
        fat = self._number % 10 == 0
        known = self._charge.known
        reference = self._charge.fat if fat else known[self._number % len(known)]
        self.seen.warm.append(await self._ask(reference, allowed=not fat))

    async def cold(self) -> None:
        """Ask for an image that was never asked for."""
        if self._charge.cold:
            self.seen.cold.append(await self._ask(self._charge.cold.pop(), allowed=True))

    async def live(self) -> None:
        """Ask as the kubelet does."""
        started = time.perf_counter()
        try:
            async with self._session.get(self._charge.health) as answer:
                await answer.read()
        except (aiohttp.ClientError, TimeoutError) as error:
            self.seen.wrong.append(f"/livez: {type(error).__name__}")
        self.seen.live = max(self.seen.live, time.perf_counter() - started)

    async def _ask(self, reference: str, *, allowed: bool) -> float:
        body = review(f"honest-{self._number}", self._charge.namespace, reference)
        headers = {"Content-Type": "application/json"}
        started = time.perf_counter()
        try:
            async with self._session.post(self._charge.url, data=body, headers=headers) as answer:
                response = json.loads(await answer.read())["response"]
        except (aiohttp.ClientError, TimeoutError, ValueError, KeyError) as error:
            self.seen.wrong.append(f"{reference}: {type(error).__name__} {error}")
        else:
            if response["allowed"] is not allowed:
                message = response.get("status", {}).get("message", "allowed")
                self.seen.wrong.append(f"{reference}: {message}")
        return time.perf_counter() - started


async def _again(act: Callable[[], Awaitable[None]], pause: float) -> None:
    while True:
        await act()
        await asyncio.sleep(pause)


async def main(charge: Charge) -> None:
    """Ask until standard input ends."""
    context = ssl.create_default_context(cafile=charge.ca_file)
    timeout = aiohttp.ClientTimeout(total=_DEADLINE)
    connector = aiohttp.TCPConnector(ssl=context)
    async with aiohttp.ClientSession(connector=connector, timeout=timeout) as session:
        witness = Witness(charge, session)
        acts = ((witness.warm, _PAUSE), (witness.cold, _COLD_PAUSE), (witness.live, _LIVE_PAUSE))
        tasks = [asyncio.create_task(_again(*one)) for one in acts]
        while await asyncio.to_thread(sys.stdin.readline):
            seen, witness.seen = witness.seen, Seen()
            print(json.dumps(asdict(seen)), flush=True)
        for task in tasks:
            task.cancel()


if __name__ == "__main__":
    asyncio.run(main(Charge(**json.loads(Path(sys.argv[1]).read_text()))))
