"""`python -m tests.release.client`: a client that asks for admissions until its input is closed.

A process of its own, so that what a test does meanwhile holds nothing up, and what it takes of the
processors that all share is known. It says `ready` once it asks, and all that was answered in the
end.
"""

import argparse
import asyncio
import json
import ssl
import sys
import time
from collections.abc import Callable, Coroutine
from dataclasses import asdict, dataclass, field
from itertools import count
from typing import Any, Final

import aiohttp

from tests.lab.layout import default_layout
from tests.lab.state import Lab, load
from tests.release.asking import PATH, Answer, deployment, fat, judged, slim
from tests.release.counting import Asked, Heard

_CONNECTIONS: Final = 100
_IN_FLIGHT: Final = 500
"""Who has so many unanswered asks no more for a while; they are late by then."""
_SECONDS: Final = 30.0
_MAX_SECONDS: Final = 600.0


def bodies(lab: Lab) -> dict[bool, bytes]:
    """Return what is asked, by whether its image is the fat one."""
    images = {True: fat(lab), False: slim(lab)}
    return {one: json.dumps(deployment("asked", image)).encode() for one, image in images.items()}


@dataclass(slots=True, kw_only=True)
class Client:
    """Asks for a fat and a slim image by turns."""

    session: aiohttp.ClientSession
    url: str
    bodies: dict[bool, bytes]
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    asked: list[Asked] = field(default_factory=list)

    async def open_loop(self, rate: float) -> None:
        """Ask at a rate, whatever becomes of the answers."""
        began, waiting = time.monotonic(), set[asyncio.Task[None]]()
        for number in count():
            due = began + number / rate
            await self.pause(due - time.monotonic())
            if self.stop.is_set() or due > began + _MAX_SECONDS:
                break
            while len(waiting) >= _IN_FLIGHT:
                await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            task = asyncio.create_task(self.ask(due, is_fat=number % 2 == 0))
            waiting.add(task)
            task.add_done_callback(waiting.discard)
        await asyncio.gather(*waiting)

    async def closed_loop(self, callers: int) -> None:
        """Ask as often as there are answers, for so many callers."""

        async def call(first: int) -> None:
            ends = time.monotonic() + _MAX_SECONDS
            for number in count(first):
                if self.stop.is_set() or time.monotonic() > ends:
                    break
                await self.ask(time.monotonic(), is_fat=number % 2 == 0)

        await asyncio.gather(*map(call, range(callers)))

    async def pause(self, seconds: float) -> None:
        """Wait for the next turn, or the end."""
        if seconds > 0 and not self.stop.is_set():
            await asyncio.sleep(seconds)

    async def ask(self, due: float, *, is_fat: bool) -> None:
        """Ask once, and keep what was answered; time spent waiting for one's turn counts."""
        try:
            async with self.session.post(self.url, data=self.bodies[is_fat]) as answer:
                heard, said = judged(answer.status, await answer.text())
        except (OSError, TimeoutError, aiohttp.ClientError) as error:
            heard, said = Answer.LOST, repr(error)
        lasted = time.monotonic() - due
        one = Asked(due=due, lasted=lasted, is_fat=is_fat, answer=heard.value, said=said)
        # What is as it should be need not be told again and again.
        self.asked.append(one if one.is_fault else one.brief())


async def run(lab: Lab, ask: Callable[[Client], Coroutine[Any, Any, None]]) -> list[Asked]:
    """Ask until the input is closed."""
    context = ssl.create_default_context(cafile=lab.ca_file)
    context.load_cert_chain(lab.client_cert, lab.client_key)
    async with aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=_CONNECTIONS, ssl=context),
        timeout=aiohttp.ClientTimeout(total=_SECONDS),
        headers={"Content-Type": "application/json"},
    ) as session:
        client = Client(session=session, url=lab.apiserver + PATH, bodies=bodies(lab))
        asking = asyncio.create_task(ask(client))
        print("ready", flush=True)
        await asyncio.to_thread(sys.stdin.read)
        client.stop.set()
        await asking
    return client.asked


def main() -> None:
    """Ask as the command line says."""
    parser = argparse.ArgumentParser(prog="python -m tests.release.client", description=__doc__)
    how = parser.add_mutually_exclusive_group(required=True)
    how.add_argument("--rate", type=float, help="requests a second")
    how.add_argument("--callers", type=int, help="as many as are answered, for so many callers")
    given = parser.parse_args()
    lab = load(default_layout().lab_json)
    began, used = time.monotonic(), time.process_time()
    asked = asyncio.run(
        run(
            lab,
            lambda client: (
                client.open_loop(given.rate) if given.rate else client.closed_loop(given.callers)
            ),
        )
    )
    heard = Heard(
        seconds=time.monotonic() - began, processor=time.process_time() - used, asked=asked
    )
    json.dump(asdict(heard), sys.stdout)


if __name__ == "__main__":
    main()
