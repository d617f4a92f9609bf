"""Workloads to verdicts, inside a deadline.

What is not known when the time is up is an unknown finding, which each policy's onUnknown decides
on; looking it up goes on, so that the next one who asks gets an answer.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Final, Protocol

from slimgate.core.credentials.identity import ANONYMOUS, Identity
from slimgate.core.errors import (
    ImageError,
    NotFoundError,
    OverloadedError,
    SlimgateError,
    SpentError,
    UnauthorizedError,
    UnavailableError,
)
from slimgate.core.images.facts import Inspection, Wants
from slimgate.core.images.lengths import unproven, with_lengths
from slimgate.core.images.reference import Reference
from slimgate.core.policies.finding import Subject
from slimgate.core.policies.hinges import may_change, to_measure
from slimgate.core.policies.policy import Policy
from slimgate.core.policies.verdict import Verdict, evaluate
from slimgate.core.workloads.workload import ImageUse, Workload
from slimgate.engine.at_hand import AtHand, Recall, without_config
from slimgate.engine.bases import Settling
from slimgate.engine.bounded import Bounded
from slimgate.engine.catalog import Catalog
from slimgate.engine.flights import MAX_FLIGHTS, Flights
from slimgate.engine.inspector import Question
from slimgate.engine.ports import Keyring, NamespaceReader, Place
from slimgate.engine.ration import ReviewLimits
from slimgate.engine.ruling import ruling
from slimgate.engine.some import some_at_a_time
from slimgate.engine.waiting import Wait
from slimgate.engine.wanted import replaced_by, spoken_of, wanted_by

Seen = Inspection | ImageError
Locate = Callable[[str], tuple[Reference, str]]
"""Tells where the image of a text is, and what it is called in answers; raises ImageError."""
_LOG: Final = logging.getLogger(__name__)
_MAX_REFERENCES: Final = 20_000
_AT_ONCE: Final = 32
"""Images of one workload that are looked up at the same time: what each takes is to be little."""
_SLICE_SECONDS: Final = 0.01
"""How long images are looked for in memory before others have their turn."""
_LEAST_SECONDS: Final = 0.005
"""Of a wait that is worth beginning for: timers may fire a moment early."""
_MAX_QUESTIONS: Final = 4 * MAX_FLIGHTS
"""Well above the look-ups that they wait for, so that it is these that are dropped, and counted."""


class Facts(Recall, Protocol):
    """Knows images; engine.inspector.Inspector does."""

    async def inspect(self, question: Question) -> Inspection:
        """Answer, whatever it takes; ImageError says why there is no answer."""


def in_registry(text: str) -> tuple[Reference, str]:
    """Take a text for what clusters take it for."""
    return Reference.parse(text), text


class Judge:
    """Judges workloads by the catalog's policies; `seconds` is the default deadline.

    `limits` are those of each review within it.

    `locate` finds the images that are to run. Those that run now are in their registries.
    `namespaces` are asked for labels that the catalog has not heard of yet.
    """

    def __init__(
        self,
        *,
        inspector: Facts,
        catalog: Catalog,
        keyring: Keyring,
        now: Callable[[], datetime],
        seconds: float = 60.0,
        locate: Locate = in_registry,
        namespaces: NamespaceReader | None = None,
        limits: ReviewLimits | None = None,
    ) -> None:
        self._inspector = inspector
        self._catalog = catalog
        self._keyring = keyring
        self._now = now
        self._namespaces = namespaces
        self._seconds = seconds
        self._limits = limits or ReviewLimits()
        self._flights: Flights[Question, Inspection] = Flights(_MAX_QUESTIONS)
        self._locate = locate
        self._located: Bounded[tuple[Locate, str], tuple[Reference, str]] = Bounded(_MAX_REFERENCES)
        ask = partial(self._question, locate=locate)
        self._at_hand = AtHand(inspector, catalog, keyring, ask, now)

    def at_hand(self, workload: Workload, *, old: Workload | None = None) -> Verdict | None:
        """Reach the verdict that `judge` would, where that takes memory alone, or none."""
        return self._at_hand.verdict(workload, old)

    async def judge(
        self,
        workload: Workload,
        *,
        old: Workload | None = None,
        seconds: float | None = None,
        place: Place | None = None,
    ) -> Verdict:
        """Reach a verdict; `old` is what the workload runs now, for limits on growth.

        Never raises for what a registry or a user did. What is known needs no `place`: without one
        the rest is unknown.
        """
        seconds = self._seconds if seconds is None else seconds
        wait = Wait(self._limits, asyncio.get_running_loop().time() + seconds, place)
        reader = self._namespaces
        speaking, undecided = await ruling(self._catalog, reader, workload, seconds, wait.enter)
        if not speaking:
            return Verdict(subject=Subject(workload=workload, images={}))
        policies = [policy for policy in speaking if policy.name not in undecided]
        settling = self._start_to_settle(policies)
        spoken = await spoken_of(policies, workload)
        wanted = wanted_by(policies, workload, spoken, self._catalog.trusting)
        subject = Subject(
            workload=workload,
            images=await self._look(wanted, workload, wait, self._locate),
            running=await self._running(old, workload, policies, wait),
            missing_bases=self._missing_bases(policies),
            spoken_of=spoken,
            undecided=undecided,
        )
        verdict = self._evaluate(subject, speaking)
        late = [task for image, task in settling.items() if may_change(verdict, image)]
        if late:
            # Bases that nobody has looked up yet are waited for only where they matter.
            await self._wait(late, wait)
            subject = await self._look_again(subject, wanted, wait)
            subject = replace(subject, missing_bases=self._missing_bases(policies))
            verdict = self._evaluate(subject, speaking)
        unmeasured = to_measure(verdict)
        if unmeasured:
            # Whole layers take their time, so they are read only where a verdict hinges on them.
            more = {
                use: wanted[use] | Wants(layers=True, measured=layers)
                for use, layers in unmeasured.items()
            }
            subject = await self._look_again(subject, more, wait)
            verdict = self._evaluate(subject, speaking)
        bare = without_config(verdict.findings)
        if bare:
            # A denial names the instruction, the base and the platform: one more request.
            more = {use: wanted[use] | Wants(config=True) for use in bare}
            subject = await self._look_again(subject, more, wait)
            verdict = self._evaluate(subject, speaking)
        return verdict

    async def close(self) -> None:
        """End what is under way."""
        await self._flights.close()

    def _evaluate(self, subject: Subject, policies: Sequence[Policy]) -> Verdict:
        exceptions = self._catalog.exceptions_for(subject.workload)
        return evaluate(subject, policies, exceptions, self._now())

    async def _running(
        self,
        old: Workload | None,
        new: Workload,
        policies: Sequence[Policy],
        wait: Wait,
    ) -> Mapping[ImageUse, Seen]:
        summing = any(policy.limits.workload_pull_size is not None for policy in policies)
        growing = [one for one in policies if one.wants_running]
        if old is None or not growing:
            return {}
        if not summing:
            old = replace(old, images=replaced_by(old, new))
        # Both sides are to name their platforms by the same documents.
        trusting = self._catalog.trusting
        wants = Wants(config=any(policy.wants.config for policy in policies), lengths=trusting)
        spoken = await spoken_of(growing, old)
        wanted = dict.fromkeys(wanted_by(growing, old, spoken, trusting), wants)
        return await self._look(wanted, old, wait, in_registry)

    async def _look(
        self,
        wanted: Mapping[ImageUse, Wants],
        workload: Workload,
        wait: Wait,
        locate: Locate,
    ) -> dict[ImageUse, Seen]:
        """Look images up some at the same time; those at hand take no task."""
        identity = await self._identity(workload, wait) if wanted else ANONYMOUS
        if isinstance(identity, ImageError):
            return dict.fromkeys(wanted, identity)
        found: dict[ImageUse, Seen] = {}
        asking: list[tuple[ImageUse, Question]] = []
        clock = asyncio.get_running_loop().time
        since = clock()
        for use, wants in wanted.items():
            if clock() - since > _SLICE_SECONDS:
                # There may be hundreds, and what an image's index lists is its author's choice.
                await asyncio.sleep(0)
                since = clock()
            question = self._question(use, identity, wants, locate)
            if isinstance(question, ImageError):
                found[use] = question
            elif (seen := self._inspector.hits([question])) is not None:
                found[use] = seen[0]
            else:
                asking.append((use, replace(question, identity=wait.asking(identity))))
        questions = [question for _, question in asking]
        seen_now = await self._ask(questions, wait)
        found |= zip((use for use, _ in asking), seen_now, strict=True)
        refused = {use: question for use, question in asking if _is_refusal(found[use])}
        found |= await self._ask_as_another(refused, identity, workload, wait)
        return {use: found[use] for use in wanted}

    async def _ask(self, questions: Sequence[Question], wait: Wait) -> Sequence[Seen]:
        if not questions:
            return ()
        try:
            await wait.begin()
        except OverloadedError as error:
            return [error.bare()] * len(questions)
        return await some_at_a_time(partial(self._inspect, wait), questions, _AT_ONCE)

    async def _ask_as_another(
        self,
        refused: Mapping[ImageUse, Question],
        identity: Identity,
        workload: Workload,
        wait: Wait,
    ) -> Mapping[ImageUse, Seen]:
        """Ask again where the credentials that were refused are others by now."""
        newer = await self._keyring.newer(workload, identity) if refused else None
        if newer is None:
            return {}
        asking = wait.asking(newer)
        questions = [replace(question, identity=asking) for question in refused.values()]
        seen = await self._ask(questions, wait)
        return dict(zip(refused, seen, strict=True))

    async def _look_again(
        self, subject: Subject, wanted: Mapping[ImageUse, Wants], wait: Wait
    ) -> Subject:
        """Take what another look gives, and keep what it does not."""
        more = await self._look(wanted, subject.workload, wait, self._locate)
        known = {use: seen for use, seen in more.items() if isinstance(seen, Inspection)}
        return replace(subject, images={**subject.images, **known})

    async def _identity(self, workload: Workload, wait: Wait) -> Identity | ImageError:
        if (known := self._keyring.known(workload)) is not None:
            return known
        try:
            await wait.begin()
            async with asyncio.timeout(wait.left):
                return await self._keyring.identity(workload)
        except TimeoutError:
            return UnavailableError("the workload's pull secrets could not be read in time")
        except Exception as error:  # noqa: BLE001 - what keeps images unknown, onUnknown decides
            return _as_image_error(error)

    async def _inspect(self, wait: Wait, question: Question) -> Seen:
        if wait.left < _LEAST_SECONDS:
            return UnavailableError(
                "the workload's other images took up the "
                f"{wait.seconds:.3g} s that a review waits; try again"
            )
        try:
            async with asyncio.timeout(wait.left):
                return await self._flights.join(
                    question, lambda: self._inspector.inspect(question), question.identity.asker
                )
        except TimeoutError:
            late = UnavailableError(
                f"{question.reference.registry} did not answer in full within "
                f"{wait.seconds:.3g} s; slimgate goes on asking"
            )
            return self._by_manifests(question, late)
        except Exception as error:  # noqa: BLE001 - one image's trouble leaves the others known
            return self._by_manifests(question, _as_image_error(error))

    def _by_manifests(self, question: Question, error: ImageError) -> Seen:
        """Take an image for what its manifests say, where only how long layers are is not known."""
        trusting, wants = question.wants.lengths, question.wants.of_manifest
        seen = self._inspector.hits([replace(question, wants=wants)]) if trusting else None
        if seen is None:
            return error
        (found,) = seen
        lengths = dict.fromkeys(unproven(found.images, trusting), error)
        images = (with_lengths(image, lengths, trusting) for image in found.images)
        return replace(found, images=tuple(images))

    def _question(
        self, use: ImageUse, identity: Identity, wants: Wants, locate: Locate
    ) -> Question | ImageError:
        key = locate, use.reference
        found = self._located.get(key)
        if found is None:
            try:
                found = locate(use.reference)
            except ImageError as error:
                return error.bare()
            self._located.put(key, found)
        reference, text = found
        return Question(reference, identity, self._catalog.platforms, wants, text)

    def _start_to_settle(self, policies: Sequence[Policy]) -> Settling:
        """Begin to look up bases that nobody has yet, beside the images."""
        if not _on_bases(policies):
            return {}
        return self._inspector.bases.settle(self._catalog.base_images, self._catalog.platforms)

    async def _wait(self, tasks: Sequence[asyncio.Task[None]], wait: Wait) -> None:
        with suppress(OverloadedError):
            await wait.begin()
            await asyncio.wait(tasks, timeout=wait.left)
        for task in tasks:
            if task.done() and not task.cancelled() and isinstance(task.exception(), Exception):
                _LOG.error("slimgate itself failed to look a base up", exc_info=task.exception())

    def _missing_bases(self, policies: Sequence[Policy]) -> Mapping[Reference, ImageError]:
        if not _on_bases(policies):
            return {}
        return self._inspector.bases.missing(self._catalog.base_images, self._catalog.platforms)


def _on_bases(policies: Sequence[Policy]) -> bool:
    return any(policy.bases is not None for policy in policies)


def _is_refusal(seen: Seen) -> bool:
    """Whether other credentials might help: registries deny that there is what they don't show."""
    return isinstance(seen, UnauthorizedError | NotFoundError) and not seen.no_platform


def _as_image_error(error: Exception) -> ImageError:
    if isinstance(error, ImageError):
        return error.bare()
    if isinstance(error, SpentError):
        return error.of_image()
    if isinstance(error, SlimgateError):
        return UnavailableError(str(error))
    # The error's text may hold what not everyone should read.
    _LOG.error("slimgate itself failed", exc_info=error)
    return ImageError(f"slimgate itself failed ({type(error).__name__}); see its log")
