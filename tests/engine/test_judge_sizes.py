"""Verdicts on unpacked sizes: layers are read whole where a verdict hinges on it, and once."""

from collections.abc import Sequence
from datetime import UTC, datetime

import pytest

from slimgate.core.assemble import coverage
from slimgate.core.errors import DigestMismatchError, ImageError, UnavailableError
from slimgate.core.images.facts import Digest, Size, SizeEvidence
from slimgate.core.images.profile import from_profile, to_profile
from slimgate.core.json_object import mapping_at
from slimgate.core.policies.finding import Outcome
from slimgate.core.policies.verdict import Verdict
from slimgate.engine.catalog import Catalog
from slimgate.engine.inspector import Inspector
from slimgate.engine.judge import Judge
from slimgate.engine.ports import LayerReading
from tests.engine.cluster import Keys, policy, workload
from tests.engine.shelf import APP, Door, Shelf, inspector, settled, tiny, until
from tests.support.clock import Clock

ALLOW, UNKNOWN, DENY = Outcome.ALLOW, Outcome.UNKNOWN, Outcome.DENY


@pytest.fixture
def deceiving(shelf: Shelf) -> Digest:
    """Push an image whose one layer tells a byte, and unpacks to more than 100."""
    app = tiny("one")
    shelf.put(APP, app)
    layer = app.layers[0].descriptor.digest
    shelf.readings[layer] = LayerReading(unpacked=Size.estimated(1))
    return layer


def judging(watched: Inspector, limit: int, evidence: str = "Measured") -> Judge:
    """Make a judge by a limit."""
    catalog, now = Catalog(), datetime(2026, 11, 25, tzinfo=UTC)
    limits = {"unpackedSize": {"deny": limit, "evidence": evidence}}
    catalog.put_policy(policy(limits=limits))
    return Judge(inspector=watched, catalog=catalog, keyring=Keys(), now=lambda: now, seconds=5)


def restarted(before: Inspector, shelf: Shelf, clock: Clock, verdict: Verdict) -> Inspector:
    """Begin with what is kept of the one image that a verdict is about."""
    (seen,) = verdict.subject.inspected().values()
    kept = from_profile(dict(mapping_at(to_profile(seen.images[0]), "facts"))).facts
    assert kept is not None
    again = inspector(shelf, clock)
    again.restore(before.memory())
    again.reader.remember(kept, coverage(kept))
    return again


def outcomes(verdicts: Sequence[Verdict]) -> list[Outcome]:
    """Tell what was found."""
    return [one.outcome for one in verdicts]


@pytest.mark.usefixtures("deceiving")
async def test_a_layer_is_measured_once(shelf: Shelf, clock: Clock) -> None:
    """By this process, or by one that left its facts: nobody downloads it again."""
    first = inspector(shelf, clock)
    judge = judging(first, 100)
    verdicts = [await judge.judge(workload(APP)) for _ in range(2)]
    assert outcomes(verdicts) == [DENY, DENY]
    assert shelf.count() == {"document": 2, "config": 2, "layer": 1, "whole": 1}

    again = restarted(first, shelf, clock, verdicts[0])
    assert (await judging(again, 100).judge(workload(APP))).outcome is DENY
    assert shelf.count() == {}


@pytest.mark.usefixtures("deceiving")
async def test_nothing_is_measured_that_no_verdict_hinges_on(shelf: Shelf, clock: Clock) -> None:
    """An estimate will do, unless the policy says otherwise."""
    verdict = await judging(inspector(shelf, clock), 100, "Estimated").judge(workload(APP))

    assert verdict.outcome is ALLOW
    assert "whole" not in shelf.count()


async def test_too_much_by_an_estimate(shelf: Shelf, clock: Clock, deceiving: Digest) -> None:
    """It is denied without being measured: no more could make it less."""
    shelf.readings[deceiving] = LayerReading(unpacked=Size.estimated(101))
    verdict = await judging(inspector(shelf, clock), 100).judge(workload(APP))

    assert verdict.outcome is DENY
    assert "whole" not in shelf.count()


