"""Several candidates for one Lease, over an API server that is slow, loses messages, or is away."""

import asyncio
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import chain, count, repeat

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slimgate.cluster.errors import ConflictError, ExistsError
from slimgate.cluster.fence import Fence
from slimgate.cluster.lease import DeposedError, Leadership
from slimgate.cluster.mirror import Sink
from slimgate.core.election import Candidate, HeldLease, Timing
from slimgate.core.json_object import JsonObject
from tests.support.loop import run_at_once

TIMING = Timing()
PROMPT = (0.01, 0.01)
LOST = 1e6
SETTLED = 60.0
"""After the last trouble: what is under way for 20 s arrives, then a Lease ends."""
Delays = Iterable[tuple[float, float]]
"""How long each request is on its way to the server, and its answer back."""


class Server:
    """Holds the Lease; applies what arrives, whether or not somebody still waits for it."""

    def __init__(self) -> None:
        self.held: HeldLease | None = None
        self.sinks: list[Sink] = []
        self.fences: list[Fence] = []
        self.leaders: list[tuple[float, str]] = []
        self._versions = count()
        self._under_way: set[asyncio.Task[None]] = set()

    async def ask(
        self, delays: Iterator[tuple[float, float]], act: Callable[[], HeldLease | None]
    ) -> HeldLease | None:
        """Do something after a while, and tell its result after another."""
        there, back = next(delays)
        answer: asyncio.Future[HeldLease | None] = asyncio.get_running_loop().create_future()

        async def exchange() -> None:
            await asyncio.sleep(there)
            try:
                result = act()
            except (ConflictError, ExistsError) as error:
                await asyncio.sleep(back)
                if not answer.done():
                    answer.set_exception(error)
            else:
                await asyncio.sleep(back)
                if not answer.done():
                    answer.set_result(result)

        task = asyncio.ensure_future(exchange())
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)
        return await answer

    def put(self, before: HeldLease | None, held: HeldLease) -> HeldLease:
        """Write the Lease over the version that was read."""
        if before is None and self.held is not None:
            raise ExistsError("it is there")
        if before is not None and (self.held is None or before.version != self.held.version):
            raise ConflictError("it is another")
        if self.held is None or held.holder not in {"", self.held.holder}:
            self.leaders.append((asyncio.get_running_loop().time(), held.holder.partition("_")[0]))
        self.held = replace(held, version=str(next(self._versions)))
        for sink in self.sinks if not held.holder else ():
            sink.put({})
        return self.held


@dataclass
class Link:
    """One process's way to the server (Store)."""

    server: Server
    delays: Iterator[tuple[float, float]]
    renewals: Iterator[int] = field(default_factory=count)

    def mirror(self, sink: Sink) -> "Link":
        """Have a watch, which may end as any."""
        self.server.sinks.append(sink)
        return self

    async def run(self) -> None:
        """Watch."""
        await asyncio.sleep(LOST)

    async def get(self) -> HeldLease | None:
        """Read it."""
        return await self.server.ask(self.delays, lambda: self.server.held)

    async def write(self, candidate: Candidate) -> HeldLease:
        """Have a candidate hold it."""
        before, server = candidate.held, self.server
        held = HeldLease(
            holder=candidate.identity,
            seconds=candidate.timing.lease,
            renewed=str(next(self.renewals)),
            transitions=before.transitions + 1 if before else 0,
        )
        written = await server.ask(self.delays, lambda: server.put(before, held))
        assert written is not None
        return written

    async def release(self, held: HeldLease) -> None:
        """Have nobody hold it."""
        await self.server.ask(self.delays, lambda: self.server.put(held, replace(held, holder="")))

    def read(self, obj: JsonObject) -> HeldLease:
        """Only a release is told of."""
        assert not obj
        return HeldLease()


class Watched(Fence):
    """Finds out whenever it is open beside another."""

    def __init__(self, server: Server, clock: Callable[[], float]) -> None:
        super().__init__(clock)
        self._server = server
        server.fences.append(self)

    def open(self, until: float) -> None:
        """Open, alone."""
        super().open(until)
        assert sum(one.is_open for one in self._server.fences) <= 1


