"""Work under way, shared by all who ask for it."""

import asyncio
import gc
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import suppress
from weakref import ReferenceType, ref

import pytest

from slimgate.core.errors import OverloadedError, SpentError
from slimgate.engine.flights import Flights


async def test_failures_are_shared_and_forgotten() -> None:
    """All who wait get the error; whoever asks after it starts anew."""
    flights: Flights[str, int] = Flights()
    runs: list[int] = []

    async def work() -> int:
        runs.append(len(runs))
        await asyncio.sleep(0)
        if len(runs) == 1:
            raise LookupError("not yet")
        return 7

    first = await asyncio.gather(
        *(flights.join("a", work) for _ in range(3)), return_exceptions=True
    )

    assert [type(one) for one in first] == [LookupError] * 3
    assert await flights.join("a", work) == 7
    assert len(runs) == 2


@pytest.mark.usefixtures("no_collections")
async def test_an_error_keeps_nothing_alive() -> None:
    """What work was about goes with it, though nobody looks for garbage: it may be megabytes."""
    flights: Flights[str, int] = Flights()
    outer: Flights[str, int] = Flights()

    class Document:
        pass

    async def work(document: Document) -> int:
        await asyncio.sleep(0)
        raise LookupError(str(type(document)))

    async def ask() -> ReferenceType[Document]:
        document = Document()
        with suppress(LookupError):
            await outer.join("b", lambda: flights.join("a", lambda: work(document)))
        return ref(document)

    left = [await ask() for _ in range(3)]
    await asyncio.sleep(0)

    assert [one() for one in left] == [None] * 3


@pytest.fixture
def no_collections() -> Iterator[None]:
    """Look for no garbage."""
    gc.disable()
    yield
    gc.enable()


async def test_what_has_landed() -> None:
    """It can be had until those who waited have gone on, and an error can't."""
    flights: Flights[str, int] = Flights()
    seen: list[int | None] = []

    async def work() -> int:
        await asyncio.sleep(0)
        return 7

    async def fail() -> int:
        raise LookupError("not now")

    async def wait() -> None:
        await flights.join("a", work)
        seen.append(flights.landed("a"))

    before = flights.landed("a")
    await wait()
    for _ in range(3):
        await asyncio.sleep(0)
    with pytest.raises(LookupError):
        await flights.join("b", fail)

    assert (before, seen, flights.landed("a"), flights.landed("b")) == (None, [7], None, None)
    assert await flights.join("a", work) == 7


async def test_nobody_has_to_wait() -> None:
    """What was started goes on alone, and its error is nobody's to miss."""
    flights: Flights[str, int] = Flights()

    async def work() -> int:
        raise LookupError("nobody listens")

    task = flights.start("a", work)
    assert flights.start("a", work) is task
    await asyncio.wait([task])

    assert flights.start("a", work) is not task
    await flights.close()


async def test_keys_are_apart() -> None:
    """One key's work does not wait for another's."""
    flights: Flights[str, str] = Flights()
    gate = asyncio.Event()

    async def slow() -> str:
        await gate.wait()
        return "slow"

    async def quick() -> str:
        return "quick"

    waiting = asyncio.create_task(flights.join("slow", slow))
    assert await flights.join("quick", quick) == "quick"
    assert ("slow" in flights, "quick" in flights) == (True, False)
    assert not waiting.done()
    gate.set()
    assert await waiting == "slow"


async def test_close_cancels_all() -> None:
    """Whoever waits hears that it was cancelled."""
    flights: Flights[int, None] = Flights()

    async def forever() -> None:
        await asyncio.Event().wait()

    waiting = [asyncio.create_task(flights.join(number, forever)) for number in range(3)]
    await asyncio.sleep(0)

    await flights.close()

    for task in waiting:
        with pytest.raises(asyncio.CancelledError):
            await task


@pytest.mark.parametrize(("a", "b"), [("a", "bbbb"), ("u/a", ("v/1", "v/2", "v/1", "v/2"))])
async def test_there_are_so_many_at_most(a: str, b: Sequence[str]) -> None:
    """The oldest of whoever has most is dropped, who waits for it hears so, and the rest go on."""
    flights: Flights[str, str] = Flights(4)
    go = asyncio.Event()

    def work(key: str) -> Callable[[], Coroutine[None, None, str]]:
        async def run() -> str:
            await go.wait()
            return key

        return run

    wanted = [("a1", a), ("b1", b[0]), ("b2", b[1]), ("b3", b[2]), ("a2", a), ("b4", b[3])]
    waiting = []
    for key, asker in wanted:
        waiting.append(asyncio.create_task(flights.join(key, work(key), asker)))
        await asyncio.sleep(0)
    go.set()
    found = await asyncio.gather(*waiting, return_exceptions=True)

    shown = [one if isinstance(one, str) else type(one) for one in found]
    assert shown == ["a1", OverloadedError, OverloadedError, "b3", "a2", "b4"]


async def test_nobody_pays_for_another() -> None:
    """What one may take no more of is begun anew by those who wait with him, once for them all."""
    flights: Flights[str, str] = Flights()
    go = asyncio.Event()

    async def poor() -> str:
        await go.wait()
        raise SpentError("nothing left")

    async def rich() -> str:
        return "found"

    waiting = [asyncio.create_task(flights.join("a", work)) for work in (poor, rich, rich)]
    await asyncio.sleep(0)
    go.set()
    found = await asyncio.gather(*waiting, return_exceptions=True)

    assert isinstance(found[0], SpentError)
    assert found[1:] == ["found"] * 2
