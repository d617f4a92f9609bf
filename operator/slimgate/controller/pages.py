"""Listings of kopf's in pages that fit into memory."""

from http import HTTPStatus
from typing import Final

from aiohttp import ClientHandlerType, ClientRequest, ClientResponse
from yarl import URL

from slimgate.controller.answers import ShallowAnswer
from slimgate.process.pages import PAGE_BYTES, fewer

_MORE: Final = 2


class Paging:
    """Asks for fewer objects where those of a page are too large, and for more by and by.

    kopf goes on with what a page says that comes next, however many it holds.
    """

    def __init__(self) -> None:
        self._last: dict[str, int] = {}
        """What fitted last, by kinds of which not all did."""

    async def __call__(self, request: ClientRequest, handler: ClientHandlerType) -> ClientResponse:
        """Send a request, a listing with as few objects as it takes."""
        asked = _limit(request.url)
        limit = min(asked, self._last.get(request.url.path, asked) * _MORE)
        while True:
            if limit != asked:
                request.url = request.url.update_query(limit=str(limit))
            answer = await handler(request)
            smaller = fewer(limit)
            if smaller is None or not isinstance(answer, ShallowAnswer) or await _fits(answer):
                if limit < asked:
                    self._last[request.url.path] = limit
                return answer
            answer.close()
            limit = smaller


def _limit(url: URL) -> int:
    """Read how many objects a listing asks for; 0 if it is none."""
    return 0 if "watch" in url.query else int(url.query.get("limit", 0))


async def _fits(answer: ShallowAnswer) -> bool:
    return answer.status != HTTPStatus.OK or await answer.fits(PAGE_BYTES)
