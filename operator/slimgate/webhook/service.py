"""Answers AdmissionReviews: bytes in, bytes out, whatever happens in between.

No HTTP here. A fault of slimgate's own never decides alone: each matching policy's onUnknown does.
Nothing is written anywhere, so a dry run needs no care.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Final

from slimgate.core.admission.decision import (
    ALLOWED,
    Decision,
    InvalidReviewError,
    Request,
    answer_of,
    bring_back,
    decide,
    decode,
    uid_of,
)
from slimgate.core.admission.head import MAX_HEAD, fields_before_objects, workload_named
from slimgate.core.admission.repeat import CONTROLLER_USERS, JUDGED_OPERATIONS, Skip, skip_of
from slimgate.core.errors import ClusterError, ImageError, OverloadedError, TooLargeError
from slimgate.core.json_object import text_at
from slimgate.core.policies.finding import Outcome, Subject
from slimgate.core.policies.verdict import Verdict, evaluate
from slimgate.core.text import printable
from slimgate.core.wording.ways import DOCS
from slimgate.core.workloads.kinds import TEMPLATE_PATHS, TemplatePaths
from slimgate.core.workloads.workload import Workload
from slimgate.engine.fair import Askers
from slimgate.webhook.body import parse_review
from slimgate.webhook.parsing import ReviewParser
from slimgate.webhook.ports import (
    AdmissionObserver,
    History,
    Judge,
    Policies,
    SilentAdmissionObserver,
)
from slimgate.webhook.turns import ReviewPlace, Turns

ERROR: Final = ImageError.reason
LATE: Final = "late"
OVERLOADED: Final = OverloadedError.reason
FAULTS: Final = (ERROR, LATE, OVERLOADED)
"""What keeps slimgate from a verdict, as metrics call it."""

_LOG: Final = logging.getLogger(__name__)
_OPERATIONS: Final = frozenset({"CREATE", "UPDATE", "DELETE", "CONNECT"})
GRACE_SECONDS: Final = 0.1
_LIGHT_BYTES: Final = 2**13
"""Reviews that hold too little to be weighed."""
_MUCH: Final = "it holds more than slimgate reads in time"
_LOUD: Final = frozenset(
    {Outcome.WARN.label, Outcome.UNKNOWN.label, Outcome.DENY.label, LATE, OVERLOADED, ERROR}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceSettings:
    """Whom the service takes for controllers, what it judges, and how much of it at once.

    An admission that waits for a registry holds a connection and a place. All of these together are
    fewer than the connections that there may be, so that some are left for who needs no place,
    since all that he asks of is known.
    `max_recalling` bounds what former templates take of memory and of the API server at once.
    `docs` is the page that denials lead to. `tenant_of` tells whose a namespace is, if it is known.
    """

    controllers: frozenset[str] = CONTROLLER_USERS
    template_paths: TemplatePaths = field(default_factory=lambda: TEMPLATE_PATHS)
    docs: str = DOCS
    tenant_of: Callable[[str], str] = lambda _: ""
    max_judging: int = 160
    max_recalling: int = 8


class AdmissionService:
    """Decodes, skips what needs no judgement, has the rest judged in time, decides, encodes."""

    def __init__(
        self,
        judge: Judge,
        policies: Policies,
        *,
        settings: ServiceSettings | None = None,
        history: History | None = None,
        budgets: Callable[[str], Iterable[str]] = lambda _: (),
        observer: AdmissionObserver | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._judge = judge
        self._policies = policies
        self._settings = settings or ServiceSettings()
        self._history = history
        self._budgets = budgets
        self._observer = observer or SilentAdmissionObserver()
        self._now = now
        self._askers = Askers(self._settings.controllers, self._settings.tenant_of)
        self._parser = ReviewParser(self._askers)
        self._judging = Turns(self._settings.max_judging)
        self._recalling = Turns(self._settings.max_recalling)
        self.in_flight = 0
        """Reviews that are being answered."""

    async def answer(self, body: bytes, seconds: float) -> bytes:
        """Answer a review within `seconds`; InvalidReviewError if the body is none."""
        self.in_flight += 1
        try:
            return await self._answer(body, seconds)
        finally:
            self.in_flight -= 1

    async def _answer(self, body: bytes, seconds: float) -> bytes:
        started = time.monotonic()
        request: Request | None = None
        try:
            if len(body) <= _LIGHT_BYTES:
                uid, read = self._read(parse_review(body))
            else:
                async with asyncio.timeout(seconds):
                    uid, read = await self._parser.parse(body, self._read)
        except (TimeoutError, TooLargeError, OverloadedError) as err:
            answer = self.answer_unread(body[:MAX_HEAD], str(err) or _MUCH)
            if answer is None:
                raise InvalidReviewError(f"the body is not an AdmissionReview: {_MUCH}") from err
            return answer
        try:
            if isinstance(read, Exception):
                raise read  # noqa: TRY301 - it is handled as any other
            request = read
            decision, outcome = await self._decide(request, started + seconds)
        except Exception as err:  # noqa: BLE001 - whatever it is, the API server gets an answer
            _LOG.exception("%s was admitted without being judged", _name(request))
            decision, outcome = _unjudged(err), ERROR
        return self._encoded(uid, request, decision, outcome, started)

    def answer_unread(self, head: bytes, why: str) -> bytes | None:
        """Let the policies that may speak of a workload decide where it is more than is read."""
        started = time.monotonic()
        fields = fields_before_objects(head)
        workload = workload_named(fields, why, self._settings.template_paths)
        if not (uid := text_at(fields, "uid")):
            return None
        request = Request(
            uid=uid,
            operation=text_at(fields, "operation"),
            namespace=text_at(fields, "namespace"),
            workload=workload,
        )
        if workload is None or request.operation not in JUDGED_OPERATIONS:
            skip = Skip.NO_IMAGES if workload is None else Skip.OPERATION
            return self._encoded(uid, request, ALLOWED, skip.value, started)
        verdict = self._evaluate(Subject(workload=workload, images={}))
        decision = decide(verdict, docs=self._settings.docs)
        return self._encoded(uid, request, decision, verdict.outcome.label, started)

    def _read(self, review: object) -> tuple[str, Request | Exception]:
        """Read a review; what is wrong with more than its uid is answered, too."""
        uid = uid_of(review)
        try:
            return uid, decode(review, self._settings.template_paths)
        except Exception as err:  # noqa: BLE001 - whatever it is, the API server gets an answer
            return uid, err

    def _encoded(
        self, uid: str, request: Request | None, decision: Decision, outcome: str, started: float
    ) -> bytes:
        answer = answer_of(uid, decision)
        self._report(request, outcome, decision, time.monotonic() - started)
        return answer

    async def _decide(self, request: Request, deadline: float) -> tuple[Decision, str]:
        skip = skip_of(request, self._settings.controllers, self._settings.template_paths)
        if skip is not None:
            return ALLOWED, skip.value
        assert request.workload is not None  # else there was a reason to skip
        workload = request.workload
        # The API server says who asks, and no user can choose that (ADR 6).
        if request.user in self._settings.controllers:
            workload = replace(workload, vouched=True)
        try:
            verdict = self._judge.at_hand(workload, old=request.old)
            if verdict is not None:
                outcome = verdict.outcome.label
            else:
                asker = self._askers.asker(request.user, request.namespace)
                verdict, outcome = await self._within(workload, request.old, deadline, asker)
        except _LateError as err:
            verdict, outcome = self._unknown(workload, err), err.reason
        except Exception as err:  # noqa: BLE001 - whatever it is, onUnknown decides
            _LOG.exception("%s could not be judged", _name(request))
            verdict, outcome = self._unknown(workload, ImageError(_reason(err))), ERROR
        docs = self._settings.docs
        decision = decide(verdict, request.old, docs=docs)
        if not decision.allowed and request.old is not None:
            ran = await self._ran(request, deadline)
            decision = bring_back(verdict, request.old, ran, docs=docs) if ran else decision
        if decision.allowed and (over := tuple(self._budgets(workload.namespace))):
            decision = replace(decision, warnings=(*decision.warnings, *over))
        return decision, outcome

    async def _ran(self, request: Request, deadline: float) -> Sequence[Workload]:
        """Find what the workload ran before; a denial stands where that can't be told in time."""
        if self._history is None:
            return ()
        try:
            # A judge that was late has used the grace up.
            left = deadline + GRACE_SECONDS - time.monotonic()
            asker = self._askers.asker(request.user, request.namespace)
            async with asyncio.timeout(left), self._recalling.hold(asker, left):
                return await self._history(request.old_object)
        except (ClusterError, OverloadedError, TimeoutError) as err:
            why = str(err) or "the API server did not answer in time"
            _LOG.warning("whether %s is a rollback is unknown: %s", _name(request), why)
        except Exception:  # noqa: BLE001 - whatever it is, what was denied stays so
            _LOG.exception("whether %s is a rollback is unknown", _name(request))
        return ()

    async def _within(
        self, workload: Workload, old: Workload | None, deadline: float, asker: str
    ) -> tuple[Verdict, str]:
        left = max(0.0, deadline - time.monotonic())
        async with ReviewPlace(self._judging, asker) as place:
            try:
                async with asyncio.timeout(left + GRACE_SECONDS):
                    verdict = await self._judge.judge(workload, old=old, seconds=left, place=place)
            except TimeoutError as err:
                raise _LateError("slimgate reached no verdict in time") from err
        is_overloaded = place.is_refused and verdict.outcome is Outcome.UNKNOWN
        return verdict, OVERLOADED if is_overloaded else verdict.outcome.label

    def _unknown(self, workload: Workload, fault: ImageError) -> Verdict:
        """Let the policies that speak of the workload say what becomes of an unknown image."""
        images = dict.fromkeys(workload.judged, fault)
        return self._evaluate(Subject(workload=workload, images=images))

    def _evaluate(self, subject: Subject) -> Verdict:
        matching = self._policies.matching(subject.workload)
        exceptions = self._policies.exceptions_for(subject.workload)
        return evaluate(subject, matching, exceptions, self._now())

    def _report(
        self, request: Request | None, outcome: str, decision: Decision, seconds: float
    ) -> None:
        operation = request.operation if request and request.operation in _OPERATIONS else "other"
        self._observer.admission(operation, outcome, seconds, allowed=decision.allowed)
        if decision.effects and request is not None:
            self._observer.found(request.namespace, decision.effects, decision.unknown)
        level = logging.INFO if outcome in _LOUD else logging.DEBUG
        if _LOG.isEnabledFor(level):
            _LOG.log(
                level,
                "%s of %s: %s, %s in %.1f ms",
                operation,
                _name(request),
                outcome,
                "allowed" if decision.allowed else "denied",
                seconds * 1000,
            )


class _LateError(ImageError):
    """The deadline came before a verdict."""

    reason = LATE


def _unjudged(err: Exception) -> Decision:
    return Decision(
        allowed=True, warnings=(f"slimgate: admitted without being judged: {_reason(err)}",)
    )


def _reason(err: Exception) -> str:
    # The error's text may hold what not everyone should read; it is in the log.
    return f"slimgate itself failed ({type(err).__name__}); see its log"


def _name(request: Request | None) -> str:
    if request is None or request.workload is None:
        return "a request"
    return printable(str(request.workload))
