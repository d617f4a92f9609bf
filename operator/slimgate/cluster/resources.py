"""Kinds of the cluster, where the API server keeps them, and references to single objects."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Protocol

from slimgate.cluster.errors import MissingError
from slimgate.core.json_object import JsonObject, mapping_at, text_at
from slimgate.core.text import printable
from slimgate.core.workloads.workload import Workload

OWN_LABELS: Final[Mapping[str, str]] = {
    "app.kubernetes.io/name": "slimgate",
    "app.kubernetes.io/managed-by": "slimgate",
}
"""Of objects that slimgate makes for itself; of the others that it makes, too, the second."""

_NAME: Final = re.compile(r"[a-z0-9](?:[-a-z0-9.]{0,251}[a-z0-9])?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """A kind in one version of its API group; the core group's name is empty."""

    kind: str
    plural: str
    version: str
    group: str = ""

    @property
    def api_version(self) -> str:
        """What objects write as apiVersion."""
        return f"{self.group}/{self.version}" if self.group else self.version

    def all(self) -> str:
        """Return the path of all objects of the cluster, or of a kind without namespaces."""
        return f"{self._root}/{self.plural}"

    def within(self, namespace: str) -> str:
        """Return the path of one namespace's objects."""
        return f"{self._root}/namespaces/{self._checked(namespace)}/{self.plural}"

    def one(self, namespace: str, name: str) -> str:
        """Return the path of one object; `namespace` is empty for a kind without namespaces.

        Raises MissingError for what is no name: names come from objects that nobody has
        validated yet, and `../` must not lead to another object.
        """
        parent = self.within(namespace) if namespace else self.all()
        return f"{parent}/{self._checked(name)}"

    @property
    def _root(self) -> str:
        prefix = "/apis" if self.group else "/api"
        return f"{prefix}/{self.api_version}"

    def _checked(self, name: str) -> str:
        if _NAME.fullmatch(name) is None:
            raise MissingError(
                f"there is no {self.kind} at {printable(name, 80)!r}: that is not a valid name"
            )
        return name


def resource_at(path: str) -> str:
    """Name what a collection's path holds, as Kubernetes does: `deployments.apps`, `nodes`."""
    _, prefix, *group, plural = path.split("/")
    return f"{plural}.{group[0]}" if prefix == "apis" else plural


class Served(Protocol):
    """A kind as others may write it down; `name` is what objects call it."""

    @property
    def group(self) -> str:
        """The API group, empty for the core one."""

    @property
    def version(self) -> str:
        """The version in that group."""

    @property
    def plural(self) -> str:
        """The name in paths."""

    @property
    def name(self) -> str:
        """The kind."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One object that slimgate records something about."""

    resource: Resource
    namespace: str
    name: str
    uid: str

    @classmethod
    def of(cls, resource: Resource, obj: JsonObject) -> "Target":
        """Make one from an object as the API server sends it."""
        metadata = mapping_at(obj, "metadata")
        return cls(
            resource=resource,
            namespace=text_at(metadata, "namespace"),
            name=text_at(metadata, "name"),
            uid=text_at(metadata, "uid"),
        )

    @classmethod
    def workload(cls, kind: Served, workload: Workload) -> "Target":
        """Make one of a workload, and of its kind as the API server serves it."""
        resource = Resource(
            group=kind.group, version=kind.version, plural=kind.plural, kind=kind.name
        )
        return cls(
            resource=resource,
            namespace=workload.namespace,
            name=workload.name,
            uid=workload.uid,
        )

    @property
    def path(self) -> str:
        """Where the API server keeps it."""
        return self.resource.one(self.namespace, self.name)

    def reference(self) -> dict[str, str]:
        """Write the ObjectReference that events and reports hold."""
        return {**self.owner(), **({"namespace": self.namespace} if self.namespace else {})}

    def owner(self) -> dict[str, str]:
        """Write the owner reference that has the garbage collector follow its deletion."""
        return {
            "apiVersion": self.resource.api_version,
            "kind": self.resource.kind,
            "name": self.name,
            "uid": self.uid,
        }


NAMESPACES: Final = Resource(version="v1", kind="Namespace", plural="namespaces")
NODES: Final = Resource(version="v1", kind="Node", plural="nodes")
SECRETS: Final = Resource(version="v1", kind="Secret", plural="secrets")
SERVICE_ACCOUNTS: Final = Resource(version="v1", kind="ServiceAccount", plural="serviceaccounts")
PODS: Final = Resource(version="v1", kind="Pod", plural="pods")
EVENTS: Final = Resource(group="events.k8s.io", version="v1", kind="Event", plural="events")
ENDPOINT_SLICES: Final = Resource(
    group="discovery.k8s.io", version="v1", kind="EndpointSlice", plural="endpointslices"
)
WEBHOOK_CONFIGURATIONS: Final = Resource(
    group="admissionregistration.k8s.io",
    version="v1",
    kind="ValidatingWebhookConfiguration",
    plural="validatingwebhookconfigurations",
)
SLIM_POLICIES: Final = Resource(
    group="slimgate.dev", version="v1alpha1", kind="SlimPolicy", plural="slimpolicies"
)
SLIM_EXCEPTIONS: Final = Resource(
    group="slimgate.dev", version="v1alpha1", kind="SlimException", plural="slimexceptions"
)
BASE_IMAGES: Final = Resource(
    group="slimgate.dev", version="v1alpha1", kind="BaseImage", plural="baseimages"
)
IMAGE_PROFILES: Final = Resource(
    group="slimgate.dev", version="v1alpha1", kind="ImageProfile", plural="imageprofiles"
)
POLICY_REPORTS: Final = Resource(
    group="wgpolicyk8s.io", version="v1alpha2", kind="PolicyReport", plural="policyreports"
)
OPEN_REPORTS: Final = Resource(
    group="openreports.io", version="v1alpha1", kind="Report", plural="reports"
)

WORKLOADS: Final[Mapping[str, Resource]] = {
    resource.kind: resource
    for resource in (
        Resource(group="apps", version="v1", kind="Deployment", plural="deployments"),
        Resource(group="apps", version="v1", kind="StatefulSet", plural="statefulsets"),
        Resource(group="apps", version="v1", kind="DaemonSet", plural="daemonsets"),
        Resource(group="apps", version="v1", kind="ReplicaSet", plural="replicasets"),
        Resource(version="v1", kind="ReplicationController", plural="replicationcontrollers"),
        Resource(group="batch", version="v1", kind="Job", plural="jobs"),
        Resource(group="batch", version="v1", kind="CronJob", plural="cronjobs"),
        PODS,
    )
}
"""The built-in kinds with a pod template, by kind; settings add others as Resources."""
