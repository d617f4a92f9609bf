"""How long a review waits for what is not known, where, and what it may take meanwhile."""

import asyncio

from slimgate.core.credentials.identity import Identity
from slimgate.core.errors import OverloadedError
from slimgate.engine.ports import Place
from slimgate.engine.ration import ReviewLimits, ReviewRation


class Wait:
    """One review's: its time runs from when it first waits, and has a place where it needs one."""

    def __init__(self, limits: ReviewLimits, deadline: float, place: Place | None) -> None:
        self._limits = limits
        self._deadline = deadline
        self._place = place
        self._ration = ReviewRation(limits)
        self._refused: OverloadedError | None = None
        self._until: float | None = None
        self.seconds = 0.0
        """How long it waits in all, as people are told."""

    @property
    def left(self) -> float:
        """How long it still waits."""
        now = asyncio.get_running_loop().time()
        return max(0.0, self._until - now) if self._until is not None else 0.0

    async def enter(self) -> None:
        """Take a place, unless it has one; OverloadedError if there is none, then and later."""
        if self._refused is not None:
            raise self._refused.bare()
        if self._place is None:
            return
        try:
            await self._place.take(self._deadline - asyncio.get_running_loop().time())
        except OverloadedError as error:
            self._refused = error.bare()
            raise

    async def begin(self) -> None:
        """Take a place, and only then let the time run; OverloadedError if there is none."""
        await self.enter()
        if self._until is None:
            now = asyncio.get_running_loop().time()
            left = min(max(0.0, self._deadline - now), self._limits.wait_seconds)
            self._until, self.seconds = now + left, round(left, 2)

    def asking(self, identity: Identity) -> Identity:
        """Ask as somebody, in the review's turn and by what it may take."""
        asker = identity.asker if self._place is None else self._place.asker
        return identity.rationed(self._ration, asker)
