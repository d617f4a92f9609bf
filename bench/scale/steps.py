"""What is measured, one step after the other."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

from bench.scale.client import MERGE, Call
from bench.scale.meanwhile import beats, newcomers
from bench.scale.objects import ALWAYS, NEVER, TURNED
from bench.scale.place import Place, quiet
from bench.scale.table import Bound, Figure
from bench.scale.tally import Tally
from bench.scale.watch import Watch, watching
from slimgate.cluster.resources import EVENTS, SLIM_POLICIES
from slimgate.core.workloads.kinds import DEPLOYMENTS

_BARE: Final = "bench.slimgate.dev/summary"
_LATE_SECONDS: Final = 2.0
"""In which what should not be written would be."""


@dataclass(slots=True, kw_only=True)
class Course:
    """A run: the place, how often the metrics are read, and what came out until now."""

    place: Place
    pause: float
    rest_seconds: float
    longest: float = 0.0
    """The event loop's longest turn by its own metric, in seconds."""
    silent: float = 0.0
    rate: float = 0.0
    """Patches a second of the bare client."""

    @property
    def count(self) -> int:
        """How many workloads there are."""
        return self.place.size.deployments

    @property
    def turned(self) -> int:
        """How many have their verdicts turned."""
        return len(self.place.size.turned_places())

    @asynccontextmanager
    async def controller(self) -> AsyncIterator[Watch]:
        """Start a fresh controller, and end it."""
        self.place.audit.skip()
        async with watching(self.place.roles.begin("controller")) as watch:
            yield watch
            await watch.page()
            self.longest = max(self.longest, watch.held)
            self.silent = max(self.silent, watch.silent)


async def from_start(course: Course) -> AsyncIterator[Figure]:
    """Start where all is within policy, then have a policy that nothing is within."""
    async with course.controller() as watch:
        seconds = await watch.judged(course.count, pause=course.pause)
        spent = watch.cpu()
        name = f"{course.count:,} within policy, from start"
        yield Bound(most=30, unit="s").figure(name, seconds)
        yield Bound(most=15, unit="CPU s").figure(name, spent)
        await asyncio.sleep(_LATE_SECONDS)
        for figure in _unwritten(course, name):
            yield figure
        async for figure in _turn(course, watch, ALWAYS):
            yield figure


def _unwritten(course: Course, name: str) -> Iterator[Figure]:
    tally = _tally(course)
    yield Bound(most=0, unit="writes").figure(f"{name}: to Deployments", tally.workloads)
    yield Figure(name="  all it wrote", value=tally.text())


async def set_limit(course: Course, limit: str) -> None:
    """Have the policy that is turned another limit."""
    path, body = SLIM_POLICIES.one("", TURNED), {"spec": {"limits": {"pullSize": {"deny": limit}}}}
    await course.place.admin.call(Call(method="PATCH", path=path, body=body, content_type=MERGE))


async def _turn(course: Course, watch: Watch, limit: str) -> AsyncIterator[Figure]:
    """Change the policy so that each workload's verdict is another, and see newcomers meanwhile."""
    course.place.audit.skip()
    spent, began = watch.cpu(), time.monotonic()
    await set_limit(course, limit)
    coming = None
    if limit == ALWAYS:
        coming = asyncio.create_task(newcomers(course.place))
    tally = await _until_annotated(course, watch)
    seconds = time.monotonic() - began
    name = f"a policy change that turns {course.turned:,} to {limit}"
    for figure in _beside(course, name, seconds, watch.cpu() - spent, tally):
        yield figure
    if coming is not None:
        coming.cancel()
        waits = await coming
        newest = "one workload's event meanwhile, the slowest"
        yield Bound(most=2, unit="s").figure(newest, max(waits, default=0), f" of {len(waits)}")
    await quiet(course.place.admin)


def _beside(
    course: Course, name: str, seconds: float, cpu: float, tally: Tally
) -> Iterator[Figure]:
    floor = course.turned / course.rate
    yield Figure(name=name, value=f"{seconds:.1f} s, {cpu:.1f} CPU s")
    ratio = Bound(most=1.3, unit="x")
    yield ratio.figure("  beside the bare client's patches", seconds / floor, f" of {floor:.1f} s")
    yield Figure(name="  all it wrote", value=tally.text())


