"""Workloads in the cluster, and verdicts on them, as tests of records need them."""

from slimgate.cluster.api import ClusterApi
from slimgate.cluster.resources import Target
from slimgate.core.json_object import JsonObject, mapping_at, text_at
from slimgate.core.policies.finding import Finding, Outcome, Subject
from slimgate.core.policies.policy import Policy
from slimgate.core.policies.verdict import Verdict
from slimgate.core.wording.notes import Note
from slimgate.core.workloads.kinds import DEPLOYMENTS, Kind
from slimgate.core.workloads.workload import ImageUse, Role, Workload

DEPLOYMENT = DEPLOYMENTS
THINGS = Kind(version="v1", kind="ConfigMap", plural="configmaps")
USE = ImageUse(role=Role.CONTAINER, name="web", reference="r.example.com/shop:1.2")


def note(text: str = "it is too fat", reason: str = "SlimPolicyViolation") -> Note:
    """Make what an Event says of a violation."""
    return Note(reason, text, warning=True)


async def deployment(api: ClusterApi, namespace: str, name: str = "web") -> Target:
    """Make a Deployment without pods; slimgate's own annotations may come and go."""
    labels = {"app": "web"}
    pod = {"containers": [{"name": "web", "image": USE.reference}]}
    body = {
        "metadata": {"name": name, "annotations": {"theirs": "kept"}},
        "spec": {
            "replicas": 0,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": pod},
        },
    }
    return Target.of(DEPLOYMENT, await api.create(DEPLOYMENT.within(namespace), body))


async def thing(api: ClusterApi, namespace: str, name: str = "web") -> Target:
    """Make an object that no controller touches: slimgate itself may run in this cluster."""
    return Target.of(
        THINGS, await api.create(THINGS.within(namespace), {"metadata": {"name": name}})
    )


def verdict(target: Target, *outcomes: Outcome, policies: tuple[str, ...] = ("slim",)) -> Verdict:
    """Make a verdict on a workload with a finding for each outcome."""
    workload = Workload(
        kind="Deployment", namespace=target.namespace, name=target.name, uid=target.uid
    )
    return Verdict(
        subject=Subject(workload=workload, images={}),
        policies=tuple(Policy(name=name) for name in policies),
        findings=tuple(
            Finding(policy="slim", check="layers", outcome=one, use=USE, value=2, limit=1)
            for one in outcomes
        ),
    )


def annotations(obj: JsonObject) -> JsonObject:
    """Return an object's annotations."""
    return mapping_at(mapping_at(obj, "metadata"), "annotations")


def version(obj: JsonObject) -> str:
    """Return an object's resourceVersion."""
    return text_at(mapping_at(obj, "metadata"), "resourceVersion")
