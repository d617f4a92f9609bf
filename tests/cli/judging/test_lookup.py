"""Many look-ups: each once, at the same time, none for ever."""

import asyncio
from dataclasses import replace

from slimgate.cli.judging.lookup import Lookup
from slimgate.cli.progress import SilentBoard
from slimgate.core.errors import InvalidReferenceError, UnavailableError
from slimgate.core.image import Inspection, Platform, Wants
from slimgate.core.policy import NamedBase
from slimgate.core.reference import Reference
from slimgate.core.source import SourcedReference, parse_source
from slimgate.sources.stream import Progress
from tests.cli.facts import FAT, inspection
from tests.cli.make import Known

FACTS = inspection("a", FAT)
SOME = Wants(config=True)


class Meeting(Known):
    """Answers once two have come; `late` never gets an answer."""

    def __init__(self) -> None:
        super().__init__({"a": FACTS, "b": FACTS, "late": FACTS})
        self.barrier = asyncio.Barrier(2)

    async def inspect(
        self,
        sourced: SourcedReference,
        *,
        platforms: tuple[Platform, ...],
        want: Wants,
        progress: Progress | None,
    ) -> Inspection:
        """Wait for the other."""
        if sourced.text == "late":
            await asyncio.Event().wait()
        await self.barrier.wait()
        return await super().inspect(sourced, platforms=platforms, want=want, progress=progress)


def _lookup(inspector: Known, seconds: float) -> Lookup:
    return Lookup(inspector, platforms=(), seconds=seconds, shown=SilentBoard())


async def test_together() -> None:
    """References are looked up at the same time, each with its own wants."""
    inspector = Meeting()
    found = await _lookup(inspector, 30).find({"a": SOME, "b": Wants()}, parse_source)

    assert found == {"a": FACTS, "b": FACTS}
    assert sorted(inspector.asked) == [("a", (), SOME), ("b", (), Wants())]


async def test_time_is_up() -> None:
    """What takes too long is given up with a sentence; the others are not held up."""
    found = await _lookup(Meeting(), 0.05).find(
        dict.fromkeys(["late", "a", "b"], SOME), parse_source
    )

    assert isinstance(found["late"], UnavailableError)
    assert str(found["late"]) == ("looking it up took longer than 0.05 s, which --timeout allows")
    assert (found["a"], found["b"]) == (FACTS, FACTS)


async def test_what_names_no_image() -> None:
    """A reference that is none is an answer of its own, and asks nobody."""
    known = Known()
    found = await _lookup(known, 30).find({"NO IMAGE": SOME}, parse_source)

    assert isinstance(found["NO IMAGE"], InvalidReferenceError)
    assert known.asked == []


async def test_bases_without_diff_ids() -> None:
    """A base that does not tell all its layers proves nothing, and is missing."""
    bare = replace(FAT, layers=(*FAT.layers, replace(FAT.layers[0], diff_id=None)))
    named = NamedBase(reference=Reference.parse("golden:1"))
    known = Known({"docker.io/library/golden:1": inspection("golden", bare)})
    bases = await _lookup(known, 30).bases([named], parse_source)

    assert bases.known == ()
    assert [str(error) for error in bases.missing.values()] == [
        "docker.io/library/golden:1 does not tell the diffIDs of its layers"
    ]
