"""Kinds: what objects and URLs call them, and names that lead nowhere else."""

import pytest

from slimgate.core.errors import MissingError
from slimgate.core.workloads.kinds import DEPLOYMENTS, PODS, Kind

NODES = Kind(version="v1", plural="nodes", kind="Node")


@pytest.mark.parametrize(
    ("kind", "api_version", "resource", "namespaces"),
    [
        (DEPLOYMENTS, "apps/v1", "deployments.apps", "/apis/apps/v1/namespaces/a/deployments"),
        (PODS, "v1", "pods", "/api/v1/namespaces/a/pods"),
    ],
    ids=["group", "core"],
)
def test_names_and_paths(kind: Kind, api_version: str, resource: str, namespaces: str) -> None:
    """The core group has no name, and paths of its own."""
    assert (kind.api_version, kind.resource) == (api_version, resource)
    assert kind.all() == namespaces.replace("/namespaces/a", "")
    assert kind.within("a") == namespaces
    assert kind.one("a", "b.c") == f"{namespaces}/b.c"


def test_without_namespace() -> None:
    """A kind of the whole cluster has its objects at its own path."""
    assert NODES.one("", "one") == "/api/v1/nodes/one"


@pytest.mark.parametrize("name", ["", "..", "a/../b", "A", "-a", "a?b", "a" * 254])
def test_no_name(name: str) -> None:
    """What is no name leads to no other object, and the error shows what can be printed of it."""
    with pytest.raises(MissingError, match=r"^there is no Pod at .*: that is not a valid name$"):
        PODS.one("a", name)
