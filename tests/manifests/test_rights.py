"""Who may read what of slimgate's resources, as the API server's own RBAC says it."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import yaml

from tests.lab.kubectl import Kubectl

pytestmark = pytest.mark.lab

MANIFESTS = Path(__file__).parents[2] / "manifests"
CLUSTER_SCOPED = ("slimpolicies", "baseimages", "imageprofiles", "refusedimagesets")
May = Callable[..., bool]


@pytest.fixture
def name() -> str:
    """Return what a namespace, a role and a user are called that no other test has."""
    return f"rights-{uuid4().hex[:8]}"


@pytest.fixture
def may(kubectl: Kubectl, crds: None, name: str) -> Iterator[May]:
    """Bind somebody to `view` in a namespace, and return a function that says what they may."""
    del crds
    install = yaml.safe_load_all((MANIFESTS / "install.yaml").read_text())
    (role,) = [one for one in install if _is_view(one)]
    role["metadata"]["name"] = name  # the demo may have installed its own
    kubectl("create", "namespace", name)
    kubectl("apply", "-f", "-", stdin=yaml.safe_dump(role))
    kubectl("create", "rolebinding", name, "--clusterrole=view", f"--user={name}", "-n", name)

    def ask(verb: str, resource: str, *options: str) -> bool:
        who = ("--as", name, "--as-group", "system:authenticated")
        done = kubectl.attempt("auth", "can-i", verb, f"{resource}.slimgate.dev", *who, *options)
        return done.stdout.strip() == "yes"

    try:
        yield ask
    finally:
        kubectl("delete", "-f", str(MANIFESTS / "readers.yaml"), "--ignore-not-found")
        kubectl("delete", "clusterrole", name)
        kubectl("delete", "namespace", name, "--wait=false")


def _is_view(one: dict[str, Any]) -> bool:
    return (one["kind"], one["metadata"]["name"]) == ("ClusterRole", "slimgate-view")


def _soon(ask: Callable[[], bool]) -> bool:
    """Wait for what aggregation and RBAC take a moment to learn."""
    deadline = time.monotonic() + 20
    while not (found := ask()) and time.monotonic() < deadline:
        time.sleep(0.2)
    return found


def test_view_in_a_namespace(may: May, name: str) -> None:
    """It grants exceptions of that namespace, and nothing that belongs to the cluster."""
    here = ("-n", name)

    assert _soon(lambda: may("list", "slimexceptions", *here))
    assert not may("create", "slimexceptions", *here)
    assert not may("list", "slimexceptions", "-n", "default")
    assert not any(may("get", resource) for resource in CLUSTER_SCOPED)


def test_readers(may: May, kubectl: Kubectl) -> None:
    """With the optional manifest everybody reads policies and bases, and no image's profile."""
    kubectl("apply", "-f", str(MANIFESTS / "readers.yaml"))

    assert _soon(lambda: may("list", "slimpolicies"))
    assert may("watch", "baseimages")
    assert not may("update", "slimpolicies")
    assert not may("get", "imageprofiles")
