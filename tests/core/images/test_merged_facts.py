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
    without_unverified,
)
from slimgate.core.images.facts import NOT_ASKED, UNKNOWN_BASE, Base, ImageFacts, Size, Wants
from slimgate.core.images.tier import Evidence
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
    estimated_by: str | None = "a",
) -> ImageFacts:
    """Make facts of layers that unpack to these sizes, by the word of a place if by any."""
    layers = (layer_of(number, 1, size) for number, size in enumerate(sizes))
    is_unverified = any(size.is_unverified for size in sizes)
    facts = image_of(*layers, base=base, toolchains=tools)
    return replace(facts, estimated_by=estimated_by if is_unverified else None)


def test_what_counts_without_anybodys_word() -> None:
    """Counted sizes and what the manifest says; a base was inferred with the help of sizes."""
    facts = sized([Size.measured(1), Size.estimated(2), LOST, BOUND, OPEN], GOLANG, ("go",))
    found = without_unverified(facts)

    assert [one.unpacked for one in found.layers] == [Size.measured(1), OPEN, OPEN, OPEN, OPEN]
    assert [one.pull for one in found.layers] == [Size.known(1)] * 5
    assert (found.base, found.toolchains, found.estimated_by) == (UNKNOWN_BASE, (), None)
    assert (coverage(found), has_config(found)) == (Wants(), False)
    # Facts in which no size rests on anybody's word count anywhere.
    for sizes in ([Size.measured(1)], [OPEN, Size.measured(1)], [OPEN]):
        facts = sized(sizes, GOLANG)
        assert without_unverified(facts) is facts


@pytest.mark.parametrize(
    ("ours", "theirs", "expected"),
    [
        (
            [Size.estimated(1), Size.estimated(2)],
            [Size.measured(1), Size.estimated(3)],
            [Size.measured(1), Size.estimated(2)],
        ),
        (
            [OPEN, Size.measured(2)],
            [Size.estimated(1), LOST],
            [Size.estimated(1), Size.measured(2)],
        ),
        ([OPEN, OPEN], [BOUND, Size.measured(2)], [BOUND, Size.measured(2)]),
        ([LOST, OPEN], [Size.measured(1), LOST], [Size.measured(1), LOST]),
    ],
    ids=["measured", "estimated", "bound", "lost"],
)
def test_what_others_facts_changed(
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
        ([BOUND, Size.measured(2)], [LOST, Size.estimated(2)]),
        ([Size.estimated(1), Size.measured(2)], [LOST, LOST]),
        ([LOST, Size.estimated(5)], [Size.estimated(1), BOUND]),
        ([LOST], [Size.measured(1), Size.measured(2)]),
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
    found = better_of(sized([LOST], ours), sized([Size.measured(1)], theirs))

    assert found == sized([Size.measured(1)], expected)


def test_facts_of_less_give_way() -> None:
    """Where neither base is better proven, that of more layers is, and config before none."""
    less, more = sized([OPEN], GUESS), sized([Size.measured(1)], GUESS, ("go",))
    bare = replace(less, platform=UNKNOWN_PLATFORM, base=UNKNOWN_BASE)
    read = sized([OPEN], tools=("go",))

    assert better_of(less, more) == more
    assert better_of(bare, read) == read
    assert better_of(read, bare) is read


def test_whose_word_it_is_then() -> None:
    """That of the place which what is left of it comes from."""
    ours, counted = [OPEN, Size.estimated(1)], Size.measured(1)
    for held, theirs, expected in (
        (ours, [counted, LOST], "a"),
        ([OPEN], [LOST], "b"),
        (ours, [counted, counted], None),
    ):
        assert better_of(sized(held), sized(theirs, estimated_by="b")).estimated_by == expected


@pytest.mark.parametrize(
    ("old", "new", "failed", "expected"),
    [
        (Size.measured(1), Size.estimated(7), False, Size.measured(1)),
        (Size.measured(1), LOST, False, Size.measured(1)),
        (Size.estimated(2), Size.measured(3), False, Size.measured(3)),
        (Size.estimated(2), LOST, False, LOST),
        (Size.estimated(2), LOST, True, Size.estimated(2)),
        (BOUND, LOST, True, BOUND),
        (BOUND, Size.estimated(1), False, Size.estimated(1)),
        (OPEN, LOST, True, LOST),
    ],
)
@pytest.mark.parametrize("less", [False, True])
def test_another_look(old: Size, new: Size, expected: Size, *, failed: bool, less: bool) -> None:
    """What was measured stays, and what it failed to see; all else is as it is found."""
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
