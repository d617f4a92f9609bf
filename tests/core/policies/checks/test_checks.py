"""The checks as a whole: none is forgotten, and each is called by one name everywhere."""

from importlib import import_module
from pathlib import Path

import pytest

from slimgate.core.images.tier import Tier
from slimgate.core.policies.checks import CHECKS, asked_by
from slimgate.core.policies.policy import BaseRules, Limit, Limits, OnFalseClaim, Policy, TierLimit
from slimgate.core.wording.render import describe
from tests.core.everything import EVERYTHING
from tests.core.make import DENY, UNKNOWN, WEB, finding

HELPERS = {"__init__", "check", "measure", "bases", "sentences"}
FILES = sorted(
    file.stem
    for file in Path("operator/slimgate/core/policies/checks").glob("*.py")
    if file.stem not in HELPERS
)
LIMIT = Limit(deny=1)


def test_every_file_is_a_check() -> None:
    """Each file holds one check, which CHECKS lists by its name."""
    modules = [import_module(f"slimgate.core.policies.checks.{file}") for file in FILES]

    assert {module.CHECK.name: module.CHECK for module in modules} == CHECKS


def test_every_check_can_be_told() -> None:
    """There is a sentence for what each check finds, and its name stands in it; and advice."""
    for name, check in CHECKS.items():
        assert f"[policy default, {name}]" in describe(WEB, [finding(name, DENY)])
        assert check.title
        assert all(check.way_of(finding(name, one)).sentence for one in (DENY, UNKNOWN))
        assert check.advice.endswith(".")


def test_every_check_is_tested() -> None:
    """Each check has its file of tests beside this one."""
    tested = {file.stem.removeprefix("test_") for file in Path(__file__).parent.glob("test_*.py")}

    assert set(FILES) <= tested


@pytest.mark.parametrize(
    ("limits", "bases", "expected"),
    [
        (Limits(), None, set()),
        (Limits(pull_size=LIMIT), None, {"pullSize"}),
        (Limits(layers=LIMIT, growth=LIMIT), None, {"layers", "growth"}),
        (Limits(), BaseRules(deny=("x",)), {"base", "falseClaim"}),
        (Limits(), BaseRules(deny=("x",), on_false_claim=OnFalseClaim.IGNORE), {"base"}),
        (Limits(), BaseRules(max_tier=TierLimit(deny=Tier.FULL)), {"maxTier", "falseClaim"}),
    ],
)
def test_asked_by(limits: Limits, bases: BaseRules | None, expected: set[str]) -> None:
    """A policy has the checks that its fields ask for; every policy wants images looked up."""
    policy = Policy(name="p", limits=limits, bases=bases)

    assert set(asked_by(policy)) == {"inspection", *expected}


def test_all_checks_can_be_asked_for() -> None:
    """There is no check that a policy with every field lacks."""
    assert set(asked_by(EVERYTHING)) == set(CHECKS)


@pytest.mark.parametrize(
    ("check", "value", "expected"),
    [
        ("pullSize", 2**20, "1 MiB"),
        ("growth", 25, "25%"),
        ("layers", 25, "25"),
        ("maxTier", Tier.FULL, "Full"),
        ("base", "a\nb", "a\\nb"),
        ("base", "a" * 129, "a" * 127 + "…"),
    ],
)
def test_amounts(check: str, value: int | Tier | str, expected: str) -> None:
    """A value is written in the unit that its check measures, and a text is safe to print."""
    assert CHECKS[check].amount(value) == expected
