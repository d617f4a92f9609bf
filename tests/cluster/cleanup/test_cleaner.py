"""A clean-up in a real cluster, with no right but those that it needs: nothing of ours is left."""

import time
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest
import yaml

from slimgate.cluster.api import ClusterApi
from slimgate.cluster.cleanup.cleaner import Cleaner, CleanupSettings
from slimgate.cluster.resources import (
    IMAGE_PROFILES,
    OPEN_REPORTS,
    OWN_LABELS,
    POLICY_REPORTS,
    SECRETS,
    SLIM_POLICIES,
    WEBHOOK_CONFIGURATIONS,
)
from slimgate.core.errors import MissingError
from slimgate.core.json_object import JsonObject, mapping_at, text_at
from slimgate.core.workloads.kinds import BUILT_IN, DEPLOYMENTS, PODS, Kind
from tests.cluster.conftest import Login, eventually

pytestmark = [pytest.mark.lab, pytest.mark.usefixtures("crds", "report_crds")]

RIGHTS = Path(__file__).with_name("rights.yaml")
OURS = {"slimgate.dev/verdict": "deny", "slimgate.dev/summary": "1 image is over policy"}
OTHERS = {"example.com/kept": "yes"}
CONTROLLERS = "app=gate,role=controller"
REVISIONS = Kind(
    group="apps", version="v1", kind="ControllerRevision", plural="controllerrevisions"
)
DIGEST = f"sha256:{'c' * 64}"


@pytest.fixture
async def own(
    lab: object, api: ClusterApi, namespace: str, login: Login
) -> AsyncIterator[ClusterApi]:
    """Return the API server with the rights of the chart's hook alone."""
    del lab
    account = await login(namespace, "cleanup")
    made: list[str] = []
    for document in yaml.safe_load_all(RIGHTS.read_text(encoding="utf-8")):
        kind = document["kind"]
        roles, bindings = (
            Kind(
                group="rbac.authorization.k8s.io", version="v1", kind=one, plural=f"{one.lower()}s"
            )
            for one in (kind, f"{kind}Binding")
        )
        for rule in document["rules"]:
            if "resourceNames" in rule:
                rule["resourceNames"] = [
                    text.replace("NAMESPACE", namespace) for text in rule["resourceNames"]
                ]
        reference = {"apiGroup": roles.group, "kind": kind, "name": namespace}
        subject = {"kind": "ServiceAccount", "name": "cleanup", "namespace": namespace}
        for role, body in (
            (roles, {"rules": document["rules"]}),
            (bindings, {"roleRef": reference, "subjects": [subject]}),
        ):
            path = role.within(namespace) if kind == "Role" else role.all()
            await api.create(path, {"metadata": {"name": namespace}, **body})
            made.append(role.one(namespace if kind == "Role" else "", namespace))
    async with ClusterApi.connect(account) as own:
        yield own
    for path in made[::-1]:
        await api.delete(path)


def settings(namespace: str) -> CleanupSettings:
    """Name what is there."""
    return CleanupSettings(
        namespace=namespace,
        configuration=namespace,
        secrets=("slimgate-webhook-tls", "slimgate-memory", "slimgate-none"),
        controllers=CONTROLLERS,
        seconds=60,
    )


def workload(kind: str, **spec: object) -> JsonObject:
    """Write an annotated workload whose pods no node takes."""
    labels = {"app": kind.lower()}
    pod: dict[str, object] = {
        "nodeSelector": {"no": "node"},
        "restartPolicy": "Never" if kind in {"Job", "CronJob"} else "Always",
        "containers": [{"name": "main", "image": "none.invalid/none"}],
    }
    template = {"metadata": {"labels": labels}, "spec": pod}
    selector = labels if kind == "ReplicationController" else {"matchLabels": labels}
    specs: dict[str, dict[str, object]] = {
        "Pod": pod,
        "Job": {"template": template, "suspend": True},
        "CronJob": {"schedule": "0 0 1 1 *", "jobTemplate": {"spec": {"template": template}}},
        "StatefulSet": {"serviceName": "x", "selector": selector, "template": template},
    }
    body = {**specs.get(kind, {"selector": selector, "template": template}), **spec}
    return {
        "metadata": {"name": kind.lower(), "annotations": {**OURS, **OTHERS}, "labels": labels},
        "spec": body,
    }


