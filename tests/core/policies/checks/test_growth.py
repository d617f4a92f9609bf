"""limits.growth: how much more to pull than what runs now."""

import pytest

from slimgate.core.errors import ImageError, NotFoundError
from slimgate.core.images.facts import ImageFacts, Inspection, Platform, Size
from slimgate.core.policies.checks.growth import CHECK, check
from slimgate.core.policies.policy import Limit
from slimgate.core.workloads.workload import ImageUse, Role
from tests.core.make import (
    ARM64,
    DENY,
    UNKNOWN,
    WARN,
    WEB,
    brief,
    image,
    inspection,
    limiting,
    subject,
    use,
)

POLICY = limiting(growth=Limit(warn=10, deny=50))
LOST = Size.unknown("lost")
S390X = Platform("linux", "s390x")


def grown(before: int | Size, after: int | Size) -> list[tuple[object, ...]]:
    """Check an image that was one size and is now another."""
    return found(inspection(image(before)), inspection(image(after)))


def found(before: Inspection | ImageError, after: Inspection) -> list[tuple[object, ...]]:
    """Check an image against what runs now."""
    return brief(check(POLICY, subject({WEB: after}, {WEB: before})))


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (100, 100, []),
        (100, 50, []),
        (100, 110, []),
        (100, 111, [(WARN, 11, 10)]),
        (10_000, 11_001, [(WARN, 11, 10)]),
        (100, 150, [(WARN, 50, 10)]),
        (10_000, 15_001, [(DENY, 51, 50)]),
        (100, 1000, [(DENY, 900, 50)]),
        (0, 1000, []),
        (LOST, 1000, [(UNKNOWN, None, None)]),
        (100, LOST, [(UNKNOWN, None, None)]),
    ],
)
def test_growth(before: int | Size, after: int | Size, expected: list[tuple[object, ...]]) -> None:
    """Growth is in whole percent, rounded up; an image that shrank or was empty did not grow."""
    assert grown(before, after) == expected


def test_parts_are_not_compared() -> None:
    """A percentage of a part is no bound: growth is known where both sizes are."""
    whole, part = image(1000), image(900, LOST)

    assert found(inspection(image(1, LOST)), inspection(whole)) == [(UNKNOWN, None, None)]
    assert found(inspection(image(1)), inspection(part)) == [(UNKNOWN, None, None)]


BOTH = (image(100), image(200, platform=ARM64))
BLANK = Platform("unknown", "unknown")


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ([image(100, platform=BLANK)], [image(200)], [(DENY, 100, 50)]),
        ([image(100)], [image(200, platform=BLANK)], [(DENY, 100, 50)]),
        (BOTH, [image(310, platform=BLANK)], [(DENY, 55, 50)]),
        ([image(100, platform=BLANK)], [image(111), image(1, platform=ARM64)], [(WARN, 11, 10)]),
        ([image(LOST, platform=BLANK)], [image(200)], [(UNKNOWN, None, None)]),
        ([], [image(10**9)], []),
        (BOTH, [], []),
        (BOTH, [image(10**9, platform=S390X), image(10**9, platform=BLANK)], []),
        ([image(100, platform=BLANK)], [image(200, platform=BLANK)], [(DENY, 100, 50)]),
        (BOTH, [image(100), image(400, platform=ARM64)], [(DENY, 100, 50)]),
        ([image(100)], BOTH, []),
    ],
    ids=["before", "after", "the largest", "all", "size", "none ran", "none to run", "no common",
         "both", "one of two", "one more"],
)  # fmt: skip
def test_single_manifests_run_anywhere(
    before: list[ImageFacts], after: list[ImageFacts], expected: list[tuple[object, ...]]
) -> None:
    """A single manifest is compared with what ran, though its platform may not be known."""
    assert found(inspection(*before), inspection(*after)) == expected


def test_what_runs_now_is_not_known() -> None:
    """Where the running image can't be inspected, growth is unknown, and the reason says so."""
    (unknown,) = check(POLICY, subject({WEB: inspection(image(1))}, {WEB: NotFoundError("gone")}))

    assert unknown.outcome is UNKNOWN
    assert unknown.reason == "the image that runs now is unknown: gone"


def test_nothing_to_compare() -> None:
    """A new container grows from nothing."""
    seen = inspection(image(10**9))
    both = subject({WEB: seen}, {WEB: inspection(image(1))})

    assert brief(check(POLICY, subject({WEB: seen}))) == []
    assert brief(check(POLICY, subject({WEB: NotFoundError("gone")}, {WEB: seen}))) == []
    assert brief(check(limiting(), both)) == []


