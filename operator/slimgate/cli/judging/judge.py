"""Workloads of files to verdicts, and what each finding does under its policy's mode."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum
from typing import Final

from slimgate.cli.judging.flags import FLAGS
from slimgate.cli.judging.lookup import LookedUpBases, Lookup, Seen
from slimgate.cli.judging.rules import Rules
from slimgate.cli.judging.sources import Sources
from slimgate.cli.manifests.sort import PlacedWorkload
from slimgate.core.admission.decision import Decision, decide, denies
from slimgate.core.base import with_known
from slimgate.core.errors import ImageError
from slimgate.core.images.facts import Inspection, Wants
from slimgate.core.images.source import parse_source
from slimgate.core.policies.base_image import BaseImage
from slimgate.core.policies.finding import Finding, Outcome, Subject
from slimgate.core.policies.policy import Mode, Policy
from slimgate.core.policies.verdict import Verdict, evaluate
from slimgate.core.workloads.workload import GroupKind, ImageUse, Workload

WorkloadKey = tuple[GroupKind, str, str]
_CONFIG: Final = Wants(config=True)
"""A message names the base, and the instruction behind the largest layer."""


class FindingEffect(IntEnum):
    """What a finding does, the worst last."""

    AUDIT = 1
    """It is noted, since its policy's mode is Audit."""
    WARN = 2
    UNKNOWN = 3
    """Something could not be looked up, so nobody can say."""
    DENY = 4

    @property
    def label(self) -> str:
        """The word that all outputs use."""
        return self.name.lower()


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A workload, where it stands, and what became of it; the worst findings come first."""

    placed: PlacedWorkload
    verdict: Verdict
    decision: Decision
    findings: tuple[tuple[Finding, FindingEffect], ...] = ()

    @property
    def worst(self) -> FindingEffect | None:
        """The worst that any finding does; None where all is within policy."""
        return self.findings[0][1] if self.findings else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What is judged, by what; `running` are workloads of the cluster, for limits on growth."""

    workloads: Sequence[PlacedWorkload]
    rules: Rules
    sources: Sources
    now: datetime
    base_images: Sequence[BaseImage] = ()
    running: Mapping[WorkloadKey, Workload] = field(default_factory=dict)


def key_of(workload: Workload) -> WorkloadKey:
    """Tell which object of a cluster a workload is."""
    return workload.group_kind, workload.namespace, workload.name


async def judge(case: Case, lookup: Lookup) -> tuple[list[Judged], LookedUpBases]:
    """Judge all workloads, in their order; every image is looked up once."""
    matching = [(placed, case.rules.matching(placed.workload)) for placed in case.workloads]
    judging = any(policy.bases for _, policies in matching for policy in policies)
    bases = await lookup.bases(case.base_images if judging else (), case.sources.of_base)
    seen = await lookup.find(_wanted(matching), case.sources.of)
    running = await lookup.find(_growing(case, matching), parse_source)
    judged = [
        _judge(case, placed, policies, _Facts(seen=seen, running=running, bases=bases))
        for placed, policies in matching
    ]
    return judged, bases


@dataclass(frozen=True, slots=True, kw_only=True)
class _Facts:
    seen: Mapping[str, Seen]
    running: Mapping[str, Seen]
    bases: LookedUpBases

    def of(self, use: ImageUse) -> Seen:
        return self._complete(self.seen[use.reference])

    def _complete(self, seen: Seen) -> Seen:
        if isinstance(seen, ImageError):
            return seen
        images = tuple(with_known(facts, self.bases.known) for facts in seen.images)
        return Inspection(
            reference=seen.reference,
            digest=seen.digest,
            media_type=seen.media_type,
            images=images,
        )


def _judge(
    case: Case, placed: PlacedWorkload, policies: tuple[Policy, ...], facts: _Facts
) -> Judged:
    workload = placed.workload
    before = case.running.get(key_of(workload))
    subject = Subject(
        workload=workload,
        images={use: facts.of(use) for use in _spoken_of(workload, policies)},
        running={
            use.slot: facts.running[use.reference]
            for use in (before.images if before is not None else ())
            if use.reference in facts.running
        },
        missing_bases=facts.bases.missing,
    )
    verdict = evaluate(subject, policies, case.rules.exceptions, case.now)
    effects = ((finding, _effect(finding, verdict)) for finding in verdict.findings)
    return Judged(
        placed=placed,
        verdict=verdict,
        decision=decide(verdict),
        findings=tuple(sorted(effects, key=lambda pair: -pair[1])),
    )


def _effect(finding: Finding, verdict: Verdict) -> FindingEffect:
    if finding.outcome is Outcome.UNKNOWN and (
        # Nobody says on the command line what becomes of the unknown, so it is no pass.
        finding.policy == FLAGS or _was_not_found(finding, verdict.subject)
    ):
        return FindingEffect.UNKNOWN
    policy = next(policy for policy in verdict.policies if policy.name == finding.policy)
    if denies(finding, policy):
        return FindingEffect.DENY
    return FindingEffect.AUDIT if policy.mode is Mode.AUDIT else FindingEffect.WARN


def _was_not_found(finding: Finding, subject: Subject) -> bool:
    """Whether a look-up that failed is why; what an image does not tell is another matter."""
    seen = [*subject.images.values(), *subject.running.values(), *subject.missing_bases.values()]
    errors = [str(entry) for entry in seen if isinstance(entry, ImageError)]
    return any(error in (finding.reason or "") for error in errors)


def _spoken_of(workload: Workload, policies: Sequence[Policy]) -> list[ImageUse]:
    return [u for u in workload.judged if any(p.match.image(u.reference) for p in policies)]


def _wanted(
    matching: Iterable[tuple[PlacedWorkload, tuple[Policy, ...]]],
) -> dict[str, Wants]:
    wanted: dict[str, Wants] = {}
    for placed, policies in matching:
        for policy in policies:
            for use in _spoken_of(placed.workload, (policy,)):
                before = wanted.get(use.reference, _CONFIG)
                wanted[use.reference] = before | policy.wants
    return wanted


def _growing(
    case: Case, matching: Iterable[tuple[PlacedWorkload, tuple[Policy, ...]]]
) -> dict[str, Wants]:
    """Find the images whose growth is limited, as the cluster runs them now."""
    wanted: dict[str, Wants] = {}
    for placed, policies in matching:
        before = case.running.get(key_of(placed.workload))
        growing = [policy for policy in policies if policy.limits.growth is not None]
        if before is not None:
            wanted |= {use.reference: _CONFIG for use in _spoken_of(before, growing)}
    return wanted
