"""limits.workloadPullSize: all images of a pod together, shared layers once."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from slimgate.core.errors import ImageError, NotFoundError
from slimgate.core.images.facts import ImageFacts, Layer, Size
from slimgate.core.policies.checks.workload_pull_size import Images, check
from slimgate.core.policies.finding import Subject
from slimgate.core.policies.policy import Limit
from slimgate.core.workloads.workload import MAX_IMAGES, Role
from tests.core.make import (
    ARM64,
    DENY,
    UNKNOWN,
    WARN,
    WEB,
    brief,
    image,
    inspection,
    layer,
    limiting,
    on_images,
    one,
    subject,
    use,
)

POLICY = limiting(workload_pull_size=Limit(warn=50, deny=100))
INIT, MODEL = use("i", "init", Role.INIT), use("m", "model", Role.VOLUME)
SHARED = layer(7, 40)
GONE = NotFoundError("gone")


def saved(pull: int) -> Layer:
    """Make a layer that has no digest, as from a docker archive."""
    return replace(layer(1, pull), digest=None)


def pod(*seen: Sequence[ImageFacts] | ImageError) -> Subject:
    """Make a workload of a container, an init container and a volume, each by platforms."""
    known = [one if isinstance(one, ImageError) else inspection(*one) for one in seen]
    return subject(dict(zip((WEB, INIT, MODEL), known, strict=False)))


def arm(*layers: Layer | int | Size) -> ImageFacts:
    """Make an image for another platform."""
    return image(*layers, platform=ARM64)


ONE, MORE = [(DENY, 101, 100)], [(UNKNOWN, None, None)]
CASES = [
    ("nothing", pod(), []),
    ("at the limit", pod([image(60, 40)]), [(WARN, 100, 50)]),
    ("a byte above", pod([image(60, 41)]), ONE),
    ("all of them", pod([image(layer(1, 40))], [image(layer(2, 40))], [image(layer(3, 21))]), ONE),
    ("shared layers once", pod([image(SHARED, layer(1, 5))], [image(SHARED, layer(2, 5))]), []),
    ("one layer twice", pod([image(SHARED, SHARED)]), []),
    ("layers without digest", pod([image(saved(60), saved(41))]), ONE),
    ("alike without digest", pod([image(saved(60), saved(60))]), [(DENY, 120, 100)]),
    ("each platform for itself", pod([image(layer(1, 60)), arm(layer(2, 1))],
                                     [image(layer(3, 1)), arm(layer(4, 60))]), [(WARN, 61, 50)]),
    ("the largest platform", pod([image(layer(1, 60)), arm(layer(2, 1))],
                                 [image(layer(3, 41)), arm(layer(4, 1))]), ONE),
    ("a single manifest runs anywhere", pod([arm(layer(1, 60))], [image(layer(2, 41))]), ONE),
    ("an index that lacks the platform does not", pod([arm(layer(1, 40))], []), []),
    ("nothing known", pod(GONE), MORE),
    ("unknown, else within", pod(GONE, [image(1)]), MORE),
    ("too much even without the unknown", pod(GONE, [image(101)]), ONE),
    ("above warn even without the unknown", pod(GONE, [image(51)]),
     [(UNKNOWN, None, 100), (WARN, 51, 50)]),
    ("too much on one platform", pod(GONE, [image(1), arm(layer(2, 101))]), ONE),
    ("a layer unknown", pod([image(50, Size.unknown("lost"))]), MORE),
    ("too much without a layer", pod([image(101, Size.unknown("lost"))]), ONE),
]  # fmt: skip


@pytest.mark.parametrize(
    ("given", "expected"), [case[1:] for case in CASES], ids=[case[0] for case in CASES]
)
def test_workload_pull_size(given: Subject, expected: list[tuple[object, ...]]) -> None:
    """What a node that has nothing would pull for one pod is compared."""
    assert brief(check(POLICY, given)) == expected


def test_more_images_than_are_judged() -> None:
    """The sum of those that are is a lower bound."""
    uses = [use(f"r.io/a:{number}", f"c{number}") for number in range(MAX_IMAGES + 1)]
    judged = dict.fromkeys(uses[:MAX_IMAGES], inspection(image(200)))
    given = replace(subject(judged), workload=replace(subject({}).workload, images=tuple(uses)))

    (over,) = check(POLICY, given)
    (unknown,) = check(limiting(workload_pull_size=Limit(deny=201)), given)

    assert (over.outcome, over.at_least, over.reason) == (DENY, True, given.workload.excess)
    assert (unknown.outcome, unknown.reason) == (UNKNOWN, given.workload.excess)
    assert not next(check(POLICY, replace(given, running=judged))).no_more


def test_findings_are_on_the_whole_workload() -> None:
    """No image is to blame alone; what could not be inspected says why."""
    (over,) = check(POLICY, one(image(101)))
    (bound,) = check(POLICY, subject({WEB: GONE, INIT: inspection(image(101))}))
    (unknown,) = check(POLICY, subject({WEB: GONE}))

    assert (over.use, over.image, over.at_least, over.reason) == (None, None, False, None)
    assert (bound.use, bound.image, bound.at_least, bound.reason) == (None, None, True, "gone")
    assert (unknown.use, unknown.reason) == (None, "gone")


FAT, THIN = inspection(image(layer(1, 101))), inspection(image(layer(2, 1)))
FAT2 = inspection(image(layer(6, 101)))
SIDE = use("s", "side")
NEW = use("new", "side")
"""What replaces the sidecar."""
LOST = inspection(image(layer(5, Size.unknown("lost"))))


@pytest.mark.parametrize(
    ("now", "before", "expected"),
    [
        ({WEB: FAT}, {}, False),
        ({WEB: FAT}, {WEB: FAT}, True),
        ({WEB: FAT, NEW: THIN}, {WEB: FAT, SIDE: THIN}, True),
        ({WEB: FAT, NEW: inspection(image(layer(3, 2)))}, {WEB: FAT, SIDE: THIN}, False),
        ({WEB: FAT, NEW: THIN}, {WEB: FAT}, False),
        ({WEB: FAT}, {WEB: FAT, SIDE: THIN}, True),
        ({WEB: FAT, NEW: THIN}, {WEB: FAT, SIDE: GONE}, False),
        ({WEB: FAT, SIDE: GONE, NEW: THIN}, {WEB: FAT, SIDE: GONE, INIT: THIN}, True),
        ({WEB: FAT, NEW: GONE}, {WEB: FAT, SIDE: THIN}, False),
        ({WEB: GONE, NEW: FAT2}, {WEB: FAT}, False),
        ({WEB: GONE, NEW: THIN}, {WEB: FAT, SIDE: THIN}, True),
        ({WEB: FAT, NEW: THIN}, {WEB: GONE, SIDE: THIN}, True),
        ({WEB: FAT, SIDE: LOST}, {WEB: FAT, SIDE: LOST}, True),
        ({WEB: FAT, NEW: LOST}, {WEB: FAT, SIDE: THIN}, False),
        ({WEB: inspection(image(101), image(101, 7, platform=ARM64))}, {WEB: FAT}, False),
        ({WEB: inspection(image(layer(4, 100)), image(layer(1, 101), platform=ARM64))},
         {WEB: FAT}, True),
        ({WEB: inspection(image(layer(4, 150)), image(layer(5, 101), platform=ARM64))},
         {WEB: inspection(image(layer(1, 10)), image(layer(2, 200), platform=ARM64))}, False),
    ],
    ids=["a new workload", "the same", "as much", "more", "one more", "one less",
         "as much as nobody knows", "unknown as before", "unknown and new", "no longer known",
         "no longer known beside as much", "known by now", "a layer unknown",
         "a layer unknown and new", "more on one platform", "less on each platform",
         "more on one and less on another"],
)  # fmt: skip
def test_what_comes_to_no_more(now: Images, before: Images, *, expected: bool) -> None:
    """What an update leaves as it is cancels out; the rest must be known not to be more."""
    found = list(check(POLICY, subject(now, before)))

    assert {finding.no_more for finding in found} == {expected}


def test_images_that_a_policy_does_not_speak_of() -> None:
    """They do not count as what runs now, either."""
    policy = replace(POLICY, match=on_images("*:new"))
    (found,) = check(policy, subject({NEW: FAT}, {SIDE: FAT}))

    assert not found.no_more
