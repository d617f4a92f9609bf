"""A judge's way to facts about images: many at the same time, none for ever."""

from collections.abc import Sequence
from contextlib import suppress
from typing import Final

from slimgate.cli.shared.pool import LookupPool
from slimgate.cli.shared.ports import ComparingInspector
from slimgate.cli.shared.progress import Board
from slimgate.core.errors import UnavailableError
from slimgate.core.images.facts import Inspection, Wants
from slimgate.core.images.source import parse_source
from slimgate.engine.bases import Bases
from slimgate.engine.catalog import Catalog
from slimgate.engine.inspector import Question

_CONFIG: Final = Wants(config=True)
"""Reports show the base of every image, and the instruction behind its largest layer."""


class Lookup:
    """Looks images up; one that takes longer than `seconds` is given up."""

    def __init__(self, inspector: ComparingInspector, *, seconds: float, shown: Board) -> None:
        self._inspector = inspector
        self._pool = LookupPool(shown, seconds)

    @property
    def bases(self) -> Bases:
        """What images are compared with."""
        return self._inspector.bases

    async def refresh_bases(self, catalog: Catalog) -> None:
        """Look all BaseImages up; what is not known in time is missing."""
        with suppress(UnavailableError):
            async with self._pool.take("BaseImages"):
                await self.bases.refresh(catalog.base_images, catalog.platforms)

    def hits(self, questions: Sequence[Question]) -> None:
        """Leave it to the inspector, whose answers from memory cost a task and no more."""

    async def inspect(self, question: Question) -> Inspection:
        """Look an image up."""
        async with self._pool.take(question.text) as progress:
            return await self._inspector.inspect(
                parse_source(question.text),
                platforms=question.platforms,
                want=question.wants | _CONFIG,
                progress=progress,
            )
