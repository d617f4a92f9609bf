"""Fixtures of tests that need the running lab; they skip by name when it is not up."""

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from tests.lab.errors import LabError
from tests.lab.state import Lab, load

Kubectl = Callable[..., str]


@pytest.fixture(scope="session")
def lab() -> Lab:
    """Return the running lab."""
    try:
        return load(Path(".lab/lab.json"))
    except LabError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def lab_node(lab: Lab) -> Lab:
    """Return the running lab where it has a node."""
    if not lab.node:
        pytest.skip("the lab has no node: that needs root")
    return lab


@pytest.fixture(scope="session")
def kubectl(lab: Lab) -> Kubectl:
    """Return a function that runs kubectl as the administrator."""

    def run(*argv: str, stdin: str = "", namespace: str = "default") -> str:
        command = [lab.kubectl, "--kubeconfig", lab.kubeconfig, "--namespace", namespace, *argv]
        return subprocess.run(
            command, input=stdin, capture_output=True, text=True, check=True, timeout=60
        ).stdout

    return run


@pytest.fixture
def namespace(kubectl: Kubectl) -> Iterator[str]:
    """Return a namespace of the test's own."""
    name = f"lab-{uuid4().hex[:8]}"
    kubectl("create", "namespace", name)
    yield name
    kubectl("delete", "namespace", name, "--wait=false")
