"""Facts about many images, each looked up once, many at the same time."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from slimgate.cli.ports import Inspector
from slimgate.cli.progress import Board
from slimgate.core.base import KnownBase
from slimgate.core.errors import ImageError, UnavailableError, UnsupportedError
from slimgate.core.image import Inspection, Platform, Wants
from slimgate.core.policy import NamedBase
from slimgate.core.reference import Reference
from slimgate.core.source import SourcedReference

Seen = Inspection | ImageError
Where = Callable[[str], SourcedReference]
"""Tells where to look a reference up; raises ImageError."""
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

    async def find(self, wanted: Mapping[str, Wants], where: Where) -> dict[str, Seen]:
        """Look references up where `where` says; each gives facts, or why there are none."""
        found = await asyncio.gather(
            *(self._find(text, want, where) for text, want in wanted.items())
        )
        return dict(zip(wanted, found, strict=True))

    async def bases(self, named: Sequence[NamedBase], where: Where) -> NamedBases:
        """Look the bases up that policies name."""
        texts = {base: str(base.reference) for base in named}
        wanted = dict.fromkeys(texts.values(), Wants(config=True))
        seen = await self.find(wanted, where)
        known: list[KnownBase] = []
        missing: dict[Reference, ImageError] = {}
        for base, text in texts.items():
            found = _known(base, seen[text])
            if isinstance(found, ImageError):
                missing[base.reference] = found
            else:
                known += found
        return NamedBases(known=tuple(known), missing=missing)

    async def _find(self, text: str, want: Wants, where: Where) -> Seen:
        try:
            sourced = where(text)
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


def _known(named: NamedBase, seen: Seen) -> list[KnownBase] | ImageError:
    if isinstance(seen, ImageError):
        return seen
    known: list[KnownBase] = []
    for facts in seen.images:
        diff_ids = tuple(layer.diff_id for layer in facts.layers if layer.diff_id is not None)
        if len(diff_ids) != len(facts.layers):
            # A part of a base must never prove what stands on that part.
            return UnsupportedError(f"{named.reference} does not tell the diffIDs of its layers")
        known.append(
            KnownBase(
                reference=str(named.reference),
                name=named.name or named.reference.familiar,
                tier=facts.base.tier if named.tier is None else named.tier,
                family=facts.base.family,
                diff_ids=diff_ids,
                toolchains=facts.toolchains,
            )
        )
    return known
