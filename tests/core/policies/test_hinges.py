"""What hinges on a BaseImage."""

from dataclasses import replace

import pytest

from slimgate.core.images.facts import Base
from slimgate.core.images.reference import Reference
from slimgate.core.images.tier import Tier
from slimgate.core.policies.base_image import BaseImage
from slimgate.core.policies.finding import Finding, Outcome
from slimgate.core.policies.hinges import depends, may_change
from slimgate.core.policies.policy import BaseRules, Policy, TierLimit
from slimgate.core.policies.verdict import Verdict
from tests.core.make import finding, image, one
from tests.core.make import image as facts_of

GO, MIRROR = (Reference.parse(text) for text in ("r.io/golden/go:1", "m.io/go:1"))
PLAIN = BaseImage(name="go", references=(GO, MIRROR))
SLIM = BaseImage(name="go", references=(GO, MIRROR), tier=Tier.SLIM)
TIERS = TierLimit(deny=Tier.FULL)


@pytest.mark.parametrize(
    ("rules", "image", "expected"),
    [
        (BaseRules(allow=("**/golden/*",)), PLAIN, (GO,)),
        (BaseRules(deny=("m.io/**",)), PLAIN, (MIRROR,)),
        (BaseRules(allow=("gcr.io/**",)), SLIM, ()),
        (BaseRules(max_tier=TIERS), PLAIN, ()),
        (BaseRules(max_tier=TIERS), SLIM, (GO, MIRROR)),
        (BaseRules(max_tier=TIERS, allow=("**/golden/*",)), PLAIN, (GO,)),
        (BaseRules(), SLIM, ()),
    ],
)
def test_rules(rules: BaseRules, image: BaseImage, expected: tuple[Reference, ...]) -> None:
    """References that a glob matches, and all of a BaseImage that says the tier it is of."""
    assert depends(rules, image) == expected


ALLOWING = Policy(name="allowing", bases=BaseRules(allow=("**/golden/*",)))
OTHER = Policy(name="other", bases=BaseRules(deny=("alpine",)))


def unknown(check: str, base: Base) -> Finding:
    """Find that nothing can be said of an image, by a policy that names no BaseImage."""
    found = finding(check, Outcome.UNKNOWN, policy="other")
    return replace(found, image=facts_of(base=base))


@pytest.mark.parametrize(
    ("findings", "claims", "expected"),
    [
        ((), (), False),
        ((finding("pullSize", Outcome.DENY, policy="allowing"),), (), False),
        ((finding("base", Outcome.DENY, policy="allowing"),), (), True),
        ((finding("base", Outcome.UNKNOWN, policy="other"),), (), False),
        ((finding("maxTier", Outcome.WARN, policy="other"),), (str(MIRROR),), True),
        ((), (str(MIRROR),), False),
        ((unknown("base", Base()),), (), True),
        ((unknown("maxTier", Base(family="debian")),), (), True),
        ((unknown("base", Base(name="debian:12")),), (), False),
        ((unknown("pullSize", Base()),), (), False),
        ((replace(unknown("base", Base()), outcome=Outcome.DENY),), (), False),
    ],
)
def test_verdicts(
    findings: tuple[Finding, ...], claims: tuple[str, ...], *, expected: bool
) -> None:
    """One that is within policy, or by rules that need no such base, stays as it is.

    Of an image that shows no base any may be the one.
    """
    verdict = Verdict(
        subject=one(image(base=Base(claims=claims))),
        policies=(ALLOWING, OTHER),
        findings=findings,
    )

    assert may_change(verdict, PLAIN) is expected


@pytest.mark.parametrize(
    ("rules", "image", "expected"),
    [
        (BaseRules(deny=("m.io/**",)), PLAIN, True),
        (BaseRules(deny=("alpine",)), SLIM, False),
        (BaseRules(max_tier=TierLimit(warn=Tier.MINIMAL)), SLIM, True),
        (BaseRules(max_tier=TierLimit(warn=Tier.SLIM, deny=Tier.FULL)), SLIM, False),
        (BaseRules(max_tier=TierLimit(deny=Tier.MINIMAL)), PLAIN, False),
    ],
)
def test_what_a_base_may_condemn(rules: BaseRules, image: BaseImage, *, expected: bool) -> None:
    """What is within policy is that no more if it is based on what is denied, or of such a tier."""
    verdict = Verdict(subject=one(facts_of()), policies=(Policy(name="p", bases=rules),))

    assert may_change(verdict, image) is expected
