"""One call with one credential, and how it came out."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from math import inf
from typing import Final

from yarl import URL

from slimgate.core.credentials.challenge import Challenge
from slimgate.core.credentials.identity import Credential, Ration
from slimgate.core.errors import ImageError, RateLimitedError, UnsupportedError
from slimgate.core.images.reference import Reference
from slimgate.registry.abroad import Abroad
from slimgate.registry.body import Answer
from slimgate.registry.errors import (
    MAX_ERROR_BODY,
    error_of,
    is_answer_to_plain_http,
    retry_after_seconds,
)
from slimgate.registry.ratelimit import Whom, remaining_of

_PASSING: Final = frozenset({500, 502, 503, 504})


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistryCall:
    """What to ask: `path` follows the repository, `accept` are the statuses that are no refusal."""

    reference: Reference
    method: str
    path: str
    what: str
    seconds: float
    headers: Mapping[str, str] = field(default_factory=dict)
    accept: frozenset[int] = frozenset({200})


@dataclass(frozen=True, slots=True, kw_only=True)
class Unauthorized:
    """A wish for a login; `url` is who has it, None if it is the registry itself."""

    challenges: tuple[Challenge, ...]
    error: ImageError
    url: URL | None


@dataclass(frozen=True, slots=True)
class Busy:
    """An answer that may be another one soon: a 429 or 5xx; `whom` has the limit, if one has."""

    error: ImageError
    whom: Whom | None
    seconds: float | None


@dataclass(slots=True, kw_only=True)
class Turn:
    """A call with one credential: for whom, what it shows the registry, whom it is sent on to."""

    call: RegistryCall
    asker: str
    ration: Ration | None
    base: URL
    credential: Credential | None
    sent: str | None
    abroad: Abroad
    answered: bool = False

    def busy(self, answer: Answer, error: ImageError) -> Busy | None:
        """Tell whether asking once more may help, and when."""
        if isinstance(error, RateLimitedError):
            # Who says what is left of a quota has one, and another try takes from it.
            counts = remaining_of(answer.headers.get("RateLimit-Remaining")) is not None
            return Busy(error, self._whom(answer), inf if counts else error.retry_after)
        if answer.status in _PASSING:
            return Busy(error, None, _retry_after(answer))
        return None

    async def refusal(self, answer: Answer) -> ImageError:
        """Make the error of an answer that is no success."""
        request = answer.request
        body = await answer.peek(MAX_ERROR_BODY) if request.method != "HEAD" else b""
        if request.url.scheme == "http" and is_answer_to_plain_http(answer.status, body):
            return UnsupportedError(
                f"{request.name} speaks TLS, and was called without; "
                "take plainHTTP out of its entry in the configuration file"
            )
        own = self.credential if self.sent is not None else None
        return error_of(
            answer.status,
            body,
            host=request.name,
            what=self.call.what,
            shown=self.abroad.shown(request.url) if request.moved else own,
            retry_after=_retry_after(answer),
        )

    def _whom(self, answer: Answer) -> Whom:
        registry = self.call.reference.registry
        if answer.request.moved:
            return self.abroad.whom(registry, answer.request.url)
        return Whom(host=registry, account=self.credential, name=registry)


def _retry_after(answer: Answer) -> float | None:
    return retry_after_seconds(answer.headers.get("Retry-After"), datetime.now(UTC))
