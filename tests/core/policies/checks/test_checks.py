"""The checks as a whole: none is forgotten, and each is called by one name everywhere."""

from importlib import import_module
from pathlib import Path

from slimgate.core.policies.checks import CHECKS
from slimgate.core.wording.render import describe
from tests.core.make import DENY, WEB, finding

HELPERS = {"__init__", "measure", "bases"}
FILES = sorted(
    file.stem
    for file in Path("operator/slimgate/core/policies/checks").glob("*.py")
    if file.stem not in HELPERS
)


def test_every_file_is_a_check() -> None:
    """Each file holds one check, which CHECKS lists by its name."""
    found = {}
    for file in FILES:
        module = import_module(f"slimgate.core.policies.checks.{file}")
        found[module.NAME] = module.check

    assert found == CHECKS


def test_every_check_can_be_told() -> None:
    """There is a sentence for what each check finds, and its name stands in it."""
    for name in CHECKS:
        assert f"[policy default, {name}]" in describe(WEB, [finding(name, DENY)])


def test_every_check_is_tested() -> None:
    """Each check has its file of tests beside this one."""
    tested = {file.stem.removeprefix("test_") for file in Path(__file__).parent.glob("test_*.py")}

    assert set(FILES) <= tested