async def annotated(api: ClusterApi, namespace: str) -> dict[str, set[str]]:
    """Return the annotations of every object in a namespace that slimgate's could be on."""
    return {
        f"{kind.kind}/{text_at(mapping_at(obj, 'metadata'), 'name')}": {
            *mapping_at(mapping_at(obj, "metadata"), "annotations")
        }
        for kind in (*BUILT_IN, REVISIONS)
        async for obj in api.list(kind.within(namespace))
    }


async def there(api: ClusterApi, path: str) -> bool:
    """Whether there is an object."""
    try:
        await api.get(path)
    except MissingError:
        return False
    return True


async def written(api: ClusterApi, namespace: str) -> list[str]:
    """Make what slimgate writes; return the paths of what is to be gone afterwards."""
    for kind in BUILT_IN:
        await api.create(kind.within(namespace), workload(kind.kind))
    own = {**OWN_LABELS}
    reports = [
        (kind, {"metadata": {"name": "slimgate-1", "labels": own}})
        for kind in (OPEN_REPORTS, POLICY_REPORTS)
    ]
    paths = []
    for kind, body in reports:
        await api.apply(
            kind.one(namespace, "slimgate-1"),
            {"apiVersion": kind.api_version, "kind": kind.kind, **body},
        )
        paths.append(kind.one(namespace, "slimgate-1"))
    image = f"sha256-{uuid4().hex * 2}"
    facts = {"digest": image.replace("-", ":"), "mediaType": "application/x", "layers": []}
    profile = {
        "apiVersion": IMAGE_PROFILES.api_version,
        "kind": IMAGE_PROFILES.kind,
        "metadata": {"name": image},
        "facts": facts,
    }
    await api.create(IMAGE_PROFILES.all(), profile)
    for secret in ("slimgate-webhook-tls", "slimgate-memory"):
        await api.create(SECRETS.within(namespace), {"metadata": {"name": secret, "labels": own}})
        paths.append(SECRETS.one(namespace, secret))
    await api.create(WEBHOOK_CONFIGURATIONS.all(), {"metadata": {"name": namespace}})
    return [*paths, IMAGE_PROFILES.one("", image), WEBHOOK_CONFIGURATIONS.one("", namespace)]


async def copied(api: ClusterApi, namespace: str) -> bool:
    """Whether controllers have copied annotations to what they make."""
    found = await annotated(api, namespace)
    marked = [name.partition("/")[0] for name, held in found.items() if OURS.keys() <= held]
    # One ReplicaSet is not a Deployment's.
    return marked.count("ReplicaSet") == marked.count("ControllerRevision") == 2


async def test_nothing_is_left(api: ClusterApi, own: ClusterApi, namespace: str) -> None:
    """Not on what controllers have copied either; what is of others stays, and so do users' own."""
    paths = await written(api, namespace)
    await api.create(SECRETS.within(namespace), {"metadata": {"name": "slimgate-none"}})
    policy = {
        "apiVersion": SLIM_POLICIES.api_version,
        "kind": SLIM_POLICIES.kind,
        "metadata": {"name": namespace},
        "spec": {"limits": {"layers": {"warn": 9}}},
    }
    await api.create(SLIM_POLICIES.all(), policy)
    await api.patch_status(SLIM_POLICIES.one("", namespace), {"status": {"workloads": 7}})
    await eventually(lambda: copied(api, namespace), 30)
    said: list[str] = []
    try:
        remains = await Cleaner(own, settings(namespace), said.append).run()
        kept = await api.get(SLIM_POLICIES.one("", namespace))
    finally:
        await api.delete(SLIM_POLICIES.one("", namespace))

    assert remains == []
    found = await annotated(api, namespace)
    assert {name for name, held in found.items() if OURS.keys() & held} == set()
    assert sum(OTHERS.keys() <= held for held in found.values()) >= len(BUILT_IN)
    assert [path for path in paths if await there(api, path)] == []
    assert await there(api, SECRETS.one(namespace, "slimgate-none"))
    assert "left the Secret slimgate-none, which slimgate did not write" in said
    assert mapping_at(kept, "spec")["limits"] == {"layers": {"warn": 9}}
    assert "workloads" not in mapping_at(kept, "status")


