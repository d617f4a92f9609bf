"""Turns HTTP requests into reviews; a wrong path or method is an error, and never an allow.

aiohttp's low-level handler: two routes need no router, and each admission waits for this code.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping
from contextlib import suppress
from http import HTTPStatus
from typing import Final

from aiohttp.web import BaseRequest, Response

from slimgate.core.admission.decision import InvalidReviewError
from slimgate.engine.bounded import Bounded
from slimgate.webhook.body import BodyReader, RefusedError, UnreadError
from slimgate.webhook.callers import Callers
from slimgate.webhook.deadline import Deadline
from slimgate.webhook.ports import AdmissionObserver, Loaded, Reviewer

WORKLOADS: Final = "/validate"
EXCEPTIONS: Final = "/validate-exceptions"
_MAX_WAYS: Final = 16
_LOG: Final = logging.getLogger(__name__)


class AdmissionHandler:
    """Turns HTTP into bytes for the reviewer of its path, and back."""

    def __init__(
        self,
        reviewers: Mapping[str, Reviewer],
        *,
        deadline: Deadline,
        bodies: BodyReader,
        callers: Callers,
        observer: AdmissionObserver,
        loaded: Loaded,
        is_draining: Callable[[], bool],
    ) -> None:
        self._reviewers = reviewers
        self._deadline = deadline
        self._bodies = bodies
        self._callers = callers
        self._observer = observer
        self._loaded = loaded
        self._is_draining = is_draining
        self._ways: Bounded[str, tuple[Reviewer, float]] = Bounded(_MAX_WAYS)

    async def __call__(self, request: BaseRequest) -> Response:
        """Answer one request."""
        try:
            response = await self._admit(request)
        except RefusedError as err:
            response = self._refuse(err.status, str(err))
        except InvalidReviewError as err:
            response = self._refuse(HTTPStatus.BAD_REQUEST, str(err))
        except ConnectionError:
            raise
        except Exception:  # noqa: BLE001 - without a uid nothing can be answered: failurePolicy decides
            _LOG.exception("an admission request could not be answered")
            response = self._refuse(HTTPStatus.INTERNAL_SERVER_ERROR, "slimgate itself failed")
        if self._is_draining():
            response.force_close()
        return response

    async def _admit(self, request: BaseRequest) -> Response:
        self._callers.check(request)
        clock = asyncio.get_running_loop().time
        began = clock()
        known = self._ways.get(request.raw_path) if request.method == "POST" else None
        reviewer, seconds = known or self._way(request)
        if why := self._loaded.unready_reason():
            await self._wait(seconds, why)
        try:
            body = await self._bodies.read(request, seconds)
        except UnreadError as err:
            # An error would be no answer, and what nobody has read would be let through.
            answer = reviewer.answer_unread(err.head, err.why)
            if answer is None:
                raise
            response = _json(answer)
            response.force_close()
            return response
        return _json(await reviewer.answer(body, max(0.0, began + seconds - clock())))

    async def _wait(self, seconds: float, why: str) -> None:
        """Wait until all policies are known: without them everything would be let in.

        A Service goes on calling a container that was started anew until its pod is seen unready.
        """
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._loaded.ready()
                return
        raise RefusedError(HTTPStatus.SERVICE_UNAVAILABLE, why)

    def _way(self, request: BaseRequest) -> tuple[Reviewer, float]:
        """Find who answers, and in which time: an API server writes the same each time."""
        url = request.rel_url
        reviewer = self._reviewers.get(url.path)
        if reviewer is None:
            paths = " and ".join(self._reviewers)
            raise RefusedError(
                HTTPStatus.NOT_FOUND,
                f"there is nothing at this path: admissions are reviewed at {paths}",
            )
        if request.method != "POST":
            raise RefusedError(
                HTTPStatus.METHOD_NOT_ALLOWED, f"{url.path} takes POST with an AdmissionReview"
            )
        way = reviewer, self._deadline.seconds(url.query.get("timeout"))
        self._ways.put(request.raw_path, way)
        return way

    def _refuse(self, status: HTTPStatus, message: str) -> Response:
        self._observer.invalid_request(status.value)
        response = Response(status=status, text=f"slimgate: {message}\n")
        if status is HTTPStatus.METHOD_NOT_ALLOWED:
            response.headers["Allow"] = "POST"
        response.force_close()
        return response


def _json(body: bytes) -> Response:
    return Response(body=body, content_type="application/json")
