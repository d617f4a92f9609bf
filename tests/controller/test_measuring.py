"""In spare time layers are measured that nobody has: the largest first, once, each in its turn."""

from collections.abc import Sequence
from datetime import UTC, datetime

import pytest

from slimgate.controller.ledger import Key, Ledger, Observed
from slimgate.controller.measuring import Measuring
from slimgate.core.errors import ClusterError, UnavailableError
from slimgate.core.images.facts import Digest, Size
from slimgate.core.workloads.kinds import REPLICA_SETS
from slimgate.core.workloads.workload import Workload
from slimgate.engine.catalog import Catalog
from slimgate.engine.judge import Judge
from slimgate.engine.ports import LayerReading
from tests.engine.cluster import Keys, policy, workload
from tests.engine.shelf import Shelf, inspector, tiny
from tests.support.clock import Clock

ESTIMATED = LayerReading(unpacked=Size.estimated(1))
A, B, C = "a" * 1_000, "b" * 2_000, "c" * 3_000


class Cluster:
    """A cluster whose policy limits unpacked sizes, and a registry whose layers tell a byte."""

    def __init__(self, shelf: Shelf, clock: Clock) -> None:
        self.shelf, self.clock, self.ledger, self.keys = shelf, clock, Ledger(), Keys()
        self.inspector = inspector(shelf, clock)
        self.catalog = Catalog()
        self.catalog.put_policy(policy(limits={"unpackedSize": {"deny": 10_000}}))
        self.heard: list[Digest] = []
        self.inspector.reader.listen(self.heard.append)
        self.judge = Judge(
            inspector=self.inspector,
            catalog=self.catalog,
            keyring=Keys(),
            now=lambda: datetime(2026, 11, 25, tzinfo=UTC),
        )
        self.measuring = Measuring(
            ledger=self.ledger, inspector=self.inspector, keyring=self.keys, clock=clock
        )

    async def run(self, namespace: str, name: str, *layers: str) -> None:
        """Run an image of layers, which are as large as their texts are long."""
        app, reference = tiny(*layers), f"registry.test/{namespace}/{name}:1"
        self.shelf.put(reference, app)
        for layer in app.layers:
            self.shelf.readings[layer.descriptor.digest] = ESTIMATED
        await self.judged(workload(reference, name=name, namespace=namespace))

    async def judged(self, one: Workload) -> None:
        """Have a workload judged."""
        key = Key(REPLICA_SETS, one.namespace, one.name)
        observed = Observed(kind=REPLICA_SETS, workload=one, verdict=None, summary=None)
        self.ledger.observe(key, observed)
        self.ledger.judged(key, observed, await self.judge.judge(one))

    async def again(self) -> None:
        """Have all judged again, as happens when facts are others."""
        for verdict in list(self.ledger.verdicts()):
            await self.judged(verdict.subject.workload)

    async def measured(self) -> Sequence[str]:
        """Tell whose layers a round downloads, one for each request."""
        self.shelf.asked.clear()
        await self.measuring.round(rest=0)
        await self.again()
        return [what.split("@")[0] for kind, what in self.shelf.asked if kind == "whole"]


@pytest.fixture
def cluster() -> Cluster:
    """Make a cluster in which nothing runs."""
    return Cluster(Shelf(), Clock())


async def test_the_largest_first_and_each_namespace_in_turn(cluster: Cluster) -> None:
    """However many layers one has, another waits for one of them at most; and each is read once."""
    await cluster.run("many", "one", A, B)
    await cluster.run("many", "two", C)
    await cluster.run("few", "app", "small")

    found = [await cluster.measured() for _ in range(4)]
    many = "registry.test/many"
    assert found == [[f"{many}/two", "registry.test/few/app"], [f"{many}/one"], [f"{many}/one"], []]
    verdicts = {one.subject.workload.name: one.outcome.label for one in cluster.ledger.verdicts()}
    assert verdicts == {"one": "allow", "two": "allow", "app": "allow"}
    assert len(cluster.heard) == 4
    assert not await cluster.measuring.round(rest=0)


async def test_what_images_share_is_downloaded_once(cluster: Cluster) -> None:
    """All of them know it then, and who listens hears of each."""
    await cluster.run("shop", "one", "shared", C)
    await cluster.run("shop", "two", C)

    assert len(await cluster.measured()) == 1
    assert len(set(cluster.heard)) == 2


async def test_what_no_verdict_rests_on(cluster: Cluster) -> None:
    """It costs nothing: no policy limits what images unpack to."""
    cluster.catalog.put_policy(policy(bases={"deny": ["debian"]}))
    await cluster.run("shop", "one", C)

    assert await cluster.measured() == []


async def test_a_layer_that_cannot_be_measured(cluster: Cluster) -> None:
    """It keeps no other waiting, and is tried again after an hour."""
    await cluster.run("shop", "bad", C)
    await cluster.run("shop", "good", B)
    cluster.shelf.faults["whole"] = UnavailableError("down")
    await cluster.measured()
    cluster.shelf.faults.clear()

    assert await cluster.measured() == ["registry.test/shop/good"]
    assert await cluster.measured() == []
    cluster.clock.now += 3601
    assert await cluster.measured() == ["registry.test/shop/bad"]


async def test_secrets_that_cannot_be_read(cluster: Cluster) -> None:
    """Nothing is downloaded for whom nobody knows the login of."""
    await cluster.run("shop", "bad", C)
    cluster.keys.answer = ClusterError("down")

    assert await cluster.measured() == []
