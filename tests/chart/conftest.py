"""What checks the chart's objects, and the cases of values that all kinds of tests look at."""

from pathlib import Path
from typing import Final

import pytest

from tests.chart.fixtures import built
from tests.chart.helm import CHART
from tests.lab import tools
from tests.lab.layout import default_layout

CASES: Final = sorted((CHART / "ci").glob("*-values.yaml"))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark all that runs Helm."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.helm)


@pytest.fixture(scope="session")
def kubeconform() -> Path:
    """Return kubeconform."""
    return built(tools.KUBECONFORM)


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
