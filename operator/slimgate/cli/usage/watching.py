"""Looks once, or again and again, and shows each time what was found."""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from slimgate.core.errors import SlimgateError

T = TypeVar("T")

SECONDS: Final = 30.0
_CLEAR: Final = "\x1b[H\x1b[2J"


async def look_and_show(
    look: Callable[[], Awaitable[T]],
    show: Callable[[T], None],
    *,
    watch: bool,
    seconds: float = SECONDS,
) -> None:
    """Show what was found; when watching, a look that fails later on leaves the last one there."""
    show(await look())
    while watch:
        await asyncio.sleep(seconds)
        try:
            found = await look()
        except SlimgateError as err:
            sys.stderr.write(f"slimgate: {err}\n")
            continue
        sys.stdout.write(_CLEAR if sys.stdout.isatty() else "\n")
        show(found)
