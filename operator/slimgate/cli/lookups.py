"""References of a command line, looked up at the same time."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from slimgate.cli.ports import Inspector
from slimgate.cli.progress import Board
from slimgate.core.errors import InvalidReferenceError, SlimgateError, UnauthorizedError
from slimgate.core.image import Inspection, Platform, Wants
from slimgate.core.reference import Reference
from slimgate.core.source import parse_source
from slimgate.core.text import printable

_AT_ONCE: Final = 16
_LOGIN: Final = "docker login"


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


async def look_up(
    inspector: Inspector, references: Sequence[str], platforms: tuple[Platform, ...], shown: Board
) -> list[Inspection | Failure]:
    """Look all references up at the same time; one entry each, in their order."""
    room = asyncio.Semaphore(_AT_ONCE)
    return await asyncio.gather(
        *(_inspect(inspector, text, platforms, room, shown) for text in references)
    )


async def _inspect(
    inspector: Inspector,
    text: str,
    platforms: tuple[Platform, ...],
    room: asyncio.Semaphore,
    shown: Board,
) -> Inspection | Failure:
    try:
        sourced = parse_source(text)
        async with room:
            with shown.line(text) as progress:
                return await inspector.inspect(
                    sourced,
                    platforms=platforms,
                    want=Wants(config=True, layers=True),
                    progress=progress,
                )
    except SlimgateError as err:
        return Failure(text=text, error=err)
