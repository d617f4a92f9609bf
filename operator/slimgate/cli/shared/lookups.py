"""References of a command line, looked up at the same time."""

import asyncio
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from slimgate.cli.shared.documents import Document
from slimgate.cli.shared.exits import status_of
from slimgate.cli.shared.pool import LookupPool
from slimgate.cli.shared.ports import Inspector
from slimgate.cli.shared.progress import Board
from slimgate.core.errors import InvalidReferenceError, SlimgateError, UnauthorizedError
from slimgate.core.images.facts import Inspection, Platform, Wants
from slimgate.core.images.reference import Reference
from slimgate.core.images.source import parse_source
from slimgate.core.text import printable

_LOGIN: Final = "docker login"
_EVERYTHING: Final = Wants(config=True, layers=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """A reference that could not be looked up, and why."""

    text: str
    error: SlimgateError

    @property
    def sentence(self) -> str:
        """What is wrong with which reference."""
        name, why = printable(self.text), str(self.error)
        if isinstance(self.error, InvalidReferenceError):
            return why  # which names the text itself
        if isinstance(self.error, UnauthorizedError) and _LOGIN not in why:
            why += f"; or log in: {_LOGIN} {Reference.parse(self.text).registry}"
        return why if name in why else f"{name}: {why}"

    @property
    def status(self) -> int:
        """The exit status that it gives."""
        return status_of(self.error)

    @property
    def document(self) -> Document:
        """The failure for other programs."""
        return {"reference": self.text, "error": self.sentence}


async def look_up(
    inspector: Inspector,
    references: Sequence[str],
    platforms: tuple[Platform, ...],
    shown: Board,
    *,
    seconds: float = math.inf,
) -> list[Inspection | Failure]:
    """Look all references up at the same time; one entry each, in their order."""
    pool = LookupPool(shown, seconds)

    async def inspect(text: str) -> Inspection | Failure:
        try:
            sourced = parse_source(text)
            async with pool.take(text) as progress:
                return await inspector.inspect(
                    sourced, platforms=platforms, want=_EVERYTHING, progress=progress
                )
        except SlimgateError as err:
            return Failure(text=text, error=err)

    return await asyncio.gather(*map(inspect, references))
