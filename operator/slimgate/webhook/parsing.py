"""Parses reviews: those of some weight in a thread, since the loop is everybody's."""

from collections.abc import Callable
from typing import Final, TypeVar

from slimgate.core.admission.head import fields_before_objects
from slimgate.core.errors import TooLargeError
from slimgate.core.json_object import mapping_at, text_at
from slimgate.core.nesting import values_in
from slimgate.engine.aside import Aside
from slimgate.engine.fair import Askers
from slimgate.webhook.body import parse_review

_LIGHT_VALUES: Final = 2**13
"""What takes a few milliseconds; a review of an honest workload has some hundred values."""
_MANY_LISTS: Final = 2**16
"""Lists that would keep Python's parser from giving others a turn; no workload needs so many."""
_MAX_WAITING: Final = 32 * 2**20
"""Bytes of all bodies that wait for the thread."""

T = TypeVar("T")


class ReviewParser:
    """Those of some weight by turns of users and their namespaces."""

    def __init__(self, askers: Askers | None = None) -> None:
        self._askers = askers or Askers()
        self._aside = Aside("reviews", _MAX_WAITING)

    async def parse(self, body: bytes, read: Callable[[object], T]) -> T:
        """Parse a body, and `read` what matters from it, in the thread where there is much of it.

        InvalidReviewError if it is not JSON, TooLargeError if it holds too much,
        OverloadedError if too many wait.
        """
        if values_in(body) <= _LIGHT_VALUES:
            return read(parse_review(body))
        if body.count(b"[") > _MANY_LISTS:
            raise TooLargeError(f"it has more than the {_MANY_LISTS:,} lists that slimgate reads")
        fields = fields_before_objects(body)
        user = text_at(mapping_at(fields, "userInfo"), "username")
        asker = self._askers.asker(user, text_at(fields, "namespace"))
        return await self._aside.run(asker, len(body), _read_gently, body, read)


def _read_gently(body: bytes, read: Callable[[object], T]) -> T:
    return read(parse_review(body, gently=True))
