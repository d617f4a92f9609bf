"""Facts about images: platforms, sizes and their sums."""

import pytest

from slimgate.core.errors import InvalidReferenceError
from slimgate.core.image import Platform, Size, Wants, total
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


@pytest.mark.parametrize("text", ["", "linux", "linux/", "/amd64", "linux/arm/v7/x", "linux/ärm"])
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
        ([Size.known(1), Size.unknown("a"), Size.unknown("b")], Size.unknown("a")),
    ],
    ids=["none", "known", "unknown"],
)
def test_total(sizes: list[Size], expected: Size) -> None:
    """A sum is unknown as soon as one part is, for the first one's reason."""
    assert total(sizes) == expected


def test_an_images_sizes_are_never_mixed() -> None:
    """What is to pull and what it unpacks to are two sums, and one may be unknown alone."""
    facts = image(layer(1, 10, 30), layer(2, 20, Size.unknown("zstd")))

    assert facts.pull == Size.known(30)
    assert facts.unpacked == Size.unknown("zstd")


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
