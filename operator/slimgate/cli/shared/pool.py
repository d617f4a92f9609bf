"""How commands look things up: so many at the same time, each with a line, none for ever."""

import asyncio
import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from slimgate.cli.shared.progress import Board
from slimgate.core.duration import format_duration
from slimgate.core.errors import UnavailableError
from slimgate.sources.stream import Progress

_AT_ONCE: Final = 16


class LookupPool:
    """Gives each look-up room, a line on the board, and `seconds`: --timeout."""

    def __init__(self, shown: Board, seconds: float = math.inf) -> None:
        self._shown = shown
        self._seconds = seconds
        self._room = asyncio.Semaphore(_AT_ONCE)

    @asynccontextmanager
    async def take(self, name: str) -> AsyncIterator[Progress | None]:
        """Wait for room; once the time is over, end what is done in it with UnavailableError."""
        async with self._room:
            try:
                async with asyncio.timeout(None if math.isinf(self._seconds) else self._seconds):
                    with self._shown.line(name) as progress:
                        yield progress
            except TimeoutError as err:
                raise UnavailableError(
                    f"looking it up took longer than {format_duration(self._seconds)}, "
                    "which --timeout allows"
                ) from err
