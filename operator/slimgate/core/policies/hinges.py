"""Which rules and which verdicts depend on a BaseImage that may not be known yet."""

from slimgate.core.images.reference import Reference
from slimgate.core.matching.globs import matches_reference
from slimgate.core.policies.base_image import BaseImage, claims
from slimgate.core.policies.checks import ON_BASES
from slimgate.core.policies.policy import BaseRules
from slimgate.core.policies.verdict import Verdict


def depends(rules: BaseRules, image: BaseImage) -> tuple[Reference, ...]:
    """List the references of a BaseImage that rules depend on.

    Those that a glob matches, and all where tiers are limited and the BaseImage says one.
    """
    if rules.max_tier is not None and image.tier is not None:
        return image.references
    return _named(rules.allow or rules.deny, image)


def may_change(verdict: Verdict, image: BaseImage) -> bool:
    """Whether a verdict may be another once it is known what a BaseImage is.

    What is within policy may be that no more by a base that is denied, or of a tier that is.
    """
    open_ = {finding.policy for finding in verdict.findings if finding.check in ON_BASES}
    ruling = [(policy.name in open_, policy.bases) for policy in verdict.policies if policy.bases]
    return any(
        depends(rules, image) if is_open else _condemns(rules, image) for is_open, rules in ruling
    ) or (bool(open_) and _is_claimed(verdict, image))


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
