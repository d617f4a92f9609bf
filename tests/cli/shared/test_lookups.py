"""`slimgate inspect`: many references at once, failures beside results, every output."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from slimgate.cli.shared.lookups import Failure, look_up
from slimgate.cli.shared.progress import SilentBoard
from slimgate.core.errors import NotFoundError
from slimgate.core.images.facts import Inspection, Platform, Wants
from slimgate.core.images.source import SourcedReference
from slimgate.sources.stream import Progress
from tests.cli.facts import FAT, inspection

AMD = Platform("linux", "amd64")


class Meeting:
    """Answers once as many references have come as were expected at the same time."""

    def __init__(self, count: int) -> None:
        self.barrier = asyncio.Barrier(count)
        self.asked: list[tuple[str, tuple[Platform, ...], Wants]] = []

    async def inspect(
        self,
        sourced: SourcedReference,
        *,
        platforms: tuple[Platform, ...],
        want: Wants,
        progress: Progress | None,
    ) -> Inspection:
        """Wait for the others, and answer; the image `none` is not found."""
        assert progress is None
        self.asked.append((sourced.text, platforms, want))
        await self.barrier.wait()
        if sourced.text == "none":
            raise NotFoundError("there is no such image")
        return inspection(sourced.text, FAT)


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
    inspector, lines = Meeting(3), Lines()
    found = await look_up(inspector, ["c", "a", "b"], (AMD,), lines)

    assert [inspection(name, FAT) for name in "cab"] == found
    assert lines.names == ["c", "a", "b"]
    assert [(n, (AMD,), Wants(config=True, layers=True)) for n in "cab"] == inspector.asked


async def test_failures_stand_beside_results() -> None:
    """What is not found, and what names no image, leaves the others as they are."""
    first, second, third = await look_up(Meeting(2), ["a", "none", "A B"], (), SilentBoard())

    assert first == inspection("a", FAT)
    assert isinstance(second, Failure)
    assert second.sentence == "none: there is no such image"
    assert isinstance(third, Failure)
    assert third.sentence.startswith("'A B' is not an image reference")
