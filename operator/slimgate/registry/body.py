"""Reads bodies that may be endless, and checks bytes against the digest that names them."""

import asyncio
import hashlib
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

import aiohttp

from slimgate.core.errors import (
    DigestMismatchError,
    ImageError,
    TooLargeError,
    UnavailableError,
    UnsupportedError,
)
from slimgate.core.images.facts import Digest
from slimgate.registry.requests import HttpRequest

_CHUNK: Final = 64 * 2**10


@dataclass(frozen=True, slots=True)
class BodyPace:
    """How long to wait for a body in all: so long, and so much longer for each byte that came."""

    seconds: float
    per_byte: float


class Answer:
    """An answer whose body has not been read; `status` and `headers` are as they came.

    `request` is the one that got it: where `moved`, of a host that redirects led to, which speaks
    for itself only.
    """

    def __init__(
        self,
        response: aiohttp.ClientResponse,
        request: HttpRequest,
        deadline: asyncio.Timeout | None = None,
    ) -> None:
        self._response = response
        self._deadline = deadline
        self._host = request.name
        self.request = request
        self.status = response.status
        self.headers = response.headers

    @property
    def stated_length(self) -> int | None:
        """How long the body will be, as it was stored, if the answer says that."""
        return None if self._is_encoded else self._response.content_length

    def length(self, limit: int) -> int:
        """Tell how long the body will be: as long as may be, where the answer does not say."""
        length = self._response.content_length
        return limit if length is None else min(length, limit)

    async def read(self, limit: int) -> bytes:
        """Read the whole body; TooLargeError beyond `limit` bytes."""
        parts: list[bytes] = []
        try:
            async for chunk in self.chunks(limit):
                parts.append(chunk)  # noqa: PERF401 - a comprehension hides where it stops
            return b"".join(parts)
        finally:
            # An error's traceback leads here, and may be part of a cycle that is found late.
            parts.clear()

    async def chunks(
        self, limit: int, pace: BodyPace | None = None, *, beyond: ImageError | None = None
    ) -> AsyncIterator[bytes]:
        """Yield the body in pieces of up to 64 KiB; TooLargeError beyond `limit` bytes, or another.

        UnavailableError if it comes too slowly; the time that the caller takes does not count.
        """
        if self._is_encoded:
            raise UnsupportedError(f"{self._host} compresses its answer though it was asked not to")
        length = self._response.content_length
        if length is not None and length > limit:
            raise beyond or self._too_large(limit)
        count, waited, since = 0, 0.0, time.monotonic()
        async for chunk in self._response.content.iter_chunked(_CHUNK):
            count += len(chunk)
            waited += time.monotonic() - since
            if count > limit:
                raise beyond or self._too_large(limit)
            if pace is not None and waited > pace.seconds + count * pace.per_byte:
                raise UnavailableError(f"{self._host} sends too slowly, so slimgate gave up")
            yield chunk
            since = time.monotonic()

    @contextmanager
    def aside(self) -> Iterator[None]:
        """Do what the registry is not to blame for: its time does not run meanwhile."""
        deadline, since = self._deadline, time.monotonic()
        until = None if deadline is None else deadline.when()
        if deadline is None or until is None or deadline.expired():
            yield
            return
        deadline.reschedule(None)
        try:
            yield
        finally:
            deadline.reschedule(until + time.monotonic() - since)

    async def peek(self, limit: int) -> bytes:
        """Read up to `limit` bytes of a body that only explains a refusal."""
        try:
            return await self.read(limit)
        except (TooLargeError, UnsupportedError, aiohttp.ClientError):
            return b""

    @property
    def _is_encoded(self) -> bool:
        return self.headers.get("Content-Encoding", "identity").lower() != "identity"

    def _too_large(self, limit: int) -> TooLargeError:
        return TooLargeError(
            f"{self._host} answers with more than the {limit} bytes slimgate reads"
        )


def digest_of(body: bytes, algorithm: str = "sha256") -> Digest:
    """Compute a digest; `algorithm` is sha256 or sha512."""
    return Digest(f"{algorithm}:{hashlib.new(algorithm, body).hexdigest()}")


def verify(body: bytes, digest: Digest, what: str) -> None:
    """Raise DigestMismatchError if the bytes are not those that the digest names."""
    actual = digest_of(body, algorithm_of(digest))
    if actual != digest:
        raise mismatch(what, digest, actual)


def mismatch(what: str, expected: Digest, actual: Digest) -> DigestMismatchError:
    """Make the error for bytes that are not those that were asked for."""
    return DigestMismatchError(
        f"{what} should be {expected} but its bytes are {actual}; "
        "the registry, or something on the way to it, has altered it"
    )


def algorithm_of(digest: Digest) -> str:
    """Tell sha256 or sha512."""
    return digest.partition(":")[0]
