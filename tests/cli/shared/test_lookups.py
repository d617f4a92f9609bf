"""`slimgate inspect`: many references at once, failures beside results, every output."""

from collections.abc import Iterator
from contextlib import contextmanager

from slimgate.cli.shared.lookups import Failure, look_up
from slimgate.cli.shared.progress import SilentBoard
from slimgate.core.images.facts import Platform, Wants
from slimgate.sources.stream import Progress
from tests.cli.facts import FAT, inspection
from tests.cli.make import Meeting

AMD = Platform("linux", "amd64")
SEEN = {name: inspection(name, FAT) for name in "abc"}


class Lines(SilentBoard):
    """Keeps the names of its lines."""

    def __init__(self) -> None:
        self.names: list[str] = []

    @contextmanager
    def line(self, name: str) -> Iterator[Progress | None]:
        """Keep the name."""
        self.names.append(name)
        yield None


async def test_at_the_same_time() -> None:
    """References are looked up at the same time, and stand in their order."""
    inspector, lines = Meeting(3, SEEN), Lines()
    found = await look_up(inspector, ["c", "a", "b"], (AMD,), lines)

    assert [inspection(name, FAT) for name in "cab"] == found
    assert lines.names == ["c", "a", "b"]
    expected = [(n, (AMD,), Wants(config=True, layers=True)) for n in "abc"]
    assert sorted(inspector.asked, key=lambda one: one[0]) == expected


async def test_failures_stand_beside_results() -> None:
    """What is not found, and what names no image, leaves the others as they are."""
    first, second, third = await look_up(Meeting(2, SEEN), ["a", "none", "A B"], (), SilentBoard())

    assert first == inspection("a", FAT)
    assert isinstance(second, Failure)
    assert second.sentence == "none: there is no such image"
    assert isinstance(third, Failure)
    assert third.sentence.startswith("'A B' is not an image reference")
