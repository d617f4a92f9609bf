"""What the API server itself makes of the rendered chart, of every case of values."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Final
from uuid import uuid4

import pytest
import yaml

from tests.chart.helm import Helm, Object, parse
from tests.lab.kubectl import Kubectl
from tests.live.api import eventually
from tests.release.cluster import without_definitions

pytestmark = pytest.mark.lab

_OF_OTHERS: Final = {
    "cert-manager.io/v1",
    "grafana.integreatly.org/v1beta1",
    "monitoring.coreos.com/v1",
}
"""Their definitions are not in the lab."""
_GITOPS: Final = ("--server-side", "--field-manager=gitops", "--validate=strict")


@pytest.fixture(scope="module", autouse=True)
def undefined(kubectl: Kubectl) -> Iterator[None]:
    """Begin without definitions: a demo that was removed has left those that Helm owns."""
    with without_definitions(kubectl):
        yield


@pytest.fixture
def namespace(kubectl: Kubectl) -> Iterator[str]:
    """Return a namespace of the test's own."""
    name = f"chart-{uuid4().hex[:8]}"
    kubectl("create", "namespace", name)
    yield name
    kubectl("delete", "namespace", name, "--wait=false")


def written(objects: list[Object]) -> str:
    """Write objects for kubectl."""
    return yaml.safe_dump_all(objects, sort_keys=False)


def test_every_object_is_taken(helm: Helm, case: Path, kubectl: Kubectl, namespace: str) -> None:
    """Strictly, by all rules of the API server, CEL of the webhook included."""
    here = (
        f"pullSecrets.namespaces={{{namespace}}}" if "everything" in case.name else "enabled=true"
    )
    rendered = helm.render(
        "--values", case, "--namespace", namespace, "--set", here, "--set", "namespace.create=false"
    )
    objects = [one for one in parse(rendered) if one["apiVersion"] not in _OF_OTHERS]

    kubectl("apply", *_GITOPS, "--dry-run=server", "-f", "-", stdin=written(objects))


def test_who_applies_again_takes_nothing_back(
    helm4: Helm, kubectl: Kubectl, namespace: str
) -> None:
    """GitOps tools apply again and again, by server-side apply and without force.

    Between them slimgate and an autoscaler write what is theirs, and there is no conflict.
    """
    name = f"g{uuid4().hex[:8]}"
    options = ("--no-hooks", "--namespace", namespace, "--set", f"fullnameOverride={name}")
    # No pod is to run, nor the API server to ask one.
    nowhere = {"nodeSelector": {"no": "such-node"}}
    values = {
        "crds": {"enabled": False},
        "controller": nowhere,
        "webhook": {
            **nowhere,
            "autoscaling": {"enabled": True, "minReplicas": 1, "maxReplicas": 1},
            "objectSelector": {"matchLabels": {"no": "such-workload"}},
        },
    }
    objects = list(parse(helm4.render(*options, values=values)))
    hook = f"validatingwebhookconfiguration/{name}"
    bundle = "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCi0tLS0tRU5EIENFUlRJRklDQVRFLS0tLS0K"
    try:
        kubectl("apply", *_GITOPS, "-f", "-", stdin=written(objects))
        found = json.loads(kubectl("get", hook, "-o", "json"))
        for one in found["webhooks"]:
            one["clientConfig"]["caBundle"] = bundle
        patch = json.dumps({"webhooks": found["webhooks"]})
        by = ("--type=merge", "--field-manager=slimgate")
        kubectl("patch", hook, *by, "-p", patch)
        scale = json.dumps({"spec": {"replicas": 3}})
        deployment = ("deployment", f"{name}-webhook", "-n", namespace)
        kubectl("patch", *deployment, "--type=merge", "--field-manager=autoscaler", "-p", scale)

        kubectl("apply", *_GITOPS, "-f", "-", stdin=written(objects))

        after = json.loads(kubectl("get", hook, "-o", "json"))
        scaled = json.loads(kubectl("get", *deployment, "-o", "json"))
        assert {one["clientConfig"]["caBundle"] for one in after["webhooks"]} == {bundle}
        assert scaled["spec"]["replicas"] == 3
    finally:
        kubectl("delete", "--ignore-not-found", "--wait=false", "-f", "-", stdin=written(objects))


@pytest.fixture
def kind(kubectl: Kubectl) -> Iterator[str]:
    """Return a kind of others, whose objects may have anything in their spec."""
    group, plural = "chart.slimgate.dev", f"x{uuid4().hex[:8]}"
    schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    crd = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{group}"},
        "spec": {
            "group": group,
            "scope": "Namespaced",
            "names": {"plural": plural, "kind": plural.capitalize()},
            "versions": [
                {
                    "name": "v1",
                    "served": True,
                    "storage": True,
                    "schema": {"openAPIV3Schema": schema},
                }
            ],
        },
    }
    kubectl("apply", "-f", "-", stdin=json.dumps(crd))
    kubectl("wait", "--for=condition=Established", f"crd/{plural}.{group}")
    yield plural
    kubectl("delete", f"crd/{plural}.{group}", "--wait=false")


def test_updates_of_kinds_of_others_are_reviewed(
    helm: Helm, kubectl: Kubectl, namespace: str, kind: str
) -> None:
    """Whatever else they have, a pod template is kept anywhere in their spec, or beside it."""
    metadata = {"name": "a", "namespace": namespace}
    spec = {"template": {}, "jobTemplate": {}, "job": {"template": 1}}
    made = {
        "apiVersion": "chart.slimgate.dev/v1",
        "kind": kind.capitalize(),
        "metadata": metadata,
        "spec": spec,
        "job": {"template": 1},
        "status": {},
    }
    (config,) = helm.objects().kind("ValidatingWebhookConfiguration")
    hook = config["webhooks"][0] | {
        "failurePolicy": "Fail",
        "clientConfig": {"url": "https://127.0.0.1:1/"},
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace}},
        "rules": [
            {
                "apiGroups": ["chart.slimgate.dev"],
                "apiVersions": ["v1"],
                "operations": ["UPDATE"],
                "resources": [kind],
            }
        ],
    }
    config |= {"metadata": {"name": namespace}, "webhooks": [hook]}

    def update(changed: object) -> str:
        done = kubectl.attempt("replace", "-f", "-", stdin=json.dumps(changed))
        return done.stderr

    create = ("create", "-f", "-")
    eventually(
        lambda: kubectl.attempt(*create, stdin=json.dumps(made)).returncode == 0, "it is served"
    )
    kubectl("apply", "-f", "-", stdin=json.dumps(config))
    try:
        eventually(
            lambda: "calling webhook" in update(made | {"spec": {}}), "reviews are asked for"
        )
        assert "calling webhook" in update(made | {"spec": spec | {"job": {"template": 2}}})
        assert "calling webhook" in update(made | {"job": {"template": 2}})
        assert "calling webhook" in update(made | {"template": {}})
        labelled = made | {"metadata": {**metadata, "labels": {"a": "b"}}, "status": {"a": "b"}}
        assert update(labelled) == ""
        assert update({name: value for name, value in labelled.items() if name != "job"}) == ""
    finally:
        kubectl("delete", "ValidatingWebhookConfiguration", namespace)