async def test_what_takes_longer_than_the_deadline(
    shelf: Shelf, watched: Inspector, deceiving: Digest
) -> None:
    """It is unknown, and who listens hears once it is known; other policies need not wait."""
    door = shelf.doors["whole"] = Door()
    heard: list[Digest] = []
    watched.reader.listen(heard.append)
    judge = judging(watched, 100)
    first = await judge.judge(workload(APP), seconds=0.05)
    (finding,) = first.findings
    assert (finding.outcome, finding.check) == (UNKNOWN, "unpackedSize")
    assert finding.reason == "1 B is an estimate, and the policy asks for a measured size"

    other = await judging(watched, 100, "Estimated").judge(workload(APP), seconds=0.05)
    assert other.outcome is ALLOW
    door.opened.set()
    await until(lambda: bool(heard))

    assert (await judge.judge(workload(APP))).outcome is DENY
    assert shelf.asked.count(("whole", f"registry.test/team/app@{deceiving}")) == 1


@pytest.mark.usefixtures("deceiving")
@pytest.mark.parametrize(
    ("error", "unread"), [(UnavailableError("down"), True), (DigestMismatchError("others"), False)]
)
async def test_a_layer_that_cannot_be_read_whole(
    shelf: Shelf, clock: Clock, watched: Inspector, error: ImageError, *, unread: bool
) -> None:
    """For now it keeps its estimate, and bases stay known; one that is forged falls."""
    judge = judging(watched, 100)
    shelf.faults["whole"] = error
    verdict = await judge.judge(workload(APP))
    (seen,) = verdict.subject.inspected().values()

    assert verdict.outcome is UNKNOWN
    assert seen.images[0].unpacked == (Size.estimated(1) if unread else Size.unknown("others"))
    assert seen.images[0].base.unread is None
    shelf.faults.clear()
    clock.now += 3601
    await settled(lambda: judge.judge(workload(APP)))
    assert (await judge.judge(workload(APP))).outcome is DENY


@pytest.mark.parametrize(("limit", "expected"), [(100, DENY), (10**6, ALLOW)])
async def test_what_a_part_does_not_tell_is_measured(
    shelf: Shelf, clock: Clock, deceiving: Digest, *, limit: int, expected: Outcome
) -> None:
    """Whatever evidence the policy wants; what could not be looked at is not asked for anew."""
    shelf.readings[deceiving] = LayerReading(unpacked=Size.unknown("it wraps", at_least=5))
    verdict = await judging(inspector(shelf, clock), limit, "Estimated").judge(workload(APP))
    assert verdict.outcome is expected
    assert shelf.count()["whole"] == 1

    shelf.faults["layer"] = UnavailableError("down")
    verdict = await judging(inspector(shelf, clock), limit, "Estimated").judge(workload(APP))
    assert verdict.outcome is UNKNOWN
    assert "whole" not in shelf.count()


async def test_a_bomb_is_read_once(shelf: Shelf, clock: Clock, deceiving: Digest) -> None:
    """That it unpacks to more than anybody reads is kept, and is certain of what it is at least."""
    size = Size.unknown("a bomb", at_least=50, evidence=SizeEvidence.MEASURED)
    shelf.whole[deceiving] = LayerReading(unpacked=size)
    first = inspector(shelf, clock)
    verdict = await judging(first, 100).judge(workload(APP))
    assert (verdict.outcome, verdict.findings[0].reason) == (UNKNOWN, "a bomb")
    again = restarted(first, shelf, clock, verdict)
    shelf.count()
    clock.now += 3601

    kept = await settled(lambda: judging(again, 100).judge(workload(APP)))
    assert (kept.outcome, kept.findings[0].reason) == (UNKNOWN, "a bomb")
    assert (await judging(again, 49).judge(workload(APP))).outcome is DENY
    assert shelf.count() == {"resolve": 1}
