"""What is too much to be done on the loop, which is everybody's: in a thread, by turns."""

from collections.abc import Callable
from typing import Final, TypeVar, TypeVarTuple

from slimgate.core.errors import OverloadedError
from slimgate.engine.cpu_turns import CpuTurns, Share
from slimgate.engine.fair import Fair

_MOST: Final = 20
"""How many may wait, however little they are: each is somebody's, who holds a connection."""

T = TypeVar("T")
Ts = TypeVarTuple("Ts")


class Aside:
    """One thread; what waits for it is at most so many bytes of `what`, shared fairly.

    It rests for `rest` times as long as it works: beside the standard library's JSON no other
    Python runs.
    """

    def __init__(self, what: str, room: int, share: Share | None = None, rest: float = 0.0) -> None:
        self._what = what
        self._turns = CpuTurns(what, 1, share=share, rest=rest)
        self._room = Fair(room)
        self._least = room // _MOST

    async def run(
        self, asker: str, length: int, function: Callable[[*Ts], T], *arguments: *Ts
    ) -> T:
        """Call a function on so many bytes; OverloadedError where too much waits."""
        weight = max(length, self._least)
        if not self._room.serves(asker, weight):
            # Whoever waited would keep the bytes meanwhile, and memory is what is shared here.
            raise OverloadedError(f"slimgate has more large {self._what} to read than it takes on")
        async with self._room.hold(asker, weight):
            return await self._turns.call(asker, function, *arguments)

    async def call(self, asker: str, function: Callable[[], T]) -> T:
        """Call a function on what is in memory anyhow."""
        return await self._turns.call(asker, function)

    def close(self) -> None:
        """Begin nothing more."""
        self._turns.close()
