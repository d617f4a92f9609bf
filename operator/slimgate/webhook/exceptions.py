"""Answers AdmissionReviews of SlimExceptions: bytes in, bytes out, from memory alone."""

import logging
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

from slimgate.core.admission.decision import answer_of, request_of, uid_of
from slimgate.core.admission.exception_review import Find, review
from slimgate.core.json_object import mapping_at, text_at
from slimgate.core.text import printable
from slimgate.webhook.parsing import ReviewParser
from slimgate.webhook.ports import AdmissionObserver, SilentAdmissionObserver

_LOG: Final = logging.getLogger(__name__)


class ExceptionService:
    """Refuses exceptions that the policies which they name do not allow; `find` knows those."""

    def __init__(
        self,
        find: Find,
        *,
        observer: AdmissionObserver | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._find = find
        self._observer = observer or SilentAdmissionObserver()
        self._now = now
        self._parser = ReviewParser()

    async def answer(self, body: bytes, _seconds: float) -> bytes:
        """Answer a review; InvalidReviewError if the body is none."""
        asked = await self._parser.parse(body, lambda review: review)
        request = request_of(asked)
        decision = review(request, self._find, self._now())
        if not decision.allowed:
            name = text_at(mapping_at(mapping_at(request, "object"), "metadata"), "name")
            whole = printable(f"{text_at(request, 'namespace')}/{name}")
            _LOG.info("SlimException %s was refused: %s", whole, decision.message)
        answer = answer_of(uid_of(asked), decision)
        self._observer.exception(text_at(request, "operation"), allowed=decision.allowed)
        return answer

    def answer_unread(self, _head: bytes, _why: str) -> None:
        """Give no answer: whether an exception is allowed, its end would tell."""
