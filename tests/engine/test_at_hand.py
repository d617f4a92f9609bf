"""Verdicts from memory: those that the judge reaches, and how little work they are."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest

from slimgate.core.credentials.identity import Identity
from slimgate.core.images.reference import Reference
from slimgate.core.policies.finding import Outcome
from slimgate.core.workloads.workload import Workload
from slimgate.engine.catalog import Catalog
from slimgate.engine.inspector import Inspector
from slimgate.engine.judge import Judge
from tests.engine.cluster import Keys, base_image, exception, namespace, node, policy, workload
from tests.engine.shelf import APP, REGISTRY, Shelf, identity, inspector, settled, tiny
from tests.support.clock import Clock
from tests.support.work import calls_of

NOW = datetime(2026, 11, 25, tzinfo=UTC)
DEEP = f"{REGISTRY}/team/deep:1"
LAYERS = {"layers": {"deny": 1}}


class Known(Keys):
    """A keyring that has been asked before."""

    def known(self, workload: Workload) -> Identity:
        """Tell them at once."""
        assert workload.namespace
        assert isinstance(self.answer, Identity)
        return self.answer


@dataclass(frozen=True)
class World:
    """A judge that has seen a slim image and one of too many layers, and what it rests on."""

    shelf: Shelf
    clock: Clock
    catalog: Catalog
    keys: Keys
    inspector: Inspector
    judge: Judge

    async def see(self, *images: str) -> None:
        """Have a workload judged, with all that this brings in its wake."""
        await settled(lambda: self.judge.judge(workload(*images)))

    def work(self, *images: str) -> int:
        """Count the calls that a verdict from memory takes."""
        one = workload(*images)
        assert self.judge.at_hand(one) is not None
        return calls_of(lambda: self.judge.at_hand(one))


@pytest.fixture
async def world(shelf: Shelf, clock: Clock) -> World:
    """Make one."""
    shelf.put(APP, tiny("slim"))
    shelf.put(DEEP, tiny("deep", "deeper"))
    catalog, keys, watched = Catalog(), Known(), inspector(shelf, clock)
    catalog.put_policy(policy(limits=LAYERS))
    judge = Judge(inspector=watched, catalog=catalog, keyring=keys, now=lambda: NOW, seconds=5)
    made = World(shelf, clock, catalog, keys, watched, judge)
    await made.see(APP, DEEP)
    return made


def other_base(world: World) -> None:
    """Know another base, which the policy's rules speak of."""
    world.catalog.put_policy(policy(bases={"deny": ["base.test/*"]}))
    world.catalog.put_base_image(base_image("base.test/go:1"))


def other_credentials(world: World) -> None:
    """Have credentials that have not seen the image."""
    world.keys.answer = identity("eve")


Change = Callable[[World], object]
CHANGES: list[tuple[str, Change]] = [
    ("nothing", lambda w: w),
    ("a stricter policy", lambda w: w.catalog.put_policy(policy(limits={"layers": {"deny": 0}}))),
    ("a policy more", lambda w: w.catalog.put_policy(policy("more", limits=LAYERS))),
    ("no policy", lambda w: w.catalog.drop_policy("default")),
    ("an exception", lambda w: w.catalog.put_exception(exception("late"))),
    ("a platform", lambda w: w.catalog.put_node(node("n1", "arm64"))),
    ("a base", other_base),
    ("other credentials", other_credentials),
    ("a tag that is due", lambda w: w.inspector.expire(Reference.parse(DEEP))),
    ("an image that moved", lambda w: w.shelf.put(DEEP, tiny("moved"))),
    ("an answer that is old", lambda w: setattr(w.clock, "now", w.clock.now + 10_000)),
    ("growth that is limited", lambda w: w.catalog.put_policy(policy(limits={"growth": {}}))),
]


@pytest.mark.parametrize("change", [change for _, change in CHANGES], ids=[n for n, _ in CHANGES])
@pytest.mark.parametrize("image", [APP, DEEP])
async def test_it_is_the_judges_verdict(world: World, image: str, change: Change) -> None:
    """Whatever has changed since it was last reached, there is the judge's verdict, or none."""
    one, old = workload(image, name="one"), workload(APP, name="one")
    before = world.judge.at_hand(one), world.judge.at_hand(one, old=old)
    assert before == (await world.judge.judge(one), await world.judge.judge(one, old=old))
    change(world)

    for _ in range(2):
        found = world.judge.at_hand(one), world.judge.at_hand(one, old=old)
        judged = await world.judge.judge(one), await world.judge.judge(one, old=old)

        assert all(mine in (None, theirs) for mine, theirs in zip(found, judged, strict=True))


async def test_it_is_for_whoever_asks(world: World) -> None:
    """What was found for one workload serves another, which the verdict names."""
    found = world.judge.at_hand(workload(DEEP, name="another"))

    assert found is not None
    assert found.subject.workload.name == "another"
    assert found.outcome is Outcome.DENY
    assert world.shelf.count().keys() <= {"document", "config"}


async def test_what_nobody_has_seen_is_not_at_hand(world: World) -> None:
    """Nor what would take its time."""
    assert world.judge.at_hand(workload(f"{REGISTRY}/team/new:1")) is None
    assert world.judge.at_hand(workload("@")) is None
    assert world.judge.at_hand(workload(*[APP] * 33)) is None


async def test_the_work_is_done_once(world: World) -> None:
    """However many policies, nodes, namespaces and other images there are."""
    alone = world.work(APP)
    for number in range(100):
        world.catalog.put_policy(
            policy(f"p{number}", match={"namespaces": {"include": [f"team-{number}-*"]}})
        )
    for number in range(500):
        world.catalog.put_node(node(f"n{number}", "amd64"))
        world.catalog.put_namespace(namespace({}, f"ns-{number}"))
    await world.see(APP)

    assert world.work(APP) <= 1.1 * alone


async def test_labels_of_objects_and_namespaces_count(world: World) -> None:
    """As they are now, though the policies for a kind in a namespace are found once."""
    labels = {"matchLabels": {"slim": "no"}}
    world.catalog.put_policy(policy(match={"objectSelector": labels}, limits=LAYERS))
    world.catalog.put_policy(policy("ns", match={"namespaceSelector": labels}, limits=LAYERS))

    def speaking(one: Workload) -> list[str]:
        return [found.name for found in world.catalog.matching(one)]

    plain = Workload(kind="Pod", namespace="shop", name="a")
    marked = Workload(kind="Pod", namespace="shop", name="b", labels={"slim": "no"})
    found = []
    for step in ({"slim": "no"}, {}, {"slim": "no"}):
        world.catalog.put_namespace(namespace(step))
        found.append((speaking(plain), speaking(marked)))
    world.catalog.drop_namespace("shop")

    assert found == [(["ns"], ["default", "ns"]), ([], ["default"]), (["ns"], ["default", "ns"])]
    assert (speaking(plain), speaking(marked)) == ([], ["default"])
