"""The survey of nodes: when it last succeeded, and how much it asks for at once."""

import asyncio
import gc
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import replace
from typing import Any

import pytest

from slimgate.controller.nodes import NodeSurvey
from slimgate.core.credentials.identity import ANONYMOUS, Identity
from slimgate.core.errors import ClusterError, KubeletError
from slimgate.core.json_object import JsonObject
from slimgate.core.nodes.disk import NodeDisk
from slimgate.core.nodes.fleet import fleet_of
from slimgate.core.nodes.node import Node, NodePod, Runtime, node_of
from slimgate.core.nodes.over_limits import Limits
from slimgate.core.nodes.stored import NOTHING
from slimgate.core.nodes.summary import ImageFs
from slimgate.core.policies.budget import OverBudget, over_budget
from slimgate.core.workloads.workload import Workload
from tests.engine.shelf import REGISTRY, Shelf, inspector
from tests.support import images
from tests.support.clock import Clock

INFO = {"operatingSystem": "linux", "architecture": "amd64"}


def nodes(count: int = 1) -> tuple[Node, ...]:
    """Make nodes that list nothing."""
    return tuple(
        node_of({"metadata": {"name": f"node{n}"}, "status": {"nodeInfo": INFO}})
        for n in range(count)
    )


class Crowd:
    """Twenty pods on each node, each of another namespace, and who has credentials for them.

    `away` are nodes whose pods can't be listed. It counts what is asked, and what is alive then.
    """

    def __init__(self) -> None:
        self.asking = self.most = 0
        self.served: list[str] = []
        self.away: set[str] = set()
        self.silent: set[str] = set()
        self.listed: list[str] = []
        self.alive: list[int] = []
        self.reason: str | None = None
        self.digests = [digest_of(number) for number in range(20)]

    async def pods_on(self, node: str) -> AsyncIterator[JsonObject]:
        """Yield a pod for each namespace."""
        if node in self.away:
            raise ClusterError("away")
        self.listed.append(node)
        for number in range(20):
            name = f"{REGISTRY}/team/app{number}"
            ran = {"name": "app", "image": name, "imageID": f"{name}@{self.digests[number]}"}
            yield {
                "metadata": {"name": "pod", "namespace": f"team-{number}", "uid": str(number)},
                "spec": {"nodeName": node, "containers": [{"name": "app", "image": name}]},
                "status": {"phase": "Running", "containerStatuses": [ran]},
            }
        self.alive.append(alive())

    async def image_fs(self, node: Node) -> ImageFs:
        """Have measured the disk and no images, or fail."""
        if node.name in self.silent:
            return ImageFs(used=None, capacity=9, available=3)
        if self.reason is not None:
            raise KubeletError(node.name, reason=self.reason)
        raise ClusterError(node.name)

    def known(self, workload: Workload) -> None:
        """Know nothing before it is asked."""

    async def identity(self, workload: Workload) -> Identity:
        """Take a moment."""
        self.asking += 1
        self.most = max(self.most, self.asking)
        await asyncio.sleep(0)
        self.asking -= 1
        self.served.append(workload.namespace)
        return ANONYMOUS

    async def newer(self, workload: Workload, refused: Identity) -> None:
        """Have no others."""


def alive() -> int:
    """Count pods and models that are in memory."""
    return sum(type(one) in {NodePod, NodeDisk} for one in gc.get_objects())


def digest_of(number: int) -> str:
    """Make a digest."""
    return f"sha256:{number:064x}"


def survey(
    crowd: Crowd, has: Sequence[Node], shelf: Shelf | None = None, **more: Any
) -> NodeSurvey:
    """Make a survey of nodes."""
    return NodeSurvey(
        nodes=lambda: has,
        lister=crowd,
        gauge=crowd,
        inspector=inspector(shelf or Shelf(), Clock()),
        keyring=crowd,
        **more,
    )


