"""The engine's verdicts on workloads of files, and what each finding does to the run."""

import asyncio
import math
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import IntEnum
from typing import Final

from slimgate.cli.check.flags import FLAGS
from slimgate.cli.check.lookup import Lookup
from slimgate.cli.check.sources import Sources
from slimgate.cli.manifests.sort import PlacedWorkload
from slimgate.core.admission import decision as admission
from slimgate.core.admission.decision import ALLOWED, Decision, Request, bring_back, decide, weigh
from slimgate.core.admission.repeat import skip_of
from slimgate.core.credentials.identity import ANONYMOUS, Identity
from slimgate.core.errors import ImageError
from slimgate.core.images.reference import Reference
from slimgate.core.policies.finding import Finding, Outcome, Subject
from slimgate.core.policies.verdict import Verdict
from slimgate.core.wording.ways import DOCS
from slimgate.core.workloads.workload import Workload, WorkloadKey
from slimgate.engine.catalog import Catalog
from slimgate.engine.judge import Judge

History = Callable[[Workload], Awaitable[Sequence[Workload]]]


class FindingEffect(IntEnum):
    """What a finding does, the worst last."""

    AUDIT = 1
    """It is noted: its policy's mode is Audit, or the webhook would not judge what is updated."""
    WARN = 2
    UNKNOWN = 3
    """Something could not be looked up, so nobody can say."""
    DENY = 4

    @property
    def label(self) -> str:
        """The word that all outputs use."""
        return self.name.lower()


WITHIN: Final = "allow"
NONE: Final = "none"
_EFFECTS: Final[Mapping[admission.Effect, FindingEffect]] = {
    admission.Effect.DENIED: FindingEffect.DENY,
    admission.Effect.WARNED: FindingEffect.WARN,
    admission.Effect.NOTED: FindingEffect.AUDIT,
}


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

    @property
    def effect(self) -> str:
        """The word for what became of it: what has no image is not judged, and so not within."""
        if self.worst is not None:
            return self.worst.label
        return WITHIN if self.placed.workload.images else NONE


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What is judged, by what; `running` are workloads of the cluster that are updated.

    `former` finds the templates that one of those had before. `docs` is the page that denials lead
    to.
    """

    workloads: Sequence[PlacedWorkload]
    catalog: Catalog
    sources: Sources
    now: datetime
    running: Mapping[WorkloadKey, Workload] = field(default_factory=dict)
    former: History | None = None
    docs: str = DOCS


class _Anonymous:
    def known(self, workload: Workload) -> Identity:  # noqa: ARG002
        """Give no pull secrets: a user's logins are the sources' own matter."""
        return ANONYMOUS

    async def identity(self, workload: Workload) -> Identity:
        """Give none either."""
        return self.known(workload)

    async def newer(self, workload: Workload, refused: Identity) -> None:
        """Have no others."""


async def judge(case: Case, lookup: Lookup) -> tuple[list[Judged], Mapping[Reference, ImageError]]:
    """Judge all workloads, in their order; tell why bases that might matter are not known."""
    catalog, workloads = case.catalog, [placed.workload for placed in case.workloads]
    judging = any(policy.bases for one in workloads for policy in catalog.matching(one))
    if judging:
        await lookup.refresh_bases(catalog)
    engine = Judge(
        inspector=lookup,
        catalog=catalog,
        keyring=_Anonymous(),
        now=lambda: case.now,
        seconds=math.inf,  # what is looked up has a limit of its own
        locate=case.sources.locate,
    )
    try:
        # A Pod that is called as an image is by chance is not what the image would replace.
        olds = [
            None if placed.is_image else case.running.get(placed.workload.key)
            for placed in case.workloads
        ]
        verdicts = await asyncio.gather(
            *(engine.judge(one, old=old) for one, old in zip(workloads, olds, strict=True))
        )
    finally:
        await engine.close()
    judged = [
        await _judged(case, placed, verdict, None if old is None else _kept(case.sources, old))
        for placed, verdict, old in zip(case.workloads, verdicts, olds, strict=True)
    ]
    missing = lookup.bases.missing(catalog.base_images, catalog.platforms) if judging else {}
    return judged, missing


def _kept(sources: Sources, old: Workload) -> Workload:
    """Leave out of what runs the images that others will run in place of, under their names."""
    return replace(old, images=tuple(u for u in old.images if not sources.is_replaced(u.reference)))


async def _judged(
    case: Case, placed: PlacedWorkload, verdict: Verdict, old: Workload | None
) -> Judged:
    skipped = _is_skipped(placed.workload, old)
    decision = ALLOWED if skipped else decide(verdict, old, docs=case.docs)
    ran: Sequence[Workload] = ()
    if old is not None and case.former is not None and not decision.allowed:
        ran = [_kept(case.sources, one) for one in await case.former(placed.workload)]
        decision = bring_back(verdict, old, ran, docs=case.docs) if ran else decision
    effects = [
        (finding, _effect(finding, effect, verdict.subject, skipped=skipped))
        for finding, effect in weigh(verdict, old, ran)
    ]
    return Judged(
        placed=placed,
        verdict=verdict,
        decision=decision,
        findings=tuple(sorted(effects, key=lambda pair: -pair[1])),
    )


def _is_skipped(workload: Workload, old: Workload | None) -> bool:
    """Whether the webhook would not judge it: what brings no image is never stopped."""
    operation, namespace = "CREATE" if old is None else "UPDATE", workload.namespace
    request = Request(uid="", operation=operation, namespace=namespace, workload=workload, old=old)
    return skip_of(request) is not None


def _effect(
    finding: Finding, effect: admission.Effect, subject: Subject, *, skipped: bool
) -> FindingEffect:
    by_flags = finding.policy == FLAGS
    if finding.outcome is Outcome.UNKNOWN and (by_flags or _was_not_found(finding, subject)):
        # Nobody says on the command line what becomes of the unknown, so it is no pass.
        return FindingEffect.UNKNOWN
    if by_flags:
        # They are limits of this run, whatever a cluster runs already.
        return FindingEffect.DENY
    return FindingEffect.AUDIT if skipped else _EFFECTS[effect]


def _was_not_found(finding: Finding, subject: Subject) -> bool:
    """Whether a look-up that failed is why; what an image does not tell is another matter."""
    seen = [*subject.images.values(), *subject.running.values(), *subject.missing_bases.values()]
    errors = [str(entry) for entry in seen if isinstance(entry, ImageError)]
    return any(error in (finding.reason or "") for error in errors)
