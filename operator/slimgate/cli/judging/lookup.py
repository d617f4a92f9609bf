"""Facts about many images, each looked up once, many at the same time."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from slimgate.cli.judging.sources import Sources
from slimgate.cli.ports import Inspector
from slimgate.cli.progress import Board
from slimgate.core.base import KnownBase
from slimgate.core.errors import ImageError, UnavailableError
from slimgate.core.image import Inspection, Platform, Wants
from slimgate.core.policy import NamedBase
from slimgate.core.reference import Reference

Seen = Inspection | ImageError
_AT_ONCE = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedBases:
    """The bases that policies name, as their registries have them now."""

    known: tuple[KnownBase, ...] = ()
    missing: Mapping[Reference, ImageError] = field(default_factory=dict)


class Lookup:
    """Looks images up; one that takes longer than `seconds` is given up."""

    def __init__(
        self,
        inspector: Inspector,
        *,
        platforms: tuple[Platform, ...],
        seconds: float,
        shown: Board,
    ) -> None:
        self._inspector = inspector
        self._platforms = platforms
        self._seconds = seconds
        self._shown = shown
        self._room = asyncio.Semaphore(_AT_ONCE)

    async def find(self, wanted: Mapping[str, Wants], sources: Sources) -> dict[str, Seen]:
        """Look references up where `sources` says; each gives facts, or why there are none."""
        found = await asyncio.gather(
            *(self._find(text, want, sources) for text, want in wanted.items())
        )
        return dict(zip(wanted, found, strict=True))

    async def bases(self, named: Sequence[NamedBase], sources: Sources) -> NamedBases:
        """Look the bases up that policies name."""
        texts = {base: str(base.reference) for base in named}
        wanted = dict.fromkeys(texts.values(), Wants(config=True))
        seen = await self.find(wanted, sources)
        known: list[KnownBase] = []
        missing: dict[Reference, ImageError] = {}
        for base, text in texts.items():
            answer = seen[text]
            if isinstance(answer, ImageError):
                missing[base.reference] = answer
            else:
                known += _known(base, answer)
        return NamedBases(known=tuple(known), missing=missing)

    async def _find(self, text: str, want: Wants, sources: Sources) -> Seen:
        try:
            sourced = sources.of(text)
            async with self._room:
                with self._shown.line(text) as progress:
                    async with asyncio.timeout(self._seconds):
                        return await self._inspector.inspect(
                            sourced, platforms=self._platforms, want=want, progress=progress
                        )
        except ImageError as error:
            return error
        except TimeoutError:
            return UnavailableError(
                f"looking it up took longer than {self._seconds:g} s, which --timeout allows"
            )


def _known(named: NamedBase, inspection: Inspection) -> list[KnownBase]:
    return [
        KnownBase(
            reference=str(named.reference),
            name=named.name or named.reference.familiar,
            tier=facts.base.tier if named.tier is None else named.tier,
            family=facts.base.family,
            diff_ids=tuple(layer.diff_id for layer in facts.layers if layer.diff_id is not None),
            toolchains=facts.toolchains,
        )
        for facts in inspection.images
    ]
