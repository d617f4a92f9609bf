"""bases.allow and bases.deny: which bases an image may have."""

from collections.abc import Iterator
from typing import Final

from slimgate.core.base.base_text import base_text
from slimgate.core.images.facts import Base
from slimgate.core.images.tier import Evidence
from slimgate.core.matching.globs import matches_reference
from slimgate.core.policies import ways
from slimgate.core.policies.checks.bases import (
    artifact,
    images,
    match,
    match_any,
    match_claim,
    too_weak,
    unknown_base,
    unread,
    unresolved,
)
from slimgate.core.policies.checks.check import Check
from slimgate.core.policies.finding import Finding, Outcome, Subject
from slimgate.core.policies.policy import BaseRules, Policy
from slimgate.core.policies.ways import Section, Way, Why
from slimgate.core.text import printable

NAME: Final = "base"
_UNKNOWN: Final = "its base is unknown"


def check(policy: Policy, subject: Subject) -> Iterator[Finding]:
    """Report bases that are denied, not allowed, or allowed on more evidence than there is."""
    bases = policy.bases
    if bases is None or not (bases.allow or bases.deny):
        return
    for use, image in images(subject):
        judge = _by_deny if bases.deny else _by_allow
        found = judge(bases, image.base, subject)
        if found is None:
            continue
        evidence, needs, why, what = found
        why = artifact(image) or why
        yield Finding(
            policy=policy.name,
            check=NAME,
            outcome=Outcome.DENY if why is None else Outcome.UNKNOWN,
            use=use,
            image=image,
            value=what or image.base.name or image.base.family,
            limit=needs,
            evidence=evidence,
            reason=None if why is None else why.reason,
            way=_way(bases, needs) if why is None else why.way,
        )


def _way(bases: BaseRules, needs: str | None) -> Way:
    if needs is not None:
        return ways.PROOF
    return ways.another_base(bases.deny) if bases.deny else ways.allowed_base(bases.allow)


_Fault = tuple[Evidence | None, str | None, Why | None, str | None]
"""The evidence it rests on, that which is lacking, why nothing is certain, and what is denied."""


def _by_deny(bases: BaseRules, base: Base, subject: Subject) -> _Fault | None:
    found = match_any(base, bases.deny)
    if found is None:
        why = unknown_base(subject, base, _UNKNOWN) if _is_unknown(base) else unread(base)
        return None if why is None else (None, None, why, None)
    weak = too_weak(f"its base {found.what}", found.evidence, bases.min_evidence.deny)
    # A claim of what is denied is taken at its word.
    claims_it = any(matches_reference(bases.deny, text) for text in base.claims)
    why = (None if claims_it else unresolved(subject, base)) or weak
    if not claims_it and found.evidence is not Evidence.PROVEN:
        why = why or unread(base)
    return found.evidence, None, why, found.what


def _by_allow(bases: BaseRules, base: Base, subject: Subject) -> _Fault | None:
    """Grade by what is allowed: nothing but evidence for that makes an image allowed."""
    claimed, wanted = match_claim(base, bases.allow), bases.min_evidence.allow
    found = match(base, bases.allow) or claimed
    if found is not None and found.evidence.suffices(wanted):
        # What layers hold takes no proof away.
        open_ = None if found.evidence is Evidence.PROVEN else unread(base)
        return None if open_ is None else (found.evidence, None, open_, None)
    why = unresolved(subject, base, bases.allow) or unread(base)
    if _is_unknown(base):
        return None, None, why or unknown_base(subject, base, _UNKNOWN), None
    if found is not None or any(matches_reference(bases.allow, text) for text in base.claims):
        why = why or _unchecked(base)
    if found is None:
        return base.evidence, None, why, None
    return found.evidence, wanted.value, why, found.what if found is claimed else None


def _unchecked(base: Base) -> Why | None:
    """Say why an allowed base that the image claims is not proven: its registry may be down."""
    if base.unchecked is None:
        return None
    return Why(f"the base that it claims is unknown: {base.unchecked}", ways.UNKNOWN_CLAIM)


def _is_unknown(base: Base) -> bool:
    return base.name is None and base.family is None and base.tier is None


def _sentence(finding: Finding) -> str:
    shown = _based_on(finding, finding.image.base) if finding.image else "something unknown"
    if isinstance(finding.limit, str):
        return f"is based on {shown}, which the policy allows only if {finding.limit}"
    return f"is based on {shown}, which the policy does not allow"


def _based_on(finding: Finding, base: Base) -> str:
    """Name the base, and what of it the policy speaks of where that is not its own name."""
    shown, evidence = base_text(base), finding.evidence
    if evidence is None or finding.value is None:
        return shown
    if finding.value not in {base.name, base.family}:
        return f"{shown}, that is on {printable(str(finding.value), 128)} ({evidence.value})"
    if base.name and base.family and evidence is not base.evidence:
        return f"{shown} of family {printable(base.family, 64)} ({evidence.value})"
    return shown


CHECK: Final = Check(
    name=NAME,
    field="spec.bases.allow, spec.bases.deny",
    title="An image has a base that the policy does not allow",
    advice="Build on a base that the message names as allowed, or on none that it names as denied, "
    "as it is, so that its layers prove it.",
    is_asked=lambda policy: bool(policy.bases and (policy.bases.allow or policy.bases.deny)),
    find=check,
    sentence=_sentence,
    section=Section.BASE,
    way=lambda _: Way(Section.BASE, "Build it on another base"),
    unknown=ways.UNKNOWN_BASE,
)