async def again(course: Course) -> AsyncIterator[Figure]:
    """Start where all is as it should be, and look on for a while."""
    async with course.controller() as watch:
        seconds = await watch.judged(course.count, pause=course.pause)
        name = "restart, nothing to do"
        yield Bound(most=20, unit="s").figure(name, seconds)
        yield Bound(most=12, unit="CPU s").figure(name, watch.cpu())
        await asyncio.sleep(_LATE_SECONDS)
        for figure in _unwritten(course, name):
            yield figure
        if course.rest_seconds:
            async for figure in _rest(course, watch):
                yield figure
        async for figure in _turn(course, watch, NEVER):
            yield figure


async def _rest(course: Course, watch: Watch) -> AsyncIterator[Figure]:
    """Look on while nothing but nodes' own reports happens."""
    watch.probing = False
    beating = asyncio.create_task(beats(course.place))
    course.place.audit.skip()
    asked, spent, began = course.place.kubelet.asked, watch.cpu(), time.monotonic()
    await asyncio.sleep(course.rest_seconds)
    seconds = time.monotonic() - began
    share = 100 * (watch.cpu() - spent) / seconds
    beating.cancel()
    tally, size = _tally(course), course.place.size
    pods = size.replicas * size.deployments
    name = f"at rest, {size.nodes:,} nodes x {size.node_images} images, {pods:,} pods"
    yield Bound(most=2, unit="%").figure(name, share, f" of a core in {seconds:.0f} s")
    yield Bound(most=300, unit="MB").figure(name, watch.memory(), f", {watch.peak():.0f} at most")
    lists = sum(tally.lists.values())
    text = f" ({', '.join(sorted(tally.lists))})" if lists else ""
    yield Bound(most=0, unit="lists").figure("  of all objects of a kind", lists, text)
    yield Figure(name="  all it wrote", value=tally.text())
    kubelets = course.place.kubelet.asked - asked
    yield Figure(name="  kubelets asked", value=f"{kubelets / seconds:.1f} a second")


async def over_from_start(course: Course) -> AsyncIterator[Figure]:
    """Start where nothing is within policy and nobody has said so yet."""
    await _without_events(course)
    await set_limit(course, ALWAYS)
    async with course.controller() as watch:
        tally = await _until_annotated(course, watch)
        seconds = time.monotonic() - watch.started
        name = f"{course.turned:,} over policy, from start"
        for figure in _beside(course, name, seconds, watch.cpu(), tally):
            yield figure


async def bare(course: Course) -> AsyncIterator[Figure]:
    """Write to as many Deployments with a client that does nothing else."""
    said = {_BARE: f"{time.time():.0f}: 10.2 KB pulled by main, of 1 Ki that scale allows"}
    body = {"metadata": {"annotations": said}}
    patches = (
        Call(method="PATCH", path=DEPLOYMENTS.one(*one), body=body, content_type=MERGE)
        for one in course.place.size.turned_places()
    )
    seconds = await course.place.bare.all(patches)
    course.rate = max(course.rate, course.turned / seconds)
    await quiet(course.place.admin)
    text = f"{seconds:.1f} s, {course.turned / seconds:.0f} a second"
    yield Figure(name=f"bare client, {course.turned:,} patches", value=text)


def loop(course: Course) -> Iterator[Figure]:
    """Say for how long the event loop was held at most, in all of it."""
    name = "longest hold of the event loop, by its own metric"
    if course.longest:
        yield Bound(most=0.1, unit="s").figure(name, course.longest)
    else:
        yield Figure(name=name, value="it shows none", met=False)
    yield Figure(name="  longest wait for /livez", value=f"{course.silent:.2f} s")


def _tally(course: Course) -> Tally:
    tally = Tally()
    tally.take(course.place.audit.new())
    return tally


async def _until_annotated(course: Course, watch: Watch) -> Tally:
    tally = Tally()
    wanted = set(course.place.size.turned_places())
    while True:
        tally.take(course.place.audit.new())
        if wanted <= tally.annotated:
            return tally
        await watch.alive()
        await asyncio.sleep(0.1)


async def _without_events(course: Course) -> None:
    """Remove what was said of workloads, so that it is said anew."""
    size = course.place.size
    gone = (
        Call(method="DELETE", path=EVENTS.within(size.namespace(i))) for i in range(size.namespaces)
    )
    await course.place.admin.all(gone)
