"""What of several looks at an image is believed, and by whose word."""

from dataclasses import replace

import pytest

from slimgate.core.assemble import (
    UNKNOWN_PLATFORM,
    after_another_look,
    better_of,
    coverage,
    has_config,
    is_of,
    without_told,
)
from slimgate.core.image import NOT_ASKED, UNKNOWN_BASE, Base, ImageFacts, Size, Wants
from slimgate.core.tier import Evidence
from tests.core.make import GOLANG
from tests.core.make import image as image_of
from tests.core.make import layer as layer_of

LOST, BOUND = Size.unknown("lost"), Size.unknown("it wraps", at_least=9)
OPEN = Size.unknown(NOT_ASKED)
GUESS = replace(GOLANG, evidence=Evidence.CLAIMED)
DISPROVED = Base(name="debian", evidence=Evidence.INFERRED, contradiction="golang:1.26")


def sized(
    sizes: list[Size],
    base: Base = UNKNOWN_BASE,
    tools: tuple[str, ...] = (),
    told_by: str | None = "a",
) -> ImageFacts:
    """Make facts of layers that unpack to these sizes, by the word of a place if by any."""
    layers = (layer_of(number, 1, size) for number, size in enumerate(sizes))
    is_told = any(size.is_told for size in sizes)
    facts = image_of(*layers, base=base, toolchains=tools)
    return replace(facts, told_by=told_by if is_told else None)


def test_what_counts_without_anybodys_word() -> None:
    """Counted sizes and what the manifest says; a base was inferred with the help of sizes."""
    facts = sized([Size.counted(1), Size.told(2), LOST, BOUND, OPEN], GOLANG, ("go",))
    found = without_told(facts)

    assert [one.unpacked for one in found.layers] == [Size.counted(1), OPEN, OPEN, OPEN, OPEN]
    assert [one.pull for one in found.layers] == [Size.known(1)] * 5
    assert (found.base, found.toolchains, found.told_by) == (UNKNOWN_BASE, (), None)
    assert (coverage(found), has_config(found)) == (Wants(), False)
    assert without_told(found) is found


@pytest.mark.parametrize("sizes", [[Size.counted(1)], [OPEN, Size.counted(1)], [OPEN]])
def test_what_nobody_told_is_left_as_it_is(sizes: list[Size]) -> None:
    """Facts in which no size rests on anybody's word count anywhere."""
    facts = sized(sizes, GOLANG)

    assert without_told(facts) is facts


@pytest.mark.parametrize(
    ("ours", "theirs", "expected"),
    [
        (
            [Size.told(1), Size.told(2)],
            [Size.counted(1), Size.told(3)],
            [Size.counted(1), Size.told(2)],
        ),
        ([OPEN, Size.counted(2)], [Size.told(1), LOST], [Size.told(1), Size.counted(2)]),
        ([OPEN, OPEN], [BOUND, Size.counted(2)], [BOUND, Size.counted(2)]),
        ([LOST, OPEN], [Size.counted(1), LOST], [Size.counted(1), LOST]),
    ],
    ids=["counted", "told", "bound", "lost"],
)
def test_what_others_know_better(
    ours: list[Size], theirs: list[Size], expected: list[Size]
) -> None:
    """Layer by layer the better size is taken, and the rest is theirs, or ours if it is proven."""
    found = better_of(sized(ours), sized(theirs, GUESS, ("go",)))
    proven = better_of(sized(ours, GOLANG), sized(theirs, GUESS, ("go",)))

    assert found == sized(expected, GUESS, ("go",))
    assert proven == sized(expected, GOLANG)


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ([BOUND, Size.counted(2)], [LOST, Size.told(2)]),
        ([Size.told(1), Size.counted(2)], [LOST, LOST]),
        ([LOST, Size.told(5)], [Size.told(1), BOUND]),
        ([LOST], [Size.counted(1), Size.counted(2)]),
    ],
    ids=["worse", "less", "another's word", "not of the same layers"],
)
def test_what_others_know_no_better(ours: list[Size], theirs: list[Size]) -> None:
    """Facts stay as they are where no size is better, and where the layers are not the same."""
    held = sized(ours)

    assert better_of(held, sized(theirs, GOLANG)) is held


@pytest.mark.parametrize(
    ("ours", "theirs", "expected"),
    [
        (DISPROVED, GUESS, DISPROVED),
        (GUESS, DISPROVED, DISPROVED),
        (replace(DISPROVED, evidence=None), GOLANG, replace(DISPROVED, evidence=None)),
        (GOLANG, GUESS, GOLANG),
        (GUESS, GOLANG, GOLANG),
        (GUESS, replace(GUESS, name="another"), GUESS),
    ],
    ids=["disproved", "disproved there", "nothing left", "proven", "proven there", "a tie"],
)
def test_whose_base_is_taken(ours: Base, theirs: Base, expected: Base) -> None:
    """With a better size: that which is better proven, first of all that a claim is false."""
    found = better_of(sized([LOST], ours), sized([Size.counted(1)], theirs))

    assert found == sized([Size.counted(1)], expected)


def test_facts_of_less_give_way() -> None:
    """Where neither base is better proven, that of more layers is, and config before none."""
    less, more = sized([OPEN], GUESS), sized([Size.counted(1)], GUESS, ("go",))
    bare = replace(less, platform=UNKNOWN_PLATFORM, base=UNKNOWN_BASE)
    read = sized([OPEN], tools=("go",))

    assert better_of(less, more) == more
    assert better_of(bare, read) == read
    assert better_of(read, bare) is read


def test_whose_word_it_is_then() -> None:
    """That of the place which told what is left of it."""
    ours, theirs = [OPEN, Size.told(1)], [Size.counted(1), Size.counted(1)]

    assert better_of(sized(ours), sized([Size.counted(1), LOST], told_by="b")).told_by == "a"
    assert better_of(sized([OPEN]), sized([LOST], told_by="b")).told_by == "b"
    assert better_of(sized(ours), sized(theirs)).told_by is None


@pytest.mark.parametrize(
    ("old", "new", "failed", "expected"),
    [
        (Size.counted(1), Size.told(7), False, Size.counted(1)),
        (Size.counted(1), LOST, False, Size.counted(1)),
        (Size.told(2), Size.counted(3), False, Size.counted(3)),
        (Size.told(2), LOST, False, LOST),
        (Size.told(2), LOST, True, Size.told(2)),
        (BOUND, LOST, True, BOUND),
        (BOUND, Size.told(1), False, Size.told(1)),
        (OPEN, LOST, True, LOST),
    ],
)
@pytest.mark.parametrize("less", [False, True])
def test_another_look(old: Size, new: Size, expected: Size, *, failed: bool, less: bool) -> None:
    """What was counted stays, and what it failed to see; all else is as it is found."""
    found = after_another_look(sized([new], GUESS), sized([old], GOLANG), [failed], less=less)

    assert found == sized([expected], GOLANG if less else GUESS)


def test_another_look_that_tells_less_but_proves_more() -> None:
    """It keeps what it proved."""
    found = sized([LOST], DISPROVED)

    assert after_another_look(found, sized([LOST], GUESS), [True], less=True) == found


def test_whose_layers() -> None:
    """Facts are of all the layers of a manifest, in their order, or of another one."""
    facts = sized([LOST, LOST])
    first, second = (one.digest for one in facts.layers)

    assert is_of(facts, [first, second])
    assert not is_of(facts, [second, first])
    assert not is_of(facts, [first])
