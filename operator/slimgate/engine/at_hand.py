"""Verdicts by what is in memory alone: nobody is waited for, and nothing is worked out twice.

What is found here is what the judge would find. Where anything is not known, or would take its
time, there is no verdict here, and the judge finds it in turns.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

from slimgate.core.assemble import has_config
from slimgate.core.credentials.identity import Identity
from slimgate.core.errors import ImageError
from slimgate.core.images.facts import Inspection, Wants
from slimgate.core.policies.finding import Finding, Subject
from slimgate.core.policies.hinges import to_measure
from slimgate.core.policies.policy import Policy
from slimgate.core.policies.verdict import Verdict, evaluate
from slimgate.core.workloads.workload import ImageUse, Workload
from slimgate.engine import weights
from slimgate.engine.bases import Bases
from slimgate.engine.bounded import Bounded
from slimgate.engine.catalog import Catalog
from slimgate.engine.inspector import Question
from slimgate.engine.ports import Keyring
from slimgate.engine.wanted import spoken_of_all, wanted_by

_MAX_IMAGES: Final = 32
_MAX_COMPARED: Final = 512
"""Images and policies that are compared in one go: milliseconds, as these images take."""
_MAX_KEPT: Final = 8_192
_MAX_BYTES: Final = 2**24
_OVERHEAD: Final = 2**10
_Key = tuple[int, tuple[ImageUse, ...], int, str]


class Recall(Protocol):
    """Knows what is in memory of images; engine.inspector.Inspector does."""

    @property
    def bases(self) -> Bases:
        """What images are compared with."""

    def hits(self, questions: Sequence[Question]) -> Sequence[Inspection] | None:
        """Answer all from memory and count them, or none."""


Ask = Callable[[ImageUse, Identity, Wants], Question | ImageError]
"""Makes a question of an image of a workload."""


@dataclass(frozen=True, slots=True)
class _Kept:
    """What was found of images by policies; `stamp` says by which bases."""

    policies: tuple[Policy, ...]
    wanted: Mapping[ImageUse, Wants]
    stamp: tuple[int, int]
    verdict: Verdict


class AtHand:
    """Evaluates what the inspector remembers, once for all workloads of the same images."""

    def __init__(
        self,
        facts: Recall,
        catalog: Catalog,
        keyring: Keyring,
        ask: Ask,
        now: Callable[[], datetime],
    ) -> None:
        self._facts = facts
        self._catalog = catalog
        self._keyring = keyring
        self._ask = ask
        self._now = now
        self._kept: Bounded[_Key, _Kept] = Bounded(_MAX_KEPT, _weight, _MAX_BYTES)

    def verdict(self, workload: Workload, old: Workload | None) -> Verdict | None:
        """Reach a verdict, or none."""
        if self._catalog.undecided(workload):
            return None
        policies = self._catalog.matching(workload)
        if not policies:
            return Verdict(subject=Subject(workload=workload, images={}))
        identity = self._keyring.known(workload)
        if identity is None or not _is_little(workload, old, policies):
            return None
        key = (id(policies), workload.images, workload.beyond, workload.unread)
        kept = self._kept.get(key)
        if kept is not None and kept.policies is policies:
            found = self._remembered(kept, workload, identity)
            if found is not None:
                return found
        return self._found(key, workload, policies, identity)

    def _remembered(self, kept: _Kept, workload: Workload, identity: Identity) -> Verdict | None:
        """Say it again, if all that it rests on is the same."""
        if kept.stamp != self._stamp or self._catalog.exceptions_for(workload):
            return None
        seen = self._seen(kept.wanted, identity)
        subject = kept.verdict.subject
        if seen is None or any(seen[use] is not one for use, one in subject.images.items()):
            return None
        return Verdict(
            subject=Subject(
                workload=workload,
                images=subject.images,
                missing_bases=subject.missing_bases,
                spoken_of=subject.spoken_of,
            ),
            policies=kept.policies,
            findings=kept.verdict.findings,
        )

    def _found(
        self, key: _Key, workload: Workload, policies: tuple[Policy, ...], identity: Identity
    ) -> Verdict | None:
        bases, catalog, stamp = self._facts.bases, self._catalog, self._stamp
        on_bases = any(policy.bases is not None for policy in policies)
        if on_bases and bases.settle(catalog.base_images, catalog.platforms):
            return None
        spoken = spoken_of_all(policies, workload)
        wanted = wanted_by(policies, workload, spoken, catalog.trusting)
        seen = self._seen(wanted, identity)
        if seen is None:
            return None
        exceptions = catalog.exceptions_for(workload)
        subject = Subject(
            workload=workload,
            images=seen,
            missing_bases=bases.missing(catalog.base_images, catalog.platforms) if on_bases else {},
            spoken_of=spoken,
        )
        verdict = evaluate(subject, policies, exceptions, self._now())
        if to_measure(verdict) or without_config(verdict.findings):
            return None
        if not exceptions:
            self._kept.put(key, _Kept(policies, wanted, stamp, verdict))
        return verdict

    def _seen(
        self, wanted: Mapping[ImageUse, Wants], identity: Identity
    ) -> Mapping[ImageUse, Inspection] | None:
        questions = []
        for use, wants in wanted.items():
            question = self._ask(use, identity, wants)
            if isinstance(question, ImageError):
                return None
            questions.append(question)
        seen = self._facts.hits(questions)
        return None if seen is None else dict(zip(wanted, seen, strict=True))

    @property
    def _stamp(self) -> tuple[int, int]:
        return self._catalog.generation, self._facts.bases.news


def _is_little(workload: Workload, old: Workload | None, policies: Sequence[Policy]) -> bool:
    """Whether it takes little time, and what an update replaces does not matter."""
    growing = old is not None and any(policy.wants_running for policy in policies)
    count = len(workload.images)
    return not growing and count <= _MAX_IMAGES and count * len(policies) <= _MAX_COMPARED


def without_config(findings: Sequence[Finding]) -> list[ImageUse]:
    """Find what is said of images whose config nobody has read."""
    uses = (
        finding.use
        for finding in findings
        if finding.image is not None and not has_config(finding.image)
    )
    return list(dict.fromkeys(use for use in uses if use is not None))


def _weight(kept: _Kept) -> int:
    verdict = kept.verdict
    seen = sum(map(weights.of_inspection, verdict.subject.inspected().values()))
    return _OVERHEAD * (1 + len(verdict.findings)) + seen
