"""The objects of a cluster of any size, as they are sent to the API server."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

Json = dict[str, Any]
POLICY: Final = "scale"
"""The one that all workloads are judged by, and within."""
TURNED: Final = "turned"
"""The one that is changed."""
NEVER: Final = "1Gi"
ALWAYS: Final = "1Ki"
"""Limits of pull sizes that no image of the bench reaches, and that each one breaks."""
_ENDS: Final = "2046-01-01T00:00:00Z"


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How many of each there are."""

    deployments: int
    images: int
    namespaces: int
    nodes: int
    node_images: int
    pods: int
    policies: int
    exceptions: int
    turned: int
    """Workloads whose verdicts policy changes turn, to whole namespaces."""
    seed: int

    @property
    def replicas(self) -> int:
        """Pods of each Deployment."""
        return self.pods // self.deployments

    def namespace(self, number: int) -> str:
        """Name the namespace of what has a number."""
        return f"scale-{number % self.namespaces:04d}"

    def place(self, number: int) -> tuple[str, str]:
        """Name the namespace and the name of a Deployment."""
        return self.namespace(number), f"web-{number:06d}"

    def turned_namespaces(self) -> list[str]:
        """Name the namespaces in which verdicts are turned."""
        count = -(-self.turned * self.namespaces // self.deployments)
        return [self.namespace(i) for i in range(min(count, self.namespaces))]

    def turned_places(self) -> list[tuple[str, str]]:
        """Name the workloads whose verdicts are turned."""
        within = set(self.turned_namespaces())
        return [one for one in map(self.place, range(self.deployments)) if one[0] in within]


def namespaces(size: Size) -> Iterator[Json]:
    """Make the namespaces."""
    for number in range(size.namespaces):
        yield named("v1", "Namespace", size.namespace(number))


def deployment(namespace: str, name: str, image: str, replicas: int) -> Json:
    """Make a Deployment, with what the API server fills in of its pods."""
    labels = {"app": name, "team": namespace}
    container = {
        "name": "main",
        "image": image,
        "env": [{"name": f"OPTION_{i}", "value": "on"} for i in range(5)],
        "resources": {"requests": {"cpu": "1m", "memory": "1Mi"}},
        "imagePullPolicy": "IfNotPresent",
        "terminationMessagePath": "/dev/termination-log",
        "terminationMessagePolicy": "File",
    }
    pod = {
        "containers": [container],
        "tolerations": [{"operator": "Exists"}],
        "automountServiceAccountToken": False,
        "dnsPolicy": "ClusterFirst",
        "restartPolicy": "Always",
        "schedulerName": "default-scheduler",
        "securityContext": {},
        "terminationGracePeriodSeconds": 30,
    }
    spec = {
        "replicas": replicas,
        "selector": {"matchLabels": labels},
        "template": {"metadata": {"labels": labels}, "spec": pod},
    }
    return {**named("apps/v1", "Deployment", name, namespace), "spec": spec}


def node_name(number: int) -> str:
    """Name a node."""
    return f"node-{number:05d}"


def policies(size: Size) -> Iterator[Json]:
    """Make the policies: one for all, one that is turned, and others each for a namespace."""
    yield policy(POLICY, NEVER)
    yield policy(TURNED, NEVER, size.turned_namespaces())
    for number in range(size.policies - 2):
        yield policy(f"{POLICY}-{number:03d}", "2Gi", [size.namespace(number)])


def policy(name: str, limit: str, namespaces: Sequence[str] = ()) -> Json:
    """Make a policy of a limit, for all namespaces if none is named."""
    made = named("slimgate.dev/v1alpha1", "SlimPolicy", name)
    match = {"match": {"namespaces": {"include": list(namespaces)}}} if namespaces else {}
    return {**made, "spec": {"mode": "Audit", "limits": {"pullSize": {"deny": limit}}, **match}}


def exceptions(size: Size) -> Iterator[Json]:
    """Make the exceptions: each from a policy of its namespace, which no workload breaks."""
    others = max(size.policies - 2, 1)
    for number in range(size.exceptions):
        namespace = size.namespace(number)
        made = named("slimgate.dev/v1alpha1", "SlimException", f"leave-{number:05d}", namespace)
        workload = {"apiGroup": "apps", "kind": "Deployment", "name": f"web-{number:06d}"}
        spec = {
            "policyRefs": [f"{POLICY}-{number % others:03d}"],
            "resources": [workload],
            "reason": "made for the bench",
            "expirationTime": _ENDS,
        }
        yield {**made, "spec": spec}


def named(version: str, kind: str, name: str, namespace: str = "") -> Json:
    """Make an object of nothing but its name."""
    within = {"namespace": namespace} if namespace else {}
    return {"apiVersion": version, "kind": kind, "metadata": {"name": name, **within}}
