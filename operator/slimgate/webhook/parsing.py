"""Parses reviews: those of some weight in a thread, since the loop is everybody's."""

from collections.abc import Callable
from typing import Final, TypeVar

from slimgate.core.admission.head import fields_before_objects
from slimgate.core.errors import TooLargeError
from slimgate.core.json_object import text_at
from slimgate.core.nesting import values_in
from slimgate.engine.threads import Threads
from slimgate.webhook.body import parse_review
from slimgate.webhook.turns import Turns

_LIGHT_VALUES: Final = 2**13
"""What takes a few milliseconds; a review of an honest workload has some hundred values."""
_MANY_LISTS: Final = 2**16
"""Lists that would keep Python's parser from giving others a turn; no workload needs so many."""
_MAX_WAITING: Final = 32 * 2**20
"""Bytes of all bodies that wait for the thread."""

T = TypeVar("T")


class ReviewParser:
    """One thread, by turns of namespaces."""

    def __init__(self) -> None:
        self._threads = Threads("reviews", 1)
        self._turn = Turns(1)
        self._waiting = 0

    async def parse(self, body: bytes, read: Callable[[object], T]) -> T:
        """Parse a body, and `read` what matters from it, in the thread where there is much of it.

        InvalidReviewError if it is not JSON, TooLargeError if it holds too much,
        OverloadedError if too many wait.
        """
        if values_in(body) <= _LIGHT_VALUES:
            return read(parse_review(body))
        if body.count(b"[") > _MANY_LISTS:
            raise TooLargeError(f"it has more than the {_MANY_LISTS:,} lists that slimgate reads")
        if self._waiting + len(body) > _MAX_WAITING:
            raise TooLargeError("too many large objects are being read at once; try again")
        self._waiting += len(body)
        try:
            namespace = text_at(fields_before_objects(body), "namespace")
            async with self._turn.hold(namespace, None):
                return await self._threads.run(_read_gently, body, read)
        finally:
            self._waiting -= len(body)


def _read_gently(body: bytes, read: Callable[[object], T]) -> T:
    return read(parse_review(body, gently=True))