@dataclass(frozen=True, kw_only=True)
class Pod:
    """Runs one process after the other; its clock runs at a pace of its own."""

    name: str
    starts: float = 0.0
    delays: Delays = ()
    rate: float = 1.0
    ends: Sequence[tuple[float, str]] = ()
    """After how many seconds each of its processes is stopped or killed, or the node is lost."""

    async def run(self, server: Server) -> None:
        """Run until cancelled; a process that ends is started anew a second later."""
        loop, delays = asyncio.get_running_loop(), chain(self.delays, repeat(PROMPT))
        ends = iter(self.ends)
        await asyncio.sleep(self.starts)
        while True:
            clock = partial(_paced, self.rate, loop.time)
            link, fence = Link(server, delays), Watched(server, clock)
            leadership = Leadership(link, fence, TIMING, pod=self.name, clock=clock)
            after, way = next(ends, (LOST, ""))
            try:
                async with leadership.standing():
                    await asyncio.sleep(after)
                    if way != "stop":
                        fence.close()
                        link.delays = repeat((LOST, LOST))
            except* DeposedError:
                pass
            await asyncio.sleep(LOST if way == "lose" else 1)


def _paced(rate: float, clock: Callable[[], float]) -> float:
    return (1000 + clock()) * rate


async def play(pods: Sequence[Pod], seconds: float) -> Server:
    """Run pods side by side for a time; AssertionError if two could have written at once."""
    server = Server()
    with_pods = [asyncio.ensure_future(pod.run(server)) for pod in pods]
    done, _ = await asyncio.wait(with_pods, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    for one in done:
        one.result()
    server.leaders.append((sum(fence.is_open for fence in server.fences), "open at the end"))
    return server


DELAYS = st.tuples(*[st.sampled_from([0.01, 0.01, 0.01, 0.5, 3.0, 8.0, 20.0, LOST])] * 2)


@st.composite
def troubled(draw: st.DrawFn, name: str) -> Pod:
    """Have a minute or so of trouble."""
    ends = st.tuples(st.floats(1, 25), st.sampled_from(["kill", "stop"]))
    return Pod(
        name=name,
        starts=draw(st.floats(0, 12)),
        delays=draw(st.lists(DELAYS, max_size=40)),
        rate=draw(st.floats(0.9, 1.1)),
        ends=draw(st.lists(ends, max_size=3)),
    )


@settings(max_examples=max(20, settings().max_examples // 4))
@given(st.tuples(troubled("a"), troubled("b"), troubled("c")))
def test_never_two(pods: tuple[Pod, ...]) -> None:
    """Whatever is late, lost or ended, two never write at once, and in the end one does."""
    longest = max(
        sum(min(one, 20.0) for pair in pod.delays for one in pair)
        + sum(after + 4 for after, _ in pod.ends)
        for pod in pods
    )

    server = run_at_once(play(pods, longest + SETTLED))

    assert server.leaders[-1] == (1, "open at the end")


def changes(server: Server) -> list[tuple[float, str]]:
    """Tell who led from when on, to a tenth of a second."""
    return [(round(at, 1), who) for at, who in server.leaders[:-1]]


@pytest.mark.parametrize(
    ("end", "second_from"),
    [
        # At once: it is told.
        ((30.0, "stop"), (30.0, 30.2)),
        # Within a lease after the last renewal was seen.
        ((30.0, "lose"), (30.0 + TIMING.lease - TIMING.retry, 30.0 + TIMING.lease + TIMING.retry)),
    ],
)
def test_the_second_takes_over(end: tuple[float, str], second_from: tuple[float, float]) -> None:
    """At once when the first is stopped, within 15 s when it is killed; and only once."""
    pods = [Pod(name="a", ends=[end]), Pod(name="b", starts=5.0)]

    (first, at_first), (second, at_second) = changes(run_at_once(play(pods, 60.0)))

    assert (first, at_first, at_second) == (0.0, "a", "b")
    assert second_from[0] <= second <= second_from[1]


def test_a_container_that_is_killed_and_started_anew() -> None:
    """It takes its former process's Lease, long before the other may."""
    pods = [Pod(name="a", ends=[(30.0, "kill")]), Pod(name="b", starts=5.0)]

    (_, (second, who)) = changes(run_at_once(play(pods, 60.0)))

    assert (second < 30.0 + TIMING.lease / 2, who) == (True, "a")


def test_an_api_server_that_is_away() -> None:
    """A leader writes nothing meanwhile, and leads on: nobody else could have it either."""
    away = chain(repeat(PROMPT, 20), repeat((LOST, LOST), 20))
    server = run_at_once(play([Pod(name="a", delays=[*away])], 200.0))

    assert changes(server) == [(0.0, "a")]
    assert server.leaders[-1] == (1, "open at the end")
