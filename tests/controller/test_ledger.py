"""What the controller knows of workloads, and what it counts."""

import dataclasses

import pytest

from slimgate.controller.ledger import Ledger, observed_of
from slimgate.core.policies.verdict import Verdict
from slimgate.core.wording.annotations import SUMMARY, VERDICT, annotations_of
from slimgate.core.workloads.workload import Workload
from tests.controller.fakes import DEPLOYMENT, FAT, Annotations, World, fat, key_of, observed
from tests.engine.cluster import workload
from tests.engine.shelf import APP, REGISTRY, tiny
from tests.support import images


@pytest.fixture
def world() -> World:
    """Make a world."""
    return World()


async def judged(world: World, one: Workload) -> Verdict:
    """Judge a workload, and enter it."""
    verdict = await world.judge.judge(one)
    world.ledger.observe(key_of(one), observed(one))
    assert world.ledger.judged(key_of(one), observed(one), verdict) is not None
    return verdict


async def test_what_must_be_judged_anew(world: World) -> None:
    """A new workload, a new template, and one whose annotations are not its verdict's."""
    ledger, web = world.ledger, workload(FAT)
    key = key_of(web)
    assert ledger.observe(key, observed(web))
    assert ledger.observe(key, observed(web))

    verdict = await judged(world, web)
    right = annotations_of(verdict)
    carried: list[tuple[Annotations, bool]] = [
        (right, False),
        (right, False),
        ({}, True),
        ({**right, VERDICT: "allow"}, True),
        ({**right, SUMMARY: None}, True),
    ]
    assert [ledger.observe(key, observed(web, one)) for one, _ in carried] == [
        expected for _, expected in carried
    ]
    assert ledger.observe(key, observed(workload(APP), right))


async def test_a_verdict_on_what_has_changed_is_not_kept(world: World) -> None:
    """Nor on what is gone; whoever changed it has it judged again."""
    before, after = workload(FAT), workload(APP)
    ledger, key = world.ledger, key_of(before)
    verdict = await world.judge.judge(before)
    ledger.observe(key, observed(after))
    assert ledger.judged(key, observed(before), verdict) is None
    record = ledger.get(key)
    assert record is not None
    assert record.verdict is None

    ledger.drop(key)
    ledger.drop(key)
    assert ledger.judged(key, observed(after), verdict) is None
    assert (len(ledger), list(ledger.verdicts())) == (0, [])


async def test_what_was_said_goes_with_the_object(world: World) -> None:
    """A workload that was made anew has its Events anew; an edited one has not."""
    web, ledger = workload(FAT), world.ledger
    key = key_of(web)
    await judged(world, web)
    ledger.said(key, observed(web), {VERDICT: "deny", SUMMARY: "fat"})
    edited = workload(FAT, FAT)
    ledger.observe(key, observed(edited))
    record = ledger.get(key)
    assert record is not None
    assert record.said == {VERDICT: "deny", SUMMARY: "fat"}

    made_anew = dataclasses.replace(edited, uid="another")
    ledger.observe(key, observed(made_anew))
    ledger.said(key, observed(edited), {VERDICT: "deny", SUMMARY: "too late"})

    record = ledger.get(key)
    assert record is not None
    assert record.said is None


async def test_digests_are_those_of_manifests(world: World) -> None:
    """Of every platform of every image that was found, and of no index."""
    parts = [tiny("a"), tiny("b")]
    world.shelf.put(f"{REGISTRY}/team/both:1", images.index(parts[:1]))
    for number, image in enumerate((f"{REGISTRY}/team/both:1", FAT, FAT, "None")):
        await judged(world, workload(image, name=f"w{number}"))

    expected = world.shelf.put(FAT, fat())
    names = world.ledger.names()
    assert names == {parts[0].digest: {f"{REGISTRY}/team/both:1": 1}, expected: {FAT: 2}}

    world.ledger.observe(key_of(workload(name="w0")), observed(workload(APP, name="w0")))
    world.ledger.drop(key_of(workload(name="w1")))
    assert names == {expected: {FAT: 1}}
    (last,) = world.ledger.resting_on({expected, parts[0].digest})
    assert last == key_of(workload(name="w2"))
    world.ledger.drop(last)
    assert (names, world.ledger.resting_on({expected})) == ({}, [])


def test_annotations_are_read_from_the_object() -> None:
    """Those of slimgate alone; an empty one is none."""
    metadata = {"annotations": {VERDICT: "deny", SUMMARY: "", "other": "x"}}
    found = observed_of(DEPLOYMENT, {"metadata": metadata}, workload(APP))

    assert found.annotations == {VERDICT: "deny", SUMMARY: None}
    assert observed_of(DEPLOYMENT, {}, workload(APP)).annotations == {VERDICT: None, SUMMARY: None}


def test_a_ledger_may_change_while_it_is_read() -> None:
    """What is read are the workloads as they were."""
    ledger = Ledger()
    for number in range(5):
        one = workload(APP, name=f"w{number}")
        ledger.observe(key_of(one), observed(one))
    for key in ledger:
        ledger.drop(key)

    assert len(ledger) == 0
