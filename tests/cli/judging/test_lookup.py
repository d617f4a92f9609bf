"""Many look-ups: each once, at the same time, none for ever."""

import asyncio
from dataclasses import replace

from slimgate.cli.judging.lookup import Lookup
from slimgate.cli.progress import SilentBoard
from slimgate.core.errors import InvalidReferenceError, UnavailableError
from slimgate.core.images.facts import Digest, Inspection, Platform, Wants
from slimgate.core.images.reference import Reference
from slimgate.core.images.source import SourcedReference, parse_source
from slimgate.core.images.tier import Tier
from slimgate.core.policies.base_image import BaseImage
from slimgate.sources.stream import Progress
from tests.cli.facts import FAT, SOYA, inspection
from tests.cli.make import Known

FACTS = inspection("a", FAT)
SOME = Wants(config=True)
GOLDEN = Reference.parse("golden:1")


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
    assert str(found["late"]) == "looking it up took longer than 0.05s, which --timeout allows"
    assert (found["a"], found["b"]) == (FACTS, FACTS)


async def test_what_names_no_image() -> None:
    """A reference that is none is an answer of its own, and asks nobody."""
    known = Known()
    found = await _lookup(known, 30).find({"NO IMAGE": SOME}, parse_source)

    assert isinstance(found["NO IMAGE"], InvalidReferenceError)
    assert known.asked == []


def _golden(*earlier: Digest, tier: Tier | None = None) -> BaseImage:
    return BaseImage(
        name="golden",
        references=(GOLDEN,),
        tier=tier,
        earlier=tuple((GOLDEN, digest) for digest in earlier),
    )


async def test_bases_without_diff_ids() -> None:
    """A base that does not tell all its layers proves nothing, and is missing."""
    bare = replace(FAT, layers=(*FAT.layers, replace(FAT.layers[0], diff_id=None)))
    known = Known({str(GOLDEN): inspection("golden", bare)})
    bases = await _lookup(known, 30).bases([_golden()], parse_source)

    assert bases.known == ()
    assert [str(error) for error in bases.missing.values()] == [
        "docker.io/library/golden:1 does not list the diffIDs of its layers"
    ]


async def test_what_a_base_was() -> None:
    """The digests that a cluster knows of a tag are bases too; what is gone of them is no error."""
    assert FAT.digest is not None
    old, gone = (Digest(f"sha256:{letter * 64}") for letter in "0d")
    seen = {str(GOLDEN): inspection("now", FAT), str(GOLDEN.at(old)): inspection("then", SOYA)}
    known = Known(seen)
    images = [_golden(FAT.digest, old, gone, tier=Tier.SLIM)]
    bases = await _lookup(known, 30).bases(images, parse_source)

    assert [base.diff_ids for base in bases.known] == [
        tuple(layer.diff_id for layer in facts.layers) for facts in (FAT, SOYA)
    ]
    assert {(base.name, base.tier, base.base_image) for base in bases.known} == {
        ("golden:1", Tier.SLIM, "golden")
    }
    assert bases.missing == {}
    assert len(known.asked) == 3
