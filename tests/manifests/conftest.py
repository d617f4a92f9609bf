"""The lab's API server with slimgate's resources installed."""

import json
import time
from pathlib import Path
from typing import Final

import pytest

from tests.manifests.resources import Kubectl, Try, policy, try_out

_ROOT: Final = Path(__file__).parents[2]
_LAB: Final = _ROOT / ".lab" / "lab.json"
_CRDS: Final = _ROOT / "manifests" / "crds"
_ADMISSION: Final = _ROOT / "manifests" / "admission"
_INSTALL_SECONDS: Final = 30.0


@pytest.fixture(scope="session")
def bare_kubectl() -> Kubectl:
    """Kubectl for the lab, before anything of slimgate is installed."""
    if not _LAB.exists():
        pytest.skip("the lab is not up: run make lab-up")
    lab = json.loads(_LAB.read_text())
    return Kubectl(_ROOT / lab["kubectl"], _ROOT / lab["kubeconfig"])


@pytest.fixture(scope="session")
def kubectl(bare_kubectl: Kubectl) -> Kubectl:
    """Kubectl for the lab with the CRDs established and the admission policy in force."""
    installed = bare_kubectl("apply", "-f", str(_CRDS), "-f", str(_ADMISSION))
    assert installed.accepted, installed.text
    established = bare_kubectl(
        "wait", "--for=condition=Established", "--timeout=30s", "-f", str(_CRDS)
    )
    assert established.accepted, established.text
    canary = policy({"limits": {"layers": {"warn": 2, "deny": 1}}})
    deadline = time.monotonic() + _INSTALL_SECONDS
    while try_out(bare_kubectl, canary).accepted:
        assert time.monotonic() < deadline, "the admission policy never came into force"
        time.sleep(0.2)
    return bare_kubectl


@pytest.fixture(scope="session")
def create(kubectl: Kubectl) -> Try:
    """Ask the API server to create an object, with strict validation, and keep nothing of it."""
    return lambda resource: try_out(kubectl, resource)
