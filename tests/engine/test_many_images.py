"""Workloads of very many images: they keep nobody else waiting, and nothing is let through."""

import asyncio

import pytest

from slimgate.core.errors import UnavailableError
from slimgate.core.images.oci import OCI_INDEX
from slimgate.core.images.reference import Reference
from slimgate.core.policies.finding import Outcome
from slimgate.core.policies.policy import Chosen
from slimgate.core.policies.policy_parser import parse_policy
from slimgate.core.workloads.workload import MAX_IMAGES
from slimgate.engine.catalog import Catalog
from slimgate.engine.inspector import Inspector
from slimgate.engine.judge import Judge
from slimgate.engine.wanted import spoken_of
from tests.engine.cluster import policy, use, workload
from tests.engine.documents import descriptor, index_of
from tests.engine.shelf import AMD64, REGISTRY, Door, Shelf, tiny
from tests.support.calls import Calls
from tests.support.turns import watching_turns

TEAM = {"images": {"include": [f"{REGISTRY}/team/**"], "exclude": ["**/istio/**"]}}


@pytest.fixture
def catalog() -> Catalog:
    """Make a catalog of two policies with globs for images."""
    catalog = Catalog()
    for name in "ab":
        limits = {"pullSize": {"deny": "1Gi"}, "layers": {"deny": 1}, "growth": {"deny": "1%"}}
        catalog.put_policy(policy(name, match=TEAM, limits=limits))
    return catalog


async def test_no_more_than_a_bound_are_looked_up(judge: Judge, shelf: Shelf) -> None:
    """The first are judged as ever; that there are more is one unknown finding of each policy."""
    names = [f"{REGISTRY}/team/app:{number}" for number in range(MAX_IMAGES + 100)]
    shelf.put(names[0], tiny("a", "b"))
    shelf.put(names[-1], tiny("a", "b"))

    verdict = await judge.judge(workload(*names))

    assert len(verdict.subject.images) == MAX_IMAGES
    found = [(f.policy, f.check) for f in verdict.findings if f.use is None]
    assert found == [("a", "inspection"), ("b", "inspection")]
    denied = [f.use.reference for f in verdict.findings if f.use and f.outcome is Outcome.DENY]
    assert denied == [names[0]] * 2


async def test_images_are_compared_once_for_a_verdict(judge: Judge, shelf: Shelf) -> None:
    """With the globs of a policy, however many checks it has and whatever is looked up again."""
    names = [f"{REGISTRY}/team/app:{number}" for number in range(20)]
    for name in names:
        shelf.put(name, tiny("a", "b"))

    with Calls(Chosen.holds_reference) as made:
        verdict = await judge.judge(workload(*names))

    assert len(verdict.findings) == 40
    assert made.count == 2 * len(names)


async def test_growth_compares_what_is_judged(judge: Judge, shelf: Shelf) -> None:
    """The image that one of few replaces is found among very many."""
    old, new = f"{REGISTRY}/team/app:1", f"{REGISTRY}/team/app:2"
    shelf.put(old, tiny("a"))
    shelf.faults[REGISTRY] = UnavailableError("down")
    many = [use(old, f"c{number}") for number in range(MAX_IMAGES + 100)]

    verdict = await judge.judge(workload(use(new, "c600")), old=workload(*many))

    assert [one.slot for one in verdict.subject.running] == [use(new, "c600").slot]


async def test_others_have_their_turn() -> None:
    """While many images are compared with many globs; and whoever waits may give up."""
    policies = [parse_policy(policy(str(number), match=TEAM)) for number in range(3)]
    many = workload(*[f"{REGISTRY}/team/app:{number}" for number in range(2 * MAX_IMAGES)])
    turns: list[str] = []

    async def other() -> None:
        turns.append("other")

    task = asyncio.create_task(other())
    await spoken_of(policies, many)
    turns.append("done")

    assert turns == ["other", "done"]
    assert task.done()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0):
            await spoken_of(policies, many)


async def test_no_index_keeps_others_waiting(judge: Judge, shelf: Shelf) -> None:
    """However much it lists, and however many images of a workload it stands for."""
    many = (descriptor(b"%d" % number, platform=AMD64) for number in range(1_000))
    body = index_of(*many)
    names = [f"{REGISTRY}/team/app:{number}" for number in range(MAX_IMAGES)]
    for name in names:
        shelf.document_at(Reference.parse(name), OCI_INDEX, body)

    async with watching_turns() as taken:
        first = await judge.judge(workload(*names))
        again = await judge.judge(workload(*names))
        await asyncio.sleep(0.01)

    assert {first.outcome, again.outcome} == {Outcome.UNKNOWN}
    assert max(taken) < 1.2


async def test_an_image_that_is_not_asked_for_is_not_said_to_hang(
    judge: Judge, shelf: Shelf, watched: Inspector
) -> None:
    """Only so many of a workload are looked up at once, and the others say so."""
    shelf.doors[REGISTRY] = Door()
    names = [f"{REGISTRY}/team/app:{number}" for number in range(33)]

    verdict = await judge.judge(workload(*names), seconds=0.1)

    asked, last = f"{REGISTRY} did not answer in full", "the workload's other images took up the "
    said = [str(seen) for seen in verdict.subject.images.values()]
    assert [one.startswith(asked) for one in said] == [True] * 32 + [False]
    assert said[-1].startswith(last)
    assert said[-1].endswith(" s that a review waits; try again")
    await judge.close()
    await watched.close()
