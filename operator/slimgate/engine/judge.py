"""Workloads to verdicts, inside a deadline.

What is not known when the time is up is an unknown finding, which each policy's onUnknown decides
on; looking it up goes on, so that the next one who asks gets an answer.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from slimgate.core.assemble import UNKNOWN_PLATFORM
from slimgate.core.errors import ImageError, SlimgateError, UnavailableError
from slimgate.core.finding import Finding, Outcome, Subject
from slimgate.core.identity import Identity
from slimgate.core.image import Inspection, Wants
from slimgate.core.policy import NamedBase, Policy
from slimgate.core.reference import Reference
from slimgate.core.verdict import Verdict, evaluate
from slimgate.core.workload import ImageUse, Workload
from slimgate.engine.bounded import Bounded
from slimgate.engine.catalog import Catalog
from slimgate.engine.flights import Flights
from slimgate.engine.inspector import Inspector, Question
from slimgate.engine.ports import Keyring

Seen = Inspection | ImageError
_MAX_REFERENCES = 20_000


@dataclass(frozen=True, slots=True)
class _Deadline:
    at: float
    seconds: float

    @property
    def left(self) -> float:
        return max(0.0, self.at - asyncio.get_running_loop().time())


class Judge:
    """Judges workloads by the catalog's policies; `seconds` is the default deadline."""

    def __init__(
        self,
        *,
        inspector: Inspector,
        catalog: Catalog,
        keyring: Keyring,
        now: Callable[[], datetime],
        seconds: float = 30.0,
    ) -> None:
        self._inspector = inspector
        self._catalog = catalog
        self._keyring = keyring
        self._now = now
        self._seconds = seconds
        self._flights: Flights[Question, Inspection] = Flights()
        self._refreshing: Flights[tuple[NamedBase, ...], None] = Flights()
        self._parsed: Bounded[str, Reference] = Bounded(_MAX_REFERENCES)

    async def judge(
        self, workload: Workload, *, old: Workload | None = None, seconds: float | None = None
    ) -> Verdict:
        """Reach a verdict; `old` is what the workload runs now, for limits on growth.

        Never raises for what a registry or a user did.
        """
        policies = self._catalog.matching(workload)
        if not policies:
            return Verdict(subject=Subject(workload=workload, images={}))
        seconds = self._seconds if seconds is None else seconds
        deadline = _Deadline(asyncio.get_running_loop().time() + seconds, seconds)
        subject = await self._subject(workload, old, policies, deadline)
        verdict = self._evaluate(subject, policies)
        bare = _without_config(verdict.findings)
        if bare:
            # A denial names the instruction, the base and the platform: one more request.
            more = await self._look(bare, workload, Wants(config=True), deadline)
            known = {use: seen for use, seen in more.items() if isinstance(seen, Inspection)}
            subject = replace(subject, images={**subject.images, **known})
            verdict = self._evaluate(subject, policies)
        return verdict

    async def close(self) -> None:
        """End what is under way."""
        await self._flights.close()
        await self._refreshing.close()

    def _evaluate(self, subject: Subject, policies: Sequence[Policy]) -> Verdict:
        exceptions = self._catalog.exceptions_for(subject.workload)
        return evaluate(subject, policies, exceptions, self._now())

    async def _subject(
        self,
        workload: Workload,
        old: Workload | None,
        policies: Sequence[Policy],
        deadline: _Deadline,
    ) -> Subject:
        wants = Wants()
        for policy in policies:
            wants |= policy.wants
        # First the bases: images are compared with those that are known when they are looked at.
        missing_bases = await self._missing_bases(policies, deadline)
        images = await self._look(_spoken_of(workload, policies), workload, wants, deadline)
        running: Mapping[str, Seen] = {}
        if old is not None and any(policy.limits.growth for policy in policies):
            before = await self._look(_spoken_of(old, policies), old, wants, deadline)
            running = {use.name: seen for use, seen in before.items()}
        return Subject(
            workload=workload,
            images=images,
            running=running,
            missing_bases=missing_bases,
        )

    async def _look(
        self, uses: Sequence[ImageUse], workload: Workload, wants: Wants, deadline: _Deadline
    ) -> dict[ImageUse, Seen]:
        """Look images up at the same time; those at hand take no task."""
        try:
            async with asyncio.timeout(deadline.left):
                identity = await self._keyring.identity(workload)
        except TimeoutError:
            error = UnavailableError("the workload's pull secrets could not be read in time")
            return dict.fromkeys(uses, error)
        except SlimgateError as error:
            return dict.fromkeys(uses, _as_image_error(error))
        found: dict[ImageUse, Seen] = {}
        waiting: dict[ImageUse, asyncio.Task[Seen]] = {}
        for use in uses:
            question = self._question(use, identity, wants)
            if isinstance(question, ImageError):
                found[use] = question
            elif (seen := self._inspector.hit(question)) is not None:
                found[use] = seen
            else:
                waiting[use] = asyncio.create_task(self._inspect(question, deadline))
        if waiting:
            await asyncio.gather(*waiting.values())
        return {use: found[use] if use in found else waiting[use].result() for use in uses}

    async def _inspect(self, question: Question, deadline: _Deadline) -> Seen:
        try:
            async with asyncio.timeout(deadline.left):
                return await self._flights.join(question, lambda: self._inspector.inspect(question))
        except ImageError as error:
            return error
        except TimeoutError:
            return UnavailableError(
                f"{question.reference.registry} did not answer within {deadline.seconds:.3g} s; "
                "slimgate goes on asking"
            )

    def _question(self, use: ImageUse, identity: Identity, wants: Wants) -> Question | ImageError:
        reference = self._parsed.get(use.reference)
        if reference is None:
            try:
                reference = Reference.parse(use.reference)
            except ImageError as error:
                return error
            self._parsed.put(use.reference, reference)
        return Question(reference, identity, self._catalog.platforms, wants, use.reference)

    async def _missing_bases(
        self, policies: Sequence[Policy], deadline: _Deadline
    ) -> Mapping[Reference, ImageError]:
        """Tell which bases that policies name are not known, and why; ask if nobody has yet."""
        bases = self._inspector.bases
        named = [base for policy in policies if policy.bases for base in policy.bases.known]
        if not all(map(bases.is_settled, named)):
            every = self._catalog.named_bases
            try:
                async with asyncio.timeout(deadline.left):
                    await self._refreshing.join(
                        every, lambda: bases.refresh(every, self._catalog.platforms)
                    )
            except TimeoutError:
                late = UnavailableError("its registry has not answered yet")
                return {b.reference: late for b in named if not bases.is_settled(b)}
        return bases.missing


def _spoken_of(workload: Workload, policies: Sequence[Policy]) -> list[ImageUse]:
    return [u for u in workload.images if any(p.match.image(u.reference) for p in policies)]


def _without_config(findings: Iterable[Finding]) -> list[ImageUse]:
    """Find violations by images whose config nobody has read."""
    uses = (
        finding.use
        for finding in findings
        if finding.outcome in {Outcome.WARN, Outcome.DENY}
        and finding.image is not None
        and finding.image.platform == UNKNOWN_PLATFORM
        and finding.image.artifact_type is None
    )
    return list(dict.fromkeys(use for use in uses if use is not None))


def _as_image_error(error: SlimgateError) -> ImageError:
    return error if isinstance(error, ImageError) else UnavailableError(str(error))
