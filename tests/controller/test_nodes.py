"""The survey of nodes: when it last succeeded, and how much it asks for at once."""

import asyncio
from collections.abc import AsyncIterator, Iterable

import pytest

from slimgate.controller.nodes import NodeSurvey
from slimgate.core.credentials.identity import ANONYMOUS, Identity
from slimgate.core.errors import ClusterError
from slimgate.core.json_object import JsonObject
from slimgate.core.nodes.fleet import fleet_of
from slimgate.core.nodes.node import Node
from slimgate.core.nodes.over_limits import Limits
from slimgate.core.nodes.stored import NOTHING
from slimgate.core.nodes.summary import ImageFs
from slimgate.core.workloads.workload import Workload
from tests.engine.cluster import Keys
from tests.engine.shelf import REGISTRY, Shelf, inspector
from tests.support.clock import Clock


class Cluster:
    """A cluster without nodes, which may be away."""

    away = False

    async def nodes(self) -> AsyncIterator[JsonObject]:
        """Yield none."""
        if self.away:
            raise ClusterError("away")
        nothing: tuple[JsonObject, ...] = ()
        for node in nothing:
            yield node

    pods = nodes

    async def image_fs(self, node: Node) -> ImageFs:
        """Be asked by nobody."""
        raise AssertionError(node)


async def test_last_success() -> None:
    """It is the time of the last look that saw all nodes."""
    clock, cluster = Clock(), Cluster()
    survey = NodeSurvey(
        lister=cluster,
        gauge=cluster,
        inspector=inspector(Shelf(), clock),
        keyring=Keys(),
        seconds=60,
        now=clock,
    )
    seen = [survey.last_success]
    await survey.look()
    seen.append(survey.last_success)

    clock.now, cluster.away = 2000, True
    with pytest.raises(ClusterError):
        await survey.look()

    assert [*seen, survey.last_success] == [None, 1000, 1000]


class Crowd:
    """A node with an image of each of twenty namespaces, and who has credentials for them."""

    def __init__(self) -> None:
        self.asking = self.most = 0
        self.served: list[str] = []

    async def nodes(self) -> AsyncIterator[JsonObject]:
        """Yield the node."""
        info = {"operatingSystem": "linux", "architecture": "amd64"}
        yield {"metadata": {"name": "node"}, "status": {"nodeInfo": info}}

    async def pods(self) -> AsyncIterator[JsonObject]:
        """Yield a pod for each namespace."""
        for number in range(20):
            name = f"{REGISTRY}/team/app{number}"
            ran = {"name": "app", "image": name, "imageID": f"{name}@sha256:{number:064x}"}
            yield {
                "metadata": {"name": "pod", "namespace": f"team-{number}", "uid": str(number)},
                "spec": {"nodeName": "node", "containers": [{"name": "app", "image": name}]},
                "status": {"phase": "Running", "containerStatuses": [ran]},
            }

    async def image_fs(self, node: Node) -> ImageFs:
        """Have measured nothing."""
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


async def test_credentials_are_asked_for_a_few_at_a_time() -> None:
    """However many namespaces there are: of thousands at once, some would be refused."""
    crowd = Crowd()
    shelf = inspector(Shelf(), Clock())
    survey = NodeSurvey(lister=crowd, gauge=crowd, inspector=shelf, keyring=crowd, seconds=60)
    await survey.look()

    assert (len({*crowd.served}), crowd.most) == (20, 4)


async def test_fleet() -> None:
    """A look adds up all nodes, those who run images that nobody could look up among them."""
    crowd = Crowd()
    shelf = inspector(Shelf(), Clock())
    asked: list[object] = []

    def limits(uses: Iterable[object]) -> Limits:
        asked.extend(uses)
        return {}

    looks: list[int] = []
    survey = NodeSurvey(
        lister=crowd,
        gauge=crowd,
        inspector=shelf,
        keyring=crowd,
        seconds=60,
        limits=limits,
        looked=lambda: looks.append(len(survey.fleet().images)),
    )
    before = survey.fleet(), survey.over()
    await survey.look()

    assert before == (fleet_of(()), None)
    assert len(asked) == 20
    assert (over := survey.over()) is not None
    assert over.total == NOTHING
    assert looks == [20]
    assert survey.fleet() == fleet_of(survey.disks())
    assert (len(survey.fleet().images), survey.fleet().incomplete) == (20, 1)
