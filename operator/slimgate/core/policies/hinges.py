"""What a verdict depends on that may not be known yet: BaseImages, and layers to be measured."""

from collections.abc import Mapping

from slimgate.core.images.facts import Digest, Inspection, SizeEvidence
from slimgate.core.images.reference import Reference
from slimgate.core.matching.globs import matches_reference
from slimgate.core.policies.base_image import BaseImage, claims
from slimgate.core.policies.checks import ON_BASES, unpacked_size
from slimgate.core.policies.finding import Finding, Outcome
from slimgate.core.policies.policy import BaseRules
from slimgate.core.policies.verdict import Verdict
from slimgate.core.workloads.workload import ImageUse


def depends(rules: BaseRules, image: BaseImage) -> tuple[Reference, ...]:
    """List the references of a BaseImage that rules depend on.

    Those that a glob matches, and all where tiers are limited and the BaseImage says one.
    """
    if rules.max_tier is not None and image.tier is not None:
        return image.references
    return _named(rules.allow or rules.deny, image)


def may_change(verdict: Verdict, image: BaseImage) -> bool:
    """Whether a verdict may be another once it is known what a BaseImage is.

    What is within policy may be that no more by a base that is denied, or of a tier that is. Of
    an image that shows no base any may be the one, and what it is unknown for is known then.
    """
    if any(map(_shows_none, verdict.findings)):
        return True
    open_ = {finding.policy for finding in verdict.findings if finding.check in ON_BASES}
    ruling = [(policy.name in open_, policy.bases) for policy in verdict.policies if policy.bases]
    return any(
        depends(rules, image) if is_open else _condemns(rules, image) for is_open, rules in ruling
    ) or (bool(open_) and _is_claimed(verdict, image))


def to_measure(verdict: Verdict) -> Mapping[ImageUse, frozenset[Digest]]:
    """List the layers whose measure may make a verdict another: all else tells no more.

    Those of which a part does not tell their size, and estimates where a policy believes none.
    """
    strict = {
        policy.name
        for policy in verdict.policies
        if (limit := policy.limits.unpacked_size) and limit.evidence is SizeEvidence.MEASURED
    }
    found: dict[ImageUse, frozenset[Digest]] = {}
    for finding in verdict.findings:
        is_open = finding.check == unpacked_size.NAME and finding.outcome is Outcome.UNKNOWN
        seen = None if finding.use is None else verdict.subject.images.get(finding.use)
        if is_open and finding.use and isinstance(seen, Inspection):
            believes = finding.policy not in strict
            layers = (one.doubtful if believes else one.unmeasured for one in seen.images)
            found[finding.use] = found.get(finding.use, frozenset()).union(*layers)
    return {use: layers for use, layers in found.items() if layers}


def _shows_none(finding: Finding) -> bool:
    on_base = finding.check in ON_BASES and finding.outcome is Outcome.UNKNOWN
    return on_base and finding.image is not None and finding.image.base.name is None


def _condemns(rules: BaseRules, image: BaseImage) -> bool:
    limit, tier = rules.max_tier, image.tier
    lines = [] if limit is None else [line for line in (limit.warn, limit.deny) if line is not None]
    is_above = tier is not None and any(tier > line for line in lines)
    return is_above or bool(_named(rules.deny, image))


def _named(globs: tuple[str, ...], image: BaseImage) -> tuple[Reference, ...]:
    return tuple(one for one in image.references if matches_reference(globs, str(one)))


def _is_claimed(verdict: Verdict, image: BaseImage) -> bool:
    return any(
        claims(text, reference)
        for seen in verdict.subject.inspected().values()
        for facts in seen.images
        for text in facts.base.claims
        for reference in image.references
    )