async def test_again(api: ClusterApi, own: ClusterApi, namespace: str) -> None:
    """A second run finds nothing to do, and no fault with that."""
    await written(api, namespace)
    first: list[str] = []
    again: list[str] = []
    await Cleaner(own, settings(namespace), first.append).run()
    remains = await Cleaner(own, settings(namespace), again.append).run()

    assert first
    assert ([line for line in again if "status" not in line], remains) == ([], [])


async def test_the_controller_is_stopped_first(
    api: ClusterApi, own: ClusterApi, namespace: str
) -> None:
    """It would write anew; its Deployment is scaled to 0 and its pods are waited for."""
    labels = {"app": "gate", "role": "controller"}
    deployment = workload("Deployment", replicas=2, selector={"matchLabels": labels})
    mapping = mapping_at(mapping_at(deployment, "spec"), "template")
    body = {
        "metadata": {"name": "gate", "labels": labels},
        "spec": {
            **mapping_at(deployment, "spec"),
            "template": {**mapping, "metadata": {"labels": labels}},
        },
    }
    await api.create(DEPLOYMENTS.within(namespace), body)
    query = {"labelSelector": CONTROLLERS}
    await eventually(lambda: _has_pods(api, namespace, query), 30)
    said: list[str] = []

    remains = await Cleaner(own, settings(namespace), said.append).run()

    assert remains == []
    assert said[0] == "scaled the Deployment gate down to 0"
    assert [pod async for pod in api.list(PODS.within(namespace), query)] == []


async def test_a_controller_that_does_not_end(
    api: ClusterApi, own: ClusterApi, namespace: str
) -> None:
    """It is named, and the rest is done all the same, in time."""
    paths = await written(api, namespace)
    pod = workload("Pod")
    body = {"metadata": {"name": "stray", "labels": {"app": "gate", "role": "controller"}}}
    await api.create(PODS.within(namespace), {**body, "spec": pod["spec"]})
    started = time.monotonic()

    wanted = replace(settings(namespace), seconds=20)
    remains = await Cleaner(own, wanted, lambda _: None).run()

    assert remains == [
        "the pod stray: it still runs, and what it writes from now on remains",
    ]
    assert time.monotonic() - started < 20
    assert [path for path in paths if await there(api, path)] == []


async def test_what_is_forbidden(api: ClusterApi, login: Login, namespace: str) -> None:
    """Each kind that may not be touched is named once, with the right that is missing."""
    await written(api, namespace)
    async with ClusterApi.connect(await login(namespace, "nobody")) as nobody:
        remains = await Cleaner(nobody, settings(namespace), lambda _: None).run()

    named = {line.partition(":")[0] for line in remains}
    assert f"ValidatingWebhookConfiguration {namespace}" in named
    assert {"annotations of deployments", "imageprofiles", "the Secret slimgate-memory"} <= named
    assert all("a right is missing" in line for line in remains)
    assert len(named) == len(remains)


async def test_no_time(api: ClusterApi, own: ClusterApi, namespace: str) -> None:
    """It ends when it must, and says that there may be more."""
    del api
    wanted = replace(settings(namespace), seconds=0.0)

    assert await Cleaner(own, wanted, lambda _: None).run() == [
        "some of it: it took longer than 0 s; run it again"
    ]


async def _has_pods(api: ClusterApi, namespace: str, query: dict[str, str]) -> bool:
    return len([pod async for pod in api.list(PODS.within(namespace), query)]) == 2
