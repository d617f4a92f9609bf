"""The lab's API server with slimgate's resources installed."""

import time
from typing import Final

import pytest

from tests.lab.kubectl import Kubectl
from tests.manifests.resources import Try, policy, try_out

_INSTALL_SECONDS: Final = 30.0


@pytest.fixture(scope="session")
def create(kubectl: Kubectl, crds: None) -> Try:
    """Ask the API server to create an object, with strict validation, and keep nothing of it."""
    del crds
    canary = policy({"limits": {"layers": {"warn": 2, "deny": 1}}})
    deadline = time.monotonic() + _INSTALL_SECONDS
    while try_out(kubectl, canary).accepted:
        assert time.monotonic() < deadline, (
            "the API server never refused a limit that is upside down"
        )
        time.sleep(0.2)
    return lambda resource: try_out(kubectl, resource)
