"""Facts about many images, each looked up once, many at the same time."""

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from slimgate.cli.ports import Inspector
from slimgate.cli.progress import Board
from slimgate.cli.waiting import within
from slimgate.core.base import KnownBase
from slimgate.core.errors import ImageError, UnsupportedError
from slimgate.core.images.facts import Inspection, Platform, Wants
from slimgate.core.images.reference import Reference
from slimgate.core.images.source import SourcedReference
from slimgate.core.policies.base_image import BaseImage

Seen = Inspection | ImageError
Where = Callable[[str], SourcedReference]
"""Tells where to look a reference up; raises ImageError."""
_AT_ONCE = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class LookedUpBases:
    """The bases of BaseImages, as their registries have them now."""

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

    async def bases(self, images: Sequence[BaseImage], where: Where) -> LookedUpBases:
        """Look up the references of BaseImages, and what they were by what the cluster knows."""
        references = dict.fromkeys(one for image in images for one in image.references)
        seen = await self._references(references, where)
        # What a reference points at now need not be looked up once more by its digest.
        now = {one.digest for one in seen.values() if isinstance(one, Inspection)}
        former = dict.fromkeys(
            reference.at(digest)
            for image in images
            for reference, digest in image.earlier
            if digest not in now
        )
        then = await self._references(former, where)
        found = {reference: _bases(reference, one) for reference, one in seen.items()}
        known = (base for image in images for base in _of(image, found, then))
        errors = {ref: one for ref, one in found.items() if isinstance(one, ImageError)}
        return LookedUpBases(known=tuple(known), missing=errors)

    async def _references(
        self, references: Iterable[Reference], where: Where
    ) -> dict[Reference, Seen]:
        wanted = {one: str(one) for one in references}
        seen = await self.find(dict.fromkeys(wanted.values(), Wants(config=True)), where)
        return {one: seen[text] for one, text in wanted.items()}

    async def _find(self, text: str, want: Wants, where: Where) -> Seen:
        try:
            sourced = where(text)
            async with self._room, within(self._seconds):
                with self._shown.line(text) as progress:
                    return await self._inspector.inspect(
                        sourced, platforms=self._platforms, want=want, progress=progress
                    )
        except ImageError as error:
            return error


def _of(
    image: BaseImage,
    found: Mapping[Reference, Sequence[KnownBase] | ImageError],
    former: Mapping[Reference, Seen],
) -> Iterator[KnownBase]:
    """Yield the bases of a BaseImage, which has the last word on their tier, newest first."""
    for reference in image.references:
        then = [former.get(reference.at(digest)) for digest in image.earlier_of(reference)]
        builds = [found[reference], *(_bases(reference, one) for one in then if one is not None)]
        for base in (base for one in builds if not isinstance(one, ImageError) for base in one):
            tier = base.tier if image.tier is None else image.tier
            yield replace(base, tier=tier, base_image=image.name)


def _bases(reference: Reference, seen: Seen) -> Sequence[KnownBase] | ImageError:
    if isinstance(seen, ImageError):
        return seen
    known: list[KnownBase] = []
    for facts in seen.images:
        diff_ids = tuple(layer.diff_id for layer in facts.layers if layer.diff_id is not None)
        if len(diff_ids) != len(facts.layers):
            # A part of a base must never prove what is based on that part.
            return UnsupportedError(f"{reference} does not list the diffIDs of its layers")
        known.append(
            KnownBase(
                reference=str(reference),
                name=reference.familiar,
                tier=facts.base.tier,
                family=facts.base.family,
                diff_ids=diff_ids,
                toolchains=facts.toolchains,
            )
        )
    return known
