"""Kinds of the cluster, where the API server keeps them, and references to single objects."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from slimgate.core.json_object import JsonObject, mapping_at, text_at
from slimgate.core.workloads.kinds import Kind
from slimgate.core.workloads.workload import Workload

OWN_LABELS: Final[Mapping[str, str]] = {
    "app.kubernetes.io/name": "slimgate",
    "app.kubernetes.io/managed-by": "slimgate",
}
"""Of objects that slimgate makes for itself; of the others that it makes, too, the second."""


def resource_at(path: str) -> str:
    """Name what a collection's path holds, as Kubernetes does: `deployments.apps`, `nodes`."""
    _, prefix, *group, plural = path.split("/")
    return f"{plural}.{group[0]}" if prefix == "apis" else plural


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One object that slimgate records something about."""

    resource: Kind
    namespace: str
    name: str
    uid: str

    @classmethod
    def of(cls, resource: Kind, obj: JsonObject) -> "Target":
        """Make one from an object as the API server sends it."""
        metadata = mapping_at(obj, "metadata")
        return cls(
            resource=resource,
            namespace=text_at(metadata, "namespace"),
            name=text_at(metadata, "name"),
            uid=text_at(metadata, "uid"),
        )

    @classmethod
    def workload(cls, kind: Kind, workload: Workload) -> "Target":
        """Make one of a workload of a kind."""
        return cls(
            resource=kind,
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


NAMESPACES: Final = Kind(version="v1", kind="Namespace", plural="namespaces")
NODES: Final = Kind(version="v1", kind="Node", plural="nodes")
SECRETS: Final = Kind(version="v1", kind="Secret", plural="secrets")
SERVICE_ACCOUNTS: Final = Kind(version="v1", kind="ServiceAccount", plural="serviceaccounts")
CONTROLLER_REVISIONS: Final = Kind(
    group="apps", version="v1", kind="ControllerRevision", plural="controllerrevisions"
)
EVENTS: Final = Kind(group="events.k8s.io", version="v1", kind="Event", plural="events")
ENDPOINT_SLICES: Final = Kind(
    group="discovery.k8s.io", version="v1", kind="EndpointSlice", plural="endpointslices"
)
LEASES: Final = Kind(group="coordination.k8s.io", version="v1", kind="Lease", plural="leases")
WEBHOOK_CONFIGURATIONS: Final = Kind(
    group="admissionregistration.k8s.io",
    version="v1",
    kind="ValidatingWebhookConfiguration",
    plural="validatingwebhookconfigurations",
)
SLIM_POLICIES: Final = Kind(
    group="slimgate.dev", version="v1alpha1", kind="SlimPolicy", plural="slimpolicies"
)
SLIM_EXCEPTIONS: Final = Kind(
    group="slimgate.dev", version="v1alpha1", kind="SlimException", plural="slimexceptions"
)
BASE_IMAGES: Final = Kind(
    group="slimgate.dev", version="v1alpha1", kind="BaseImage", plural="baseimages"
)
IMAGE_PROFILES: Final = Kind(
    group="slimgate.dev", version="v1alpha1", kind="ImageProfile", plural="imageprofiles"
)
REFUSED_IMAGE_SETS: Final = Kind(
    group="slimgate.dev", version="v1alpha1", kind="RefusedImageSet", plural="refusedimagesets"
)
POLICY_REPORTS: Final = Kind(
    group="wgpolicyk8s.io", version="v1alpha2", kind="PolicyReport", plural="policyreports"
)
OPEN_REPORTS: Final = Kind(
    group="openreports.io", version="v1alpha1", kind="Report", plural="reports"
)
