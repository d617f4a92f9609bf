"""Verdicts on BaseImages: proven as soon as found, and what hinges on one that is not."""

import asyncio

import pytest

from slimgate.core.errors import UnavailableError
from slimgate.core.policies.finding import Finding, Outcome
from slimgate.engine.catalog import Catalog
from slimgate.engine.inspector import Inspector
from slimgate.engine.judge import Judge
from tests.engine.cluster import base_image, policy, workload
from tests.engine.shelf import APP, Door, Shelf, settled, until
from tests.support import images

GOLDEN, SECOND = "base.test/golden/go:1", "second.test/golden/java:1"
ROOT = images.layer({"etc/golden": b"golden"})
GO = {"Env": ["PATH=/usr/local/go/bin:/bin", "GOLANG_VERSION=1.26.0"]}


@pytest.fixture
def catalog() -> Catalog:
    """Make a catalog with the golden base, whose one policy allows it and a second one."""
    catalog = Catalog()
    catalog.put_base_image(base_image(GOLDEN, tier="Distroless"))
    catalog.put_policy(policy(bases={"allow": [GOLDEN, SECOND]}))
    return catalog


@pytest.fixture(autouse=True)
def pushed(shelf: Shelf) -> None:
    """Push an image that stands on the golden base."""
    shelf.put(GOLDEN, images.image([ROOT]))
    shelf.put(APP, images.image([ROOT, images.layer({"app": b"app"})]))


async def judged(judge: Judge, seconds: float | None = None) -> list[Finding]:
    """Judge the image."""
    return list((await judge.judge(workload(APP), seconds=seconds)).findings)


def reason(findings: list[Finding]) -> str:
    """Tell why the one finding is unknown."""
    (finding,) = findings
    assert finding.outcome is Outcome.UNKNOWN
    return finding.reason or ""


async def test_the_first_verdict_knows_the_base(judge: Judge, shelf: Shelf) -> None:
    """Nobody need have looked it up before, and it is looked up beside the image."""
    assert await judged(judge) == []
    assert shelf.count() == {"document": 2, "config": 2, "layer": 2}
    assert await judged(judge) == []
    assert shelf.count() == {}


async def test_a_missing_base_leaves_the_verdict_open(judge: Judge, shelf: Shelf) -> None:
    """An image that may be based on it is not denied for the outage of its registry."""
    shelf.faults["base.test"] = UnavailableError("down")

    assert reason(await judged(judge)) == f"the base {GOLDEN} is unknown: down"


async def test_a_fault_while_a_base_is_looked_up(
    judge: Judge, shelf: Shelf, caplog: pytest.LogCaptureFixture
) -> None:
    """One of slimgate's own is in its log, and leaves the verdict open as an outage does."""
    fault = shelf.faults["base.test"] = ZeroDivisionError("secret")

    assert "secret" not in reason(await judged(judge))
    logged = [(one.message, one.exc_info and one.exc_info[1]) for one in caplog.records]
    assert ("slimgate itself failed to look a base up", fault) in logged


async def test_one_policy_does_not_change_what_another_says(judge: Judge, catalog: Catalog) -> None:
    """A base is recognised for every policy alike, whatever the others name or match."""
    elsewhere = {"namespaces": {"include": ["nowhere"]}}
    for other in (
        policy("other", match=elsewhere, bases={"allow": ["scratch"]}),
        policy("other", match=elsewhere, bases={"deny": [GOLDEN]}),
    ):
        catalog.put_policy(other)
        verdict = await judge.judge(workload(APP))
        (seen,) = verdict.subject.inspected().values()
        assert (verdict.findings, seen.images[0].base.name) == ((), GOLDEN)


async def test_nobody_waits_for_bases_that_change_nothing(
    watched: Inspector, judge: Judge, shelf: Shelf, catalog: Catalog
) -> None:
    """What is within policy already is admitted while a registry of a BaseImage hangs."""
    catalog.put_policy(policy(bases={"deny": ["alpine*"]}))
    shelf.put(APP, images.image([ROOT], config=GO))
    shelf.doors["base.test"] = Door()

    async with asyncio.timeout(1):
        assert await judged(judge, 60) == []
    await watched.close()


async def test_nobody_waits_for_bases_that_no_rule_names(
    watched: Inspector, judge: Judge, shelf: Shelf, catalog: Catalog
) -> None:
    """A hanging registry holds up the first verdict on no image that another base decides on."""
    catalog.put_policy(policy(bases={"allow": [GOLDEN]}))
    catalog.put_base_image(base_image(SECOND, name="second"))
    shelf.doors["second.test"] = Door()

    async with asyncio.timeout(1):
        assert await judged(judge, 60) == []
    await watched.close()


async def test_a_base_that_is_late(judge: Judge, shelf: Shelf) -> None:
    """The deadline leaves the verdict open; the next one has the answer."""
    door = shelf.doors["base.test"] = Door()
    late = await judged(judge, 0.5)
    assert reason(late).endswith("its registry has not answered yet")
    shelf.count()

    async def open_() -> None:
        door.opened.set()

    await settled(open_)
    assert await judged(judge) == []
    assert shelf.count() == {"config": 1}


@pytest.mark.parametrize("is_down", [False, True])
async def test_a_base_that_answers_last(judge: Judge, shelf: Shelf, *, is_down: bool) -> None:
    """It is waited for where the verdict is open, and the image is looked at again then."""
    if is_down:
        shelf.faults["base.test"] = UnavailableError("down")
    door = shelf.doors["base.test"] = Door()
    task = asyncio.create_task(judged(judge))
    await until(lambda: any(kind == "layer" for kind, _ in shelf.asked))
    for _ in range(100):
        await asyncio.sleep(0)
    door.opened.set()

    found = [one.reason for one in await task]
    assert found == [f"the base {GOLDEN} is unknown: down"] * is_down


async def test_one_late_base_hides_no_other_that_is_missing(
    judge: Judge, shelf: Shelf, catalog: Catalog
) -> None:
    """What failed before stays missing while another is still being looked up."""
    shelf.faults["base.test"] = UnavailableError("down")
    assert reason(await judged(judge)).endswith("down")
    shelf.doors["second.test"] = Door()
    catalog.put_base_image(base_image(SECOND, name="second"))
    catalog.put_policy(policy("other", bases={"maxTier": {"deny": "Full"}}))

    findings = await judged(judge, 0.05)

    own = [finding for finding in findings if finding.policy == "default"]
    assert reason(own).endswith("down")
    await judge.close()


async def test_a_policy_that_changes_while_it_is_judged(
    judge: Judge, shelf: Shelf, catalog: Catalog
) -> None:
    """A verdict is reached by the policies of its start; the next one follows the new ones."""
    door = shelf.doors["base.test"] = Door()
    task = asyncio.create_task(judged(judge))
    await door.knocked.wait()
    catalog.put_policy(policy(limits={"layers": {"deny": 1}}))
    door.opened.set()

    assert await task == []
    assert [finding.check for finding in await judged(judge)] == ["layers"]