SHOP = "registry.example.com/shop:1.1"
STRICT = limiting(growth=Limit(warn=5, deny=50))


def ran(sizes: dict[ImageUse, int | None]) -> dict[ImageUse, Inspection | ImageError]:
    """Let images of these sizes run, some of which nobody finds."""
    return {
        one: NotFoundError("gone") if size is None else inspection(image(size))
        for one, size in sizes.items()
    }


@pytest.mark.parametrize(
    ("gone", "expected"),
    [
        ({use(SHOP, "old"): 100, use("big:1", "side"): 10**9}, [(DENY, 101, 50)]),
        ({use(SHOP, "old"): 100, use(SHOP, "older"): 190}, [(WARN, 6, 5)]),
        ({use("big:1", "old"): 190, use("small:1", "side"): 1}, [(WARN, 6, 5)]),
        ({use(SHOP, "old", Role.VOLUME): 100}, []),
        ({use("not a reference", "old"): 190}, [(WARN, 6, 5)]),
        ({use(SHOP, "old"): 201, use(SHOP, "older"): None}, []),
        ({use(SHOP, "old"): 100, use(SHOP, "older"): None}, [(UNKNOWN, None, None)]),
        ({}, []),
    ],
    ids=["repository", "largest", "others", "role", "no name", "no more than", "maybe", "new"],
)
def test_a_container_of_a_new_name(
    gone: dict[ImageUse, int | None], expected: list[tuple[object, ...]]
) -> None:
    """It grew from what goes: from its own repository's, else from the largest of its role."""
    given = subject({WEB: inspection(image(201))}, ran(gone))

    assert brief(check(STRICT, given)) == expected


@pytest.mark.parametrize(
    ("new", "stays", "expected"),
    [
        (use("big:2", "app"), {use("big:1", "a"): 190, use("small:1", "b"): 1}, [(WARN, 6, 5)]),
        (
            use("small:2", "app"),
            {use("big:1", "a"): 190, use("small:1", "b"): 1},
            [(DENY, 20000, 50)],
        ),
        (use("other:1", "app"), {use("big:1", "a"): 190, use("small:1", "b"): 1}, [(WARN, 6, 5)]),
        (use("other:1", "app", Role.INIT), {use("big:1", "a"): 100}, [(DENY, 101, 50)]),
        (use("other:1", "app"), {use("big:1", "a", Role.VOLUME): 100}, []),
        (use("other:1", "app", Role.EPHEMERAL), {use("big:1", "a"): 100}, []),
        (use("other:1", "app"), {use("big:1", "a"): None}, [(UNKNOWN, None, None)]),
    ],
    ids=["repository", "its own", "largest", "init", "volume", "to look into it", "not known"],
)
def test_a_container_beside_those_that_stay(
    new: ImageUse, stays: dict[ImageUse, int | None], expected: list[tuple[object, ...]]
) -> None:
    """The next update may take any of them away, so it grew from one of them."""
    running = ran(stays)
    given = subject({**running, new: inspection(image(201))}, running)

    found = [one for one in check(STRICT, given) if one.use == new]

    assert brief(found) == expected
    assert all("any image that it may replace" in CHECK.sentence(one) for one in found if one.value)


def test_what_goes_comes_before_what_stays() -> None:
    """Of both, a container of a new name grew from what it may replace now."""
    stays, goes, new = use("a:1", "a"), use("b:1", "b"), use("c:1", "c")
    running = ran({stays: 190, goes: 100})
    images = {stays: inspection(image(190)), new: inspection(image(201))}

    assert brief(check(STRICT, subject(images, running))) == [(DENY, 101, 50)]


def test_a_volume_is_no_container() -> None:
    """It may be named as one is, in what runs and in what is to run, and grows by itself."""
    mounted = use("models/llama:1", WEB.name, Role.VOLUME)
    small, large = inspection(image(100)), inspection(image(1000))

    def grew(images: dict[ImageUse, Inspection], running: dict[ImageUse, Inspection]) -> list[str]:
        given = subject({**images}, running)
        return [found.use.role.value for found in check(POLICY, given) if found.use]

    assert grew({WEB: large}, {mounted: large, WEB: small}) == ["container"]
    assert grew({WEB: large}, {WEB: small, mounted: large}) == ["container"]
    assert grew({WEB: small, mounted: large}, {WEB: small, mounted: small}) == ["image volume"]
    assert grew({WEB: small, mounted: large}, {WEB: small}) == []
