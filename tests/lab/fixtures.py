"""The running lab as fixtures of all tests; what needs it skips by name when it is not up."""

import fcntl
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from tests.lab.errors import LabError
from tests.lab.kubectl import Kubectl
from tests.lab.state import Lab, load

ROOT: Final = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def lab() -> Lab:
    """Return the running lab."""
    try:
        return load(ROOT / ".lab" / "lab.json")
    except LabError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def lab_node(lab: Lab) -> Lab:
    """Return the running lab where it has a node."""
    if not lab.node:
        pytest.skip("the lab has no node: that needs root")
    return lab


@pytest.fixture(scope="module")
def own_disk(lab_node: Lab) -> Iterator[None]:
    """Keep other workers' tests from changing what containerd keeps, and wait for theirs."""
    with Path(lab_node.logs, "disk.lock").open("w") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        yield


@pytest.fixture(scope="session")
def docker_host(lab: Lab) -> str:
    """Return the address of the lab's Docker engine."""
    if not lab.docker_host:
        pytest.skip("the lab has no Docker engine: that needs root")
    return lab.docker_host


@pytest.fixture(scope="session")
def kubectl(lab: Lab) -> Kubectl:
    """Return kubectl for the lab."""
    return Kubectl(lab)


@pytest.fixture(scope="session")
def crds(kubectl: Kubectl) -> None:
    """Install slimgate's resources; others may have done so already."""
    folder = ROOT / "manifests" / "crds"
    kubectl("apply", "-f", str(folder))
    kubectl("wait", "--for=condition=Established", "--timeout=30s", "-f", str(folder))
