"""Verdicts on BaseImages: proven as soon as found, and what hinges on one that is not."""

import asyncio
from datetime import UTC, datetime

import pytest

from slimgate.core.admission.decision import decide
from slimgate.core.errors import UnavailableError
from slimgate.core.images.tier import Evidence
from slimgate.core.policies.finding import Finding, Outcome
from slimgate.engine.catalog import Catalog
from slimgate.engine.inspector import Inspector
from slimgate.engine.judge import Judge
from tests.engine.cluster import Keys, base_image, node, policy, workload
from tests.engine.shelf import APP, ARM64, Door, Shelf, inspector, settled, tiny
from tests.support import images
from tests.support.clock import Clock
from tests.support.images import Image

GOLDEN, SECOND = "base.test/golden/go:1", "second.test/golden/java:1"
ROOT = images.layer({"etc/golden": b"golden"})
NOW = datetime(2026, 11, 25, tzinfo=UTC)
ALLOWED = {"allow": [GOLDEN, SECOND]}
NAME = "org.opencontainers.image.base.name"
GO = {"Env": ["PATH=/usr/local/go/bin:/bin", "GOLANG_VERSION=1.26.0"]}


def app(**fields: object) -> Image:
    """Make an image on the golden base."""
    return images.image([ROOT, images.layer({"app": b"app"})], **fields)  # type: ignore[arg-type]


@pytest.fixture
def catalog() -> Catalog:
    """Make a catalog with the golden base, whose one policy allows it and a second one."""
    catalog = Catalog()
    catalog.put_base_image(base_image(GOLDEN, tier="Distroless"))
    catalog.put_policy(policy(bases=ALLOWED))
    return catalog


@pytest.fixture
def watched(shelf: Shelf, clock: Clock) -> Inspector:
    """Make an inspector."""
    return inspector(shelf, clock)


@pytest.fixture
def judge(shelf: Shelf, watched: Inspector, catalog: Catalog) -> Judge:
    """Make a judge over an image that stands on the golden base."""
    shelf.put(GOLDEN, images.image([ROOT]))
    shelf.put(APP, app())
    return Judge(inspector=watched, catalog=catalog, keyring=Keys(), now=lambda: NOW, seconds=5)


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


async def test_a_missing_base_that_no_rule_names(
    judge: Judge, shelf: Shelf, catalog: Catalog
) -> None:
    """It leaves nothing open: what is not allowed is denied."""
    catalog.put_policy(policy(bases={"allow": ["gcr.io/distroless/*"]}))
    shelf.put(APP, images.image([ROOT], config=GO))
    shelf.faults["base.test"] = UnavailableError("down")

    assert [(one.check, one.outcome) for one in await judged(judge)] == [("base", Outcome.DENY)]


async def test_a_missing_base_never_switches_tiers_off(
    judge: Judge, shelf: Shelf, catalog: Catalog
) -> None:
    """The README's own policy denies a golang image, though its golden base can't be found."""
    catalog.put_policy(
        policy(mode="Enforce", bases={"maxTier": {"warn": "Minimal", "deny": "Full"}})
    )
    shelf.put(APP, images.image([ROOT], config=GO))
    shelf.faults["base.test"] = UnavailableError("down")

    verdict = await judge.judge(workload(APP))

    assert [(one.check, one.outcome) for one in verdict.findings] == [("maxTier", Outcome.DENY)]
    assert not decide(verdict).allowed


async def test_an_image_that_claims_a_missing_base(
    judge: Judge, shelf: Shelf, catalog: Catalog
) -> None:
    """It alone may be of the tier that the BaseImage says, so its own is unknown."""
    catalog.put_policy(policy(bases={"maxTier": {"deny": "Full"}}))
    shelf.put(APP, images.image([ROOT], annotations={NAME: GOLDEN}, config=GO))
    shelf.faults["base.test"] = UnavailableError("down")

    assert reason(await judged(judge)) == f"the base {GOLDEN} is unknown: down"


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
    late = await judged(judge, 0.05)
    assert reason(late).endswith("its registry has not answered yet")
    shelf.count()

    async def open_() -> None:
        door.opened.set()

    await settled(open_)
    assert await judged(judge) == []
    assert shelf.count() == {"config": 1}


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


async def test_a_base_without_its_image_for_a_new_platform(
    judge: Judge, shelf: Shelf, catalog: Catalog
) -> None:
    """A platform that could not be looked up leaves its images open, not denied."""
    part = images.image([ROOT], platform=ARM64)
    shelf.put(GOLDEN, images.index([images.image([ROOT]), part]))
    shelf.put(APP, images.index([images.image([ROOT]), tiny("odd", platform=ARM64)]))
    shelf.faults[part.digest] = UnavailableError("down")
    catalog.put_node(node("n1", "amd64"))
    catalog.put_node(node("n2", "arm64"))

    assert reason(await judged(judge)).endswith("down")


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


async def test_what_is_looked_up_again_is_told_by_the_next_verdict(
    judge: Judge, shelf: Shelf, clock: Clock, catalog: Catalog
) -> None:
    """A claim that could not be checked holds no verdict up, and is proven once it can be."""
    shelf.put(APP, app(annotations={NAME: GOLDEN}))
    catalog.drop_base_image("golden")
    catalog.put_policy(policy(bases={"allow": [GOLDEN]}))
    shelf.faults["base.test"] = UnavailableError("down")
    (finding,) = await judged(judge)
    assert (finding.outcome, finding.limit) == (Outcome.UNKNOWN, "Proven")
    assert finding.reason == "the base that it claims is unknown: down"

    shelf.faults.clear()
    clock.now += 61
    await settled(lambda: judged(judge))

    assert await judged(judge) == []
    (seen,) = (await judge.judge(workload(APP))).subject.inspected().values()
    assert seen.images[0].base.evidence is Evidence.PROVEN
