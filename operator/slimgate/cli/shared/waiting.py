"""How long one image may take: --timeout."""

import asyncio
import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from slimgate.core.duration import format_duration
from slimgate.core.errors import UnavailableError


@asynccontextmanager
async def within(seconds: float) -> AsyncIterator[None]:
    """Give up after so many seconds, with UnavailableError; never if they are infinite."""
    try:
        async with asyncio.timeout(None if math.isinf(seconds) else seconds):
            yield
    except TimeoutError as err:
        raise UnavailableError(
            f"looking it up took longer than {format_duration(seconds)}, which --timeout allows"
        ) from err
