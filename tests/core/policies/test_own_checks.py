"""Which checks a policy asks for."""

import pytest

from slimgate.core.images.tier import Tier
from slimgate.core.policies.checks import CHECKS
from slimgate.core.policies.finding import INSPECTION
from slimgate.core.policies.own_checks import own_checks
from slimgate.core.policies.policy import BaseRules, Limit, Limits, OnFalseClaim, Policy, TierLimit
from tests.core.everything import EVERYTHING

LIMIT = Limit(deny=1)
CASES = [
    (Limits(), None, set()),
    (Limits(pull_size=LIMIT), None, {"pullSize"}),
    (Limits(layers=LIMIT, growth=LIMIT), None, {"layers", "growth"}),
    (Limits(), BaseRules(deny=("x",)), {"base", "falseClaim"}),
    (Limits(), BaseRules(deny=("x",), on_false_claim=OnFalseClaim.IGNORE), {"base"}),
    (Limits(), BaseRules(max_tier=TierLimit(deny=Tier.FULL)), {"maxTier", "falseClaim"}),
]


@pytest.mark.parametrize(("limits", "bases", "expected"), CASES)
def test_own_checks(limits: Limits, bases: BaseRules | None, expected: set[str]) -> None:
    """A policy has the checks that its fields ask for; every policy wants images looked up."""
    policy = Policy(name="p", limits=limits, bases=bases)

    assert set(own_checks(policy)) == {INSPECTION, *expected}


def test_all_checks_can_be_asked_for() -> None:
    """There is no check that a policy with every field lacks."""
    found = own_checks(EVERYTHING)

    assert set(found) == {INSPECTION, *CHECKS}
