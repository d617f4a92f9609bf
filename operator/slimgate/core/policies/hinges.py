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
    globs = rules.allow or rules.deny
    return tuple(one for one in image.references if matches_reference(globs, str(one)))


def may_change(verdict: Verdict, image: BaseImage) -> bool:
    """Whether a verdict may be another once it is known what a BaseImage is.

    What is within policy is not: nobody is to wait for it.
    """
    open_ = {finding.policy for finding in verdict.findings if finding.check in ON_BASES}
    if not open_:
        return False
    rules = [one.bases for one in verdict.policies if one.name in open_ and one.bases is not None]
    return any(depends(one, image) for one in rules) or _is_claimed(verdict, image)


def _is_claimed(verdict: Verdict, image: BaseImage) -> bool:
    return any(
        claims(text, reference)
        for seen in verdict.subject.inspected().values()
        for facts in seen.images
        for text in facts.base.claims
        for reference in image.references
    )