@pytest.mark.parametrize(
    ("count", "seconds", "pace"),
    [(1, 60.0, 0.2), (300, 60.0, 0.2), (600, 60.0, 0.4), (5_000, 60.0, 1.0), (5_000, 0.0, 0.2)],
)
async def test_pace(count: int, seconds: float, pace: float) -> None:
    """A look that can't be over in time hurries less, down to a fifth of its pace."""
    one = survey(Crowd(), [], seconds=seconds, pace=0.2)
    assert one.pace_of(count) == pytest.approx(pace)


async def test_last_success() -> None:
    """It is the time of the last look that saw any node, or all where none may be missed."""
    clock, crowd = Clock(), Crowd()
    one = survey(crowd, nodes(2), now=clock)
    seen = [one.last_success]
    await one.look()
    seen.append(one.last_success)

    clock.now, crowd.away = 2000, {"node0"}
    with pytest.raises(ClusterError):
        await survey(crowd, nodes(2), strict=True).look()
    await one.look()
    seen.append(one.last_success)
    clock.now, crowd.away = 3000, {"node0", "node1"}
    with pytest.raises(ClusterError):
        await one.look()

    assert [*seen, one.last_success] == [None, 1000, 2000, 2000]


async def test_what_can_not_be_read() -> None:
    """A node whose pods are not known is left out, for its images would seem unused, and named."""
    crowd = Crowd()
    crowd.away, crowd.silent, crowd.reason = {"node1"}, {"node2", "node3"}, "late"
    *several, other = nodes(4)
    has = [*(replace(one, runtime=Runtime.CONTAINERD) for one in several), other]
    one = survey(crowd, has)
    await one.look()

    assert [node.node for node in one.last.nodes] == ["node0", "node2", "node3"]
    # Of runtimes whose figure would leave the layers out there is none to miss.
    assert one.last.unread == {"node0": "late", "node1": "pods", "node2": "no_stats"}
    assert one.last.nodes[1].space.capacity == 9


@pytest.mark.parametrize("count", [4, 8])
async def test_work_grows_with_nodes(count: int) -> None:
    """Each node is asked once a look, and pods and models of few are there at any time.

    What was found of an image is not asked for again, whoever else forgets it.
    """
    crowd, shelf = Crowd(), Shelf()
    made = [images.image([images.layer({f"file {n}": b""})]) for n in range(20)]
    crowd.digests = [image.digest for image in made]
    for number, image in enumerate(made):
        shelf.put(f"{REGISTRY}/team/app{number}", image)
    gc.collect()
    before = alive()
    one = survey(crowd, nodes(count), shelf)
    await one.look()
    first = shelf.count()
    await one.look()

    assert crowd.listed == 2 * [node.name for node in nodes(count)]
    assert max(crowd.alive) - before <= 2 * 20
    assert (first["document"], shelf.count()) == (20, {})
    assert len(crowd.served) == 20
    assert len(one.last.fleet.images) == 20


async def test_credentials_are_asked_for_a_few_at_a_time() -> None:
    """However many namespaces there are: of thousands at once, some would be refused."""
    crowd = Crowd()
    await survey(crowd, nodes()).look()

    assert (len({*crowd.served}), crowd.most) == (20, 4)


async def test_fleet() -> None:
    """A look adds up all nodes, those who run images that nobody could look up among them."""
    crowd = Crowd()
    asked: list[object] = []

    def limits(uses: Iterable[object]) -> Limits:
        asked.extend(uses)
        return {}

    looks: list[int] = []
    disks: list[NodeDisk] = []
    one: NodeSurvey = survey(
        crowd,
        nodes(),
        limits=limits,
        budgets=lambda sizes: {"p": over_budget(1, {**sizes(), "x": 2})},
        looked=lambda: looks.append(len(one.last.fleet.images)),
        each=disks.append,
    )
    before = one.last.fleet, one.last.over
    await one.look()

    assert before == (fleet_of(()), None)
    assert len(asked) == 20
    assert (over := one.last.over) is not None
    assert over.total == NOTHING
    assert looks == [20]
    assert one.over_budget() == {"p": (OverBudget(namespace="x", size=2, budget=1),)}
    assert one.last.fleet == fleet_of(disks)
    assert (len(one.last.fleet.images), one.last.fleet.incomplete) == (20, 1)
