"""What is told about checks: all of them, and no other."""

from slimgate.cli.check.reports.checks import ABOUT
from slimgate.core.policies.checks import CHECKS


def test_every_check_is_described() -> None:
    """Each check that can report something has a title and a way out."""
    assert set(ABOUT) == {"inspection", *CHECKS}
    assert all(about.title and about.help.endswith(".") for about in ABOUT.values())
