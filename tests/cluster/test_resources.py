"""Where kinds and objects are at the API server, and names that are none."""

import pytest

from slimgate.cluster.resources import (
    EVENTS,
    NODES,
    OPEN_REPORTS,
    SECRETS,
    SLIM_POLICIES,
    Target,
    resource_at,
)
from slimgate.core.errors import MissingError
from slimgate.core.workloads.kinds import DEPLOYMENTS, PODS, Kind
from slimgate.core.workloads.workload import Workload

PATHS = [
    (NODES.all(), "/api/v1/nodes"),
    (NODES.one("", "n1"), "/api/v1/nodes/n1"),
    (SECRETS.one("team", "pull"), "/api/v1/namespaces/team/secrets/pull"),
    (EVENTS.within("team"), "/apis/events.k8s.io/v1/namespaces/team/events"),
    (SLIM_POLICIES.one("", "slim"), "/apis/slimgate.dev/v1alpha1/slimpolicies/slim"),
    (
        OPEN_REPORTS.one("team", "r.1"),
        "/apis/openreports.io/v1alpha1/namespaces/team/reports/r.1",
    ),
    (PODS.within("team"), "/api/v1/namespaces/team/pods"),
]


@pytest.mark.parametrize(("path", "expected"), PATHS)
def test_paths(path: str, expected: str) -> None:
    """Every kind is where Kubernetes has it."""
    assert path == expected


@pytest.mark.parametrize(
    ("path", "resource"),
    [
        (NODES.all(), "nodes"),
        (SECRETS.within("team"), "secrets"),
        (SLIM_POLICIES.all(), "slimpolicies.slimgate.dev"),
        (DEPLOYMENTS.all(), "deployments.apps"),
        (PODS.within("team"), "pods"),
    ],
)
def test_names_of_resources(path: str, resource: str) -> None:
    """A path says what it holds, whatever namespace it is in."""
    assert resource_at(path) == resource


@pytest.mark.parametrize(
    "name", ["", "..", ".", "../nodes/n1", "a/b", "a?b", "a%2fb", "A", "a\n", "a" * 254]
)
def test_no_names(name: str) -> None:
    """What is no name leads nowhere, whoever wrote it into an object."""
    with pytest.raises(MissingError, match="not a valid name"):
        SECRETS.one("team", name)
    with pytest.raises(MissingError, match="not a valid name"):
        SECRETS.within(name)


def test_target_of_a_workload() -> None:
    """A workload of a kind that settings add is found, and referred to, like any other."""
    kind = Kind(group="argoproj.io", version="v1alpha1", plural="rollouts", kind="Rollout")
    target = Target.workload(
        kind, Workload(kind="Rollout", namespace="team", name="web", uid="u-1")
    )

    assert target.path == "/apis/argoproj.io/v1alpha1/namespaces/team/rollouts/web"
    assert target.owner() == {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Rollout",
        "name": "web",
        "uid": "u-1",
    }
    assert target.reference() == {**target.owner(), "namespace": "team"}


def test_target_without_namespace() -> None:
    """What has no namespace is referred to without one."""
    target = Target.of(SLIM_POLICIES, {"metadata": {"name": "slim", "uid": "u-1"}})

    assert target.path == "/apis/slimgate.dev/v1alpha1/slimpolicies/slim"
    assert "namespace" not in target.reference()
