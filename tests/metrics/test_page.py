"""The page: what Prometheus' own linter accepts, and only what is of use."""

import re
import shutil
import subprocess

import pytest

from slimgate.metrics import Metrics
from tests.metrics import full

ABBREVIATED = re.compile(r"(^|_)(s|ms|us|ns|sec|secs|b|kb|mb|gb|kib|mib|gib|pct|num|cnt)(_|$)")
OTHER_UNITS = re.compile(r"(milli|micro|nano|kilo|mega|giga|kibi|mebi|gibi)|minutes|hours|days")


@pytest.fixture(scope="module", params=["controller", "webhook"])
def page(request: pytest.FixtureRequest) -> Metrics:
    """Make a role's metrics, of which every one has a series."""
    made: Metrics = full.controller() if request.param == "controller" else full.webhook()
    return made


def promtool() -> str:
    """Find Prometheus' own tool, which `make lab-up` installs."""
    found = shutil.which("promtool")
    if found is None:
        pytest.skip("promtool is not installed: make lab-up, or apt-get install prometheus")
    return found


def test_promtool_accepts_it(page: Metrics) -> None:
    """Prometheus' linter finds nothing to say of names, units and help texts."""
    done = subprocess.run(
        [promtool(), "check", "metrics"], input=page.page(), capture_output=True, check=False
    )

    assert (done.returncode, done.stdout + done.stderr) == (0, b"")


def test_names(page: Metrics) -> None:
    """Names are as Prometheus asks for, wherever promtool is not there to say so."""
    for family in full.families(page):
        name = family.name
        assert re.fullmatch(r"(slimgate|process)(_[a-z]+)+", name), name
        assert not ABBREVIATED.search(name), name
        assert not OTHER_UNITS.search(name), name
        assert family.documentation.endswith("."), name
        assert family.type in {"counter", "gauge", "histogram"}, name
        suffixes = ("_total", "_count", "_sum", "_bucket", "_created")
        assert not name.endswith(suffixes), name


def test_no_times_of_creation(page: Metrics) -> None:
    """They would be as many series again, which nobody reads."""
    assert b"_created" not in page.page()
