"""Both Helms as fixtures, for tests of what the chart renders and of what becomes of it."""

from pathlib import Path

import pytest

from tests.chart.helm import Helm
from tests.lab import tools
from tests.lab.layout import default_layout
from tests.lab.tools import Tool


def built(tool: Tool) -> Path:
    """Return a program, if it was built."""
    path = tool.path(default_layout())
    if not path.exists():
        pytest.skip(f"{tool.name} is not built: run python -m tests.lab tools")
    return path


@pytest.fixture(scope="session")
def helm3() -> Helm:
    """Return Helm 3."""
    return Helm(built(tools.HELM3))


@pytest.fixture(scope="session")
def helm4() -> Helm:
    """Return Helm 4."""
    return Helm(built(tools.HELM4))


@pytest.fixture(scope="session", params=["helm4", "helm3"])
def helm(request: pytest.FixtureRequest) -> Helm:
    """Return each of the two Helms."""
    found: Helm = request.getfixturevalue(request.param)
    return found
