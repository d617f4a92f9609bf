"""Reads requests' bodies within three limits: bytes of one, bytes of all together, and time."""

import asyncio
from http import HTTPStatus
from typing import Final

from aiohttp.web import BaseRequest

from slimgate.core.admission.decision import InvalidReviewError
from slimgate.core.admission.head import MAX_HEAD
from slimgate.core.nesting import parse
from slimgate.core.quantity import format_bytes

_MEDIA_TYPE: Final = "application/json"
_FREE_BYTES: Final = 128 * 2**10


def parse_review(body: bytes, *, gently: bool = False) -> object:
    """Parse a body, whatever its depth; InvalidReviewError if it is not JSON."""
    try:
        # What Python can't parse would be admitted without a verdict.
        return parse(body, gently=gently)[0]
    except ValueError as err:
        raise InvalidReviewError("the body is not an AdmissionReview: it is not JSON") from err


class RefusedError(Exception):
    """The request is no admission; the text tells its sender what to do."""

    def __init__(self, status: HTTPStatus, message: str) -> None:
        super().__init__(message)
        self.status = status


class UnreadError(RefusedError):
    """The body is more than is read; `head` is how it begins, `why` is for who made the object."""

    def __init__(self, status: HTTPStatus, message: str, *, why: str, head: bytes) -> None:
        super().__init__(status, message)
        self.why = why
        self.head = head


class BodyReader:
    """Reads many bodies at once; what has been read of large ones is at most `max_together`.

    The first 128 KiB of each are free: aiohttp holds as much of any connection before it is
    asked, and nobody who hoards large bodies can keep usual ones out.
    """

    def __init__(self, max_bytes: int, max_together: int, max_seconds: float) -> None:
        self._max_seconds = max_seconds
        self._max_bytes = max_bytes
        self._max_together = max_together
        self._held = 0

    async def read(self, request: BaseRequest, seconds: float) -> bytes:
        """Read the body of a JSON request whole; RefusedError if it goes beyond a limit."""
        self._check_head(request)
        announced = request.content_length or 0
        if 0 < announced < MAX_HEAD and request.content.is_eof():
            # It is little and all there, so that there is no limit to watch.
            return request.content.read_nowait()
        seconds = min(seconds, self._max_seconds)
        chunks: list[bytes] = []
        size = held = 0
        try:
            async with asyncio.timeout(seconds):
                while chunk := await request.content.readany():
                    chunks.append(chunk)
                    size += len(chunk)
                    if size >= MAX_HEAD:
                        self._check_size(max(size, announced), chunks)
                    if size > _FREE_BYTES:
                        self._hold(size - _FREE_BYTES - held, chunks)
                        held = size - _FREE_BYTES
            return b"".join(chunks)
        except TimeoutError as err:
            raise RefusedError(
                HTTPStatus.REQUEST_TIMEOUT, f"the body did not arrive within {seconds:g} s"
            ) from err
        finally:
            self._held -= held
            # What aiohttp keeps of an error holds this frame, until garbage is collected.
            chunks.clear()

    def _hold(self, more: int, chunks: list[bytes]) -> None:
        if self._held + more > self._max_together:
            raise UnreadError(
                HTTPStatus.SERVICE_UNAVAILABLE,
                "too much is being sent at once; try again",
                why="too many large objects are being sent at once; try again",
                head=_head(chunks),
            )
        self._held += more

    def _check_head(self, request: BaseRequest) -> None:
        if request.content_type != _MEDIA_TYPE:
            raise RefusedError(
                HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
                f"send an AdmissionReview as {_MEDIA_TYPE}, not as {request.content_type}",
            )
        # Packed bytes would count too little; API servers never pack what they send to webhooks.
        if request.headers.get("Content-Encoding", "identity") != "identity":
            raise RefusedError(
                HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "send the AdmissionReview uncompressed"
            )

    def _check_size(self, size: int, chunks: list[bytes]) -> None:
        if size > self._max_bytes:
            raise UnreadError(
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
                f"an AdmissionReview may have up to {self._max_bytes} bytes",
                why=f"it is larger than the {format_bytes(self._max_bytes)} that slimgate reads",
                head=_head(chunks),
            )


def _head(chunks: list[bytes]) -> bytes:
    head = b""
    for chunk in chunks:
        head += chunk[: MAX_HEAD - len(head)]
    return head
