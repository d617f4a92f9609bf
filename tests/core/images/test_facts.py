"""Facts about images: platforms, sizes and their sums."""

import pytest

from slimgate.core.errors import InvalidReferenceError
from slimgate.core.images.facts import NOT_ASKED, Platform, Size, Wants, total
from tests.core.make import image, layer


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("linux/amd64", Platform("linux", "amd64")),
        ("linux/arm/v7", Platform("linux", "arm", "v7")),
        ("windows/amd64", Platform("windows", "amd64")),
    ],
)
def test_platform(text: str, expected: Platform) -> None:
    """A platform is read as it is written."""
    assert Platform.parse(text) == expected
    assert str(expected) == text


@pytest.mark.parametrize(
    "text",
    ["", "linux", "linux/", "/amd64", "linux/arm/v7/x", "linux/ärm", "linux/amd64,linux/arm64"],
)
def test_no_platform(text: str) -> None:
    """What is no platform is refused with an example of one."""
    with pytest.raises(InvalidReferenceError, match=r"write os/architecture\[/variant\], as in"):
        Platform.parse(text)


def test_no_platform_is_quoted() -> None:
    """A refusal quotes a hostile text without its control characters."""
    with pytest.raises(InvalidReferenceError) as caught:
        Platform.parse("\u202e" * 1000)

    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [
        ([], Size.known(0)),
        ([Size.known(1), Size.known(2)], Size.known(3)),
        ([Size.unknown("a"), Size.unknown("b")], Size.unknown("a")),
        ([Size.known(1), Size.unknown("a"), Size.unknown("b")], Size.unknown("a", at_least=1)),
        (
            [Size.unknown("a", at_least=4), Size.estimated(1), Size.unknown("b", at_least=2)],
            Size.unknown("a", at_least=7),
        ),
    ],
    ids=["none", "known", "unknown", "a part unknown", "bounds"],
)
def test_total(sizes: list[Size], expected: Size) -> None:
    """A sum is unknown as soon as one part is, for the first one's reason, but known in part."""
    assert total(sizes) == expected


def test_an_images_sizes_are_never_mixed() -> None:
    """What is to pull and what it unpacks to are two sums, and one may be unknown alone."""
    facts = image(layer(1, 10, 30), layer(2, 20, Size.unknown("zstd")))

    assert facts.pull == Size.known(30)
    assert facts.unpacked == Size.unknown("zstd", at_least=30)


MEASURED, ESTIMATED, LOST = Size.measured(5), Size.estimated(5), Size.unknown("lost")
BOUND = Size.unknown("zstd", at_least=3)


OPEN = Size.unknown(NOT_ASKED)


@pytest.mark.parametrize(
    ("one", "other", "is_better"),
    [
        (MEASURED, ESTIMATED, True),
        (MEASURED, Size.estimated(9), True),
        (MEASURED, LOST, True),
        (MEASURED, Size.unknown("a bomb", at_least=9), True),
        (MEASURED, OPEN, True),
        (ESTIMATED, OPEN, True),
        (BOUND, OPEN, True),
        (LOST, OPEN, True),
        (MEASURED, MEASURED, False),
        (ESTIMATED, Size.estimated(6), False),
        (ESTIMATED, LOST, False),
        (ESTIMATED, Size.unknown("zstd", at_least=6), False),
        (BOUND, LOST, False),
        (LOST, Size.unknown("x"), False),
        (OPEN, OPEN, False),
    ],
)
def test_better_sizes(one: Size, other: Size, *, is_better: bool) -> None:
    """Counted beats all that is not, and anything what nobody asked for; no word beats another."""
    assert one.is_better_than(other) is is_better
    assert not other.is_better_than(one)


@pytest.mark.parametrize(
    ("size", "expected"),
    [(MEASURED, False), (ESTIMATED, True), (LOST, True), (BOUND, True), (OPEN, False)],
)
def test_what_is_somebodys_word(size: Size, *, expected: bool) -> None:
    """So is a reason, and a bound; what was measured needs nobody's, and nobody gave another."""
    assert size.is_unverified is expected


@pytest.mark.parametrize(
    ("layers", "expected"),
    [
        ([], Size.measured(0)),
        ([Size.measured(1), Size.measured(2)], Size.measured(3)),
        ([Size.measured(1), Size.estimated(2)], Size.estimated(3)),
        ([Size.measured(1), Size.known(2)], Size.estimated(3)),
        ([Size.estimated(1), Size.unknown("zstd")], Size.unknown("zstd", at_least=1)),
    ],
    ids=["none", "measured", "estimated", "no evidence", "unknown"],
)
def test_an_images_size_is_known_as_well_as_its_worst_layer(
    layers: list[Size], expected: Size
) -> None:
    """It is estimated as soon as one layer's is."""
    assert image(*(layer(1, 1, size) for size in layers)).unpacked == expected


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        (Wants(), Wants(), Wants()),
        (Wants(config=True), Wants(), Wants(config=True)),
        (Wants(config=True), Wants(layers=True), Wants(config=True, layers=True)),
    ],
    ids=["nothing", "config", "both"],
)
def test_wants(left: Wants, right: Wants, expected: Wants) -> None:
    """Two wishes together are all that either wants."""
    assert (left | right) == expected


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        (Wants(), Wants(), True),
        (Wants(config=True), Wants(), True),
        (Wants(), Wants(config=True), False),
        (Wants(config=True), Wants(layers=True), False),
        (Wants(config=True, layers=True), Wants(layers=True), True),
    ],
)
def test_covers(left: Wants, right: Wants, *, expected: bool) -> None:
    """More is wanted only where something of it is not wanted already."""
    assert left.covers(right) is expected


def test_a_layer_that_is_listed_twice() -> None:
    """It crosses the network once, and is unpacked twice."""
    twice = image(layer(1, 10, 100), layer(1, 10, 100), layer(2, 5, 50))

    assert (twice.pull, twice.unpacked.bytes) == (Size.known(15), 250)
