"""Long work makes way for others."""

import asyncio

from slimgate.process.loop import Breath
from tests.support.clock import Clock


async def test_work_makes_way() -> None:
    """Whenever some of it is done; several that share it do not take a turn each."""
    clock, did = Clock(), list[str]()
    breath = Breath(0.01, clock)

    async def work(name: str) -> None:
        for _ in range(2):
            await breath.take()
            did.append(name)
            clock.now += 0.006

    async def answer() -> None:
        for _ in range(6):
            did.append("-")
            await asyncio.sleep(0)

    await asyncio.gather(work("a"), work("b"), work("c"), answer())

    said = "".join(did)
    assert sorted(said.replace("-", "")) == list("aabbcc")
    assert max(map(len, said.split("-"))) <= 2


async def test_work_that_is_short_goes_on_at_once() -> None:
    """It is not held up by asking."""
    breath = Breath(0.01, Clock())
    others = asyncio.create_task(asyncio.sleep(0))
    await breath.take()

    assert not others.done()
    await others
