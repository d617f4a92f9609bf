"""A cluster with something of every outcome, and previews of it."""

from typing import Any

from slimgate.cli.preview.preview import Preview, policy_in_cluster, policy_in_file, preview
from slimgate.cli.shared.progress import SilentBoard
from slimgate.core.workloads.workload import ImageUse, Role, Workload
from slimgate.settings import Settings
from tests.cli.clusters import Cluster
from tests.cli.facts import FAT, HOSTILE, HOSTILE_TEXT, SAVED, SOYA, inspection

SEEN = {
    "fat:1": inspection("fat:1", FAT),
    "soya:1": inspection("soya:1", SOYA),
    "saved:1": inspection("saved:1", SAVED),
    "evil:1": inspection(HOSTILE_TEXT, HOSTILE),
}
EXCEPTION = {
    "metadata": {"namespace": "shop", "name": "e"},
    "spec": {
        "policyRefs": ["slim"],
        "resources": [{"apiGroup": "apps", "kind": "Deployment", "name": "old"}],
        "reason": "x",
        "expirationTime": "2999-01-01T00:00:00Z",
    },
}


def policy(name: str = "slim", mode: str = "Audit", **spec: object) -> dict[str, Any]:
    """Make a SlimPolicy object."""
    limits = {"limits": {"pullSize": {"warn": "5Mi", "deny": "100Mi"}}}
    return {
        "apiVersion": "slimgate.dev/v1alpha1",
        "kind": "SlimPolicy",
        "metadata": {"name": name},
        "spec": {"mode": mode, **limits, **spec},
    }


def workload(name: str, *references: str, namespace: str = "shop") -> Workload:
    """Make a Deployment with one container a reference."""
    uses = tuple(
        ImageUse(role=Role.CONTAINER, name="c", reference=reference) for reference in references
    )
    labels = {"app": name}
    return Workload(
        group="apps", kind="Deployment", namespace=namespace, name=name, labels=labels, images=uses
    )


def cluster(*policies: dict[str, Any], running: list[Workload] | None = None) -> Cluster:
    """Make a cluster that runs something of every outcome."""
    return Cluster(
        policy_objects=policies or [policy()],
        exception_objects=[EXCEPTION],
        running=running
        or [
            workload("soya", "soya:1"),
            workload("fat", "fat:1"),
            workload("old", "fat:1"),
            workload("saved", "saved:1"),
            workload("gone", "gone:1"),
        ],
        seen=SEEN,
    )


async def preview_of(there: Cluster | None = None, wanted: str = "slim") -> Preview:
    """Preview a policy."""
    there = there or cluster()
    chosen = policy_in_file(wanted) or await policy_in_cluster(wanted, there)
    return await preview(chosen, there, Settings(), SilentBoard(), seconds=7)
