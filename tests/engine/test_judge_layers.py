"""Verdicts on bases rest on what layers hold: they are read, or the verdict is unknown."""

from datetime import UTC, datetime

import pytest

from slimgate.core.errors import UnavailableError
from slimgate.core.images.facts import Digest, LayerContents, Size
from slimgate.core.policies.finding import Outcome
from slimgate.engine.catalog import Catalog
from slimgate.engine.inspector import Inspector
from slimgate.engine.judge import Judge
from slimgate.engine.ports import LayerReading
from tests.engine.cluster import Keys, base_image, policy, workload
from tests.engine.shelf import APP, EVERYTHING, Shelf, inspector, question, settled
from tests.support import images
from tests.support.clock import Clock

DEBIAN = {"created_by": "# debian.sh --arch 'amd64' out/ 'bookworm' '@1765152000'"}
ROOT = images.layer({"etc/alpine-release": b"3.22"})
ALPINE = frozenset({"etc/alpine-release", "bin/busybox", "bin/sh"})
ALLOWING = {"allow": ["alpine"], "minEvidence": {"allow": "Inferred"}}
GOLDEN = "base.test/golden:1"


@pytest.fixture
def watched(shelf: Shelf, clock: Clock) -> Inspector:
    """Make an inspector of an image whose history says debian, and whose layer is alpine."""
    image = images.image([ROOT], history=[DEBIAN])
    shelf.put(APP, image)
    contents = LayerContents(paths=ALPINE)
    reading = LayerReading(unpacked=Size.measured(4), contents=contents)
    shelf.readings[image.layers[0].descriptor.digest] = reading
    return inspector(shelf, clock)


@pytest.fixture
def catalog() -> Catalog:
    """Make a catalog."""
    return Catalog()


@pytest.fixture
def judge(watched: Inspector, catalog: Catalog) -> Judge:
    """Make a judge."""
    now = datetime(2026, 11, 25, tzinfo=UTC)
    return Judge(inspector=watched, catalog=catalog, keyring=Keys(), now=lambda: now, seconds=5)


RULES = [
    ({"deny": ["alpine"]}, Outcome.DENY),
    ({"deny": ["debian"]}, Outcome.ALLOW),
    (ALLOWING, Outcome.ALLOW),
    ({"allow": ["debian"], "minEvidence": {"allow": "Inferred"}}, Outcome.DENY),
    ({"maxTier": {"deny": "Minimal"}}, Outcome.ALLOW),
    ({"maxTier": {"deny": "Distroless"}}, Outcome.DENY),
]


@pytest.mark.parametrize(("rules", "expected"), RULES)
async def test_once_and_again(
    judge: Judge, watched: Inspector, catalog: Catalog, rules: object, expected: Outcome
) -> None:
    """The first verdict is the one that is reached once layers were read for another reason."""
    catalog.put_policy(policy(bases=rules))
    first = await judge.judge(workload(APP))
    await watched.inspect(question(wants=EVERYTHING))
    then = await judge.judge(workload(APP))

    assert (first.outcome, then.outcome) == (expected, expected)
    assert first.findings == then.findings


@pytest.mark.parametrize(("rules", "expected"), RULES)
async def test_layers_that_cannot_be_read_for_now(
    judge: Judge,
    watched: Inspector,
    catalog: Catalog,
    shelf: Shelf,
    clock: Clock,
    *,
    rules: object,
    expected: Outcome,
) -> None:
    """Until they can, the verdict is unknown; who listens hears when another look told more."""
    heard: list[Digest] = []
    watched.reader.listen(heard.append)
    catalog.put_policy(policy(bases=rules))
    shelf.faults["layer"] = UnavailableError("down")
    first = await judge.judge(workload(APP))
    assert {(one.outcome, one.reason) for one in first.findings} == {(Outcome.UNKNOWN, "down")}

    shelf.faults.clear()
    clock.now += 61
    await settled(lambda: judge.judge(workload(APP)))

    (seen,) = (await judge.judge(workload(APP))).subject.inspected().values()
    assert heard == [seen.images[0].digest]
    assert (await judge.judge(workload(APP))).outcome is expected


async def test_a_base_that_is_denied_is_waited_for(
    judge: Judge, catalog: Catalog, shelf: Shelf
) -> None:
    """What is within policy until it is known that a BaseImage is its base is not admitted."""
    shelf.put(GOLDEN, images.image([ROOT], history=[DEBIAN]))
    catalog.put_base_image(base_image(GOLDEN))
    catalog.put_policy(policy(bases={"deny": [GOLDEN]}))

    assert (await judge.judge(workload(APP))).outcome is Outcome.DENY
