"""The kopf handlers: each takes an object in and hands it on.

Only `on.event` is used: other kinds of handlers write annotations and finalizers of kopf's own to
every object that they see (https://docs.kopf.dev/en/stable/persistence/).
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

import kopf
from kubernetes.aio.client import Configuration
from kubernetes.aio.config import load_incluster_config

from slimgate.controller.ledger import Key, observed_of
from slimgate.controller.ports import Kind
from slimgate.controller.reconciler import Reconciler
from slimgate.core.workload import workload_of

BUILT_IN: Final = (
    Kind("apps", "v1", "deployments", "Deployment"),
    Kind("apps", "v1", "statefulsets", "StatefulSet"),
    Kind("apps", "v1", "daemonsets", "DaemonSet"),
    Kind("apps", "v1", "replicasets", "ReplicaSet"),
    Kind("", "v1", "replicationcontrollers", "ReplicationController"),
    Kind("batch", "v1", "jobs", "Job"),
    Kind("batch", "v1", "cronjobs", "CronJob"),
    Kind("", "v1", "pods", "Pod"),
)


def make_registry(
    reconciler: Reconciler,
    kinds: Sequence[Kind],
    template_paths: Mapping[str, tuple[str, ...]],
) -> kopf.OperatorRegistry:
    """Register one handler a kind, in a registry of its own: nothing is global."""
    registry = kopf.OperatorRegistry()
    kopf.on.login(registry=registry)(log_in)
    judged = frozenset(kind.name for kind in kinds)

    def is_own_master(meta: kopf.Meta, **_: object) -> bool:
        # What a judged workload makes is judged with it: a Deployment's ReplicaSets and Pods.
        owners = meta.get("ownerReferences") or ()
        return not any(o.get("controller") and o.get("kind") in judged for o in owners)

    for kind in kinds:
        handler = _Handler(reconciler, kind, template_paths)
        kopf.on.event(
            kind.group, kind.version, kind.plural, id=kind.plural, when=is_own_master,
            registry=registry,
        )(handler.handle)  # fmt: skip
    return registry


def make_settings() -> kopf.OperatorSettings:
    """Tell kopf what a cluster of thousands of workloads needs (kopf's issues 585 and 957)."""
    settings = kopf.OperatorSettings()
    settings.watching.chunk_size = 500
    settings.watching.server_timeout = 600
    settings.watching.client_timeout = 660
    settings.watching.connect_timeout = 10
    settings.networking.request_timeout = 60
    settings.networking.connect_timeout = 10
    settings.posting.enabled = False
    settings.peering.standalone = True
    settings.persistence.finalizer = "slimgate.dev/finalizer"
    return settings


def log_in(**kwargs: Any) -> kopf.ConnectionInfo | None:
    """Log in as a pod does, else as the user's kubeconfig says."""
    inside = kopf.login_with_service_account(**kwargs)
    if inside is None:
        return kopf.login_with_kubeconfig(**kwargs)
    # kopf calls the API server by its DNS name; Kubernetes tells every pod its address, which
    # works without DNS too, and is what the rest of slimgate calls.
    configuration = Configuration()
    load_incluster_config(configuration)  # type: ignore[no-untyped-call]
    return replace(inside, server=configuration.host)


class _Handler:
    """Handles the events of one kind."""

    def __init__(
        self,
        reconciler: Reconciler,
        kind: Kind,
        template_paths: Mapping[str, tuple[str, ...]],
    ) -> None:
        self._reconciler = reconciler
        self._kind = kind
        self._template_paths = template_paths

    async def handle(self, type: str | None, body: kopf.Body, **_: object) -> None:  # noqa: A002
        """Hand the workload on; kopf's listing has no type."""
        resource: dict[str, object] = {**body, "kind": self._kind.name}
        workload = workload_of(resource, self._template_paths)
        if workload is None:
            return
        key = Key(workload.kind, workload.namespace, workload.name)
        if type == "DELETED":
            self._reconciler.drop(key)
        else:
            self._reconciler.observe(key, observed_of(self._kind, resource, workload))
