"""A place of its own for each test of the lab."""

from collections.abc import Iterator
from uuid import uuid4

import pytest

from tests.lab.kubectl import Kubectl


@pytest.fixture
def namespace(kubectl: Kubectl) -> Iterator[str]:
    """Return a namespace of the test's own."""
    name = f"lab-{uuid4().hex[:8]}"
    kubectl("create", "namespace", name)
    yield name
    kubectl("delete", "namespace", name, "--wait=false")
