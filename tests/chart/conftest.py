"""Both Helms, and the cases of values that all kinds of tests look at."""

from pathlib import Path
from typing import Final

import pytest

from tests.chart.helm import CHART, Helm
from tests.lab import tools
from tests.lab.layout import default_layout
from tests.lab.tools import Tool

CASES: Final = sorted((CHART / "ci").glob("*-values.yaml"))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark all that runs Helm."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.helm)


def _built(tool: Tool) -> Path:
    path = tool.path(default_layout())
    if not path.exists():
        pytest.skip(f"{tool.name} is not built: run python -m tests.lab tools")
    return path


@pytest.fixture(scope="session")
def helm3() -> Helm:
    """Return Helm 3."""
    return Helm(_built(tools.HELM3))


@pytest.fixture(scope="session")
def helm4() -> Helm:
    """Return Helm 4."""
    return Helm(_built(tools.HELM4))


@pytest.fixture(scope="session", params=["helm4", "helm3"])
def helm(request: pytest.FixtureRequest) -> Helm:
    """Return each of the two Helms."""
    found: Helm = request.getfixturevalue(request.param)
    return found


@pytest.fixture(scope="session")
def kubeconform() -> Path:
    """Return kubeconform."""
    return _built(tools.KUBECONFORM)


@pytest.fixture(scope="session")
def schemas() -> Path:
    """Return the schemas of Kubernetes."""
    path = tools.schemas_path(default_layout())
    if not path.exists():
        pytest.skip("there are no schemas: run python -m tests.lab tools")
    return path


@pytest.fixture(params=CASES, ids=lambda path: path.stem.removesuffix("-values"))
def case(request: pytest.FixtureRequest) -> Path:
    """Return each file of values in the chart's ci/."""
    found: Path = request.param
    return found
