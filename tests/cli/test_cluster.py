"""`slimgate explain` and `check --cluster` against the lab's real cluster and registry."""

import json
import math
import os
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from tests.cli.make import slimgate, write
from tests.lab.kubectl import Kubectl
from tests.lab.state import Lab
from tests.support.configuration import use_configuration
from tests.support.images import Pusher, image, layer

pytestmark = pytest.mark.lab

POLICY = """\
apiVersion: slimgate.dev/v1alpha1
kind: SlimPolicy
metadata: {{name: {name}}}
spec:
  mode: Audit
  match: {{namespaceSelector: {{matchLabels: {{slimgate-test: {name}}}}}}}
  limits: {{pullSize: {{deny: 100Ki}}, layers: {{warn: 1}}, growth: {{deny: 10%}}}}
"""
DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata: {{name: {name}, namespace: {namespace}}}
spec:
  replicas: 0
  selector: {{matchLabels: {{app: {name}}}}}
  template:
    metadata: {{labels: {{app: {name}}}}}
    spec: {{containers: [{{name: c, image: "{image}"}}]}}
---
"""
FAT = [layer({"app": os.urandom(200_000)}), layer({"b": b"b" * 100})]


@pytest.fixture(scope="module")
def name(lab: Lab, kubectl: Kubectl, crds: None) -> Iterator[str]:
    """Make a namespace with workloads and a policy for it alone; all have this name in them."""
    del crds
    name = f"cli-{uuid4().hex[:8]}"
    pusher = Pusher(url=f"http://{lab.registry}")
    for tag, made in (("fat", image(FAT)), ("slim", image(FAT[1:]))):
        pusher.push(name, tag, made)
    kubectl("create", "namespace", name)
    kubectl("label", "namespace", name, f"slimgate-test={name}")
    workloads = "".join(
        DEPLOYMENT.format(name=tag, namespace=name, image=f"{lab.registry}/{name}:{tag}")
        for tag in ("fat", "slim", "gone")
    )
    kubectl("apply", "-f", "-", stdin=workloads + POLICY.format(name=name))
    yield name
    kubectl("delete", "slimpolicy", name)
    kubectl("delete", "namespace", name, "--wait=false")


@pytest.fixture
def folder(lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a folder, and have the program use the lab."""
    monkeypatch.setenv("KUBECONFIG", str(Path(lab.kubeconfig).absolute()))
    use_configuration(monkeypatch, tmp_path, [lab.registry], loopback=False)
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "no-logins"))
    return tmp_path


def test_explain(folder: Path, name: str) -> None:
    """A policy in mode Audit is shown as it would be if it were enforced."""
    done = slimgate("explain", name, cwd=folder)
    rows = [line.split() for line in done.stdout.splitlines()]

    assert (done.returncode, done.stderr) == (0, "")
    assert [(row[0], row[2], row[-1]) for row in rows[1:4]] == [
        ("denied", f"{name}/fat", "KiB"),
        ("warned", f"{name}/fat", "1"),
        ("unknown", f"{name}/gone", "-"),
    ]
    assert f"policy {name} (in mode Audit now), as if enforced: " in done.stdout
    assert ", 1 would be denied, 1 could not be judged, 1 within policy" in done.stdout


def test_explain_a_file(folder: Path, name: str) -> None:
    """A policy that is not in the cluster yet is tried from its file."""
    policy = POLICY.format(name=name).replace("100Ki", "900Ki").replace("warn: 1", "deny: 1")
    write(folder, policy_yaml=policy)
    found = json.loads(slimgate("explain", "policy.yaml", "-o", "json", cwd=folder).stdout)

    assert found["counts"]["denied"] == 1
    assert [f["check"] for f in found["workloads"][0]["findings"]] == ["layers"]


def test_check_by_the_cluster(folder: Path, lab: Lab, name: str) -> None:
    """Manifests are judged by the cluster's policies and labels, in the engine's own words."""
    workloads = DEPLOYMENT.format(name="new", namespace=name, image=f"{lab.registry}/{name}:fat")
    write(folder, deploy_yaml=workloads)
    done = slimgate("check", "deploy.yaml", "--cluster", "-o", "json", "--strict", cwd=folder)
    (checked,) = json.loads(done.stdout)["workloads"]
    explained = json.loads(slimgate("explain", name, "-o", "json", cwd=folder).stdout)
    wanted = [f["message"] for f in explained["workloads"][0]["findings"]]

    assert done.returncode == 1
    assert checked["policies"] == [name]
    assert [f["message"] for f in checked["findings"]] == wanted


def test_growth(folder: Path, lab: Lab, name: str) -> None:
    """A workload that the cluster runs may not grow by more than the policy allows."""
    workload = DEPLOYMENT.format(name="slim", namespace=name, image=f"{lab.registry}/{name}:fat")
    write(folder, deploy_yaml=workload)
    done = slimgate("check", "deploy.yaml", "--cluster", "-o", "json", cwd=folder)
    checks = [f["check"] for f in json.loads(done.stdout)["workloads"][0]["findings"]]

    assert done.returncode == 0
    assert "growth" in checks


def test_top(folder: Path, lab: Lab, name: str) -> None:
    """The images of the cluster's workloads are there, with their exact pull sizes."""
    found = json.loads(slimgate("top", "-o", "json", cwd=folder).stdout)
    images = {image["reference"]: image for image in found["images"]}
    fat = images[f"{lab.registry}/{name}:fat"]

    assert fat["pullBytes"] == sum(len(one.blob) for one in FAT)
    assert fat["usedBy"] == [{"kind": "Deployment", "namespace": name, "name": "fat"}]
    assert "MANIFEST_UNKNOWN" in images[f"{lab.registry}/{name}:gone"]["error"]


def test_nodes(folder: Path, lab: Lab, name: str) -> None:
    """The node's images are there, and what its kubelet measured."""
    if not lab.node:
        pytest.skip("the lab has no node: that needs root")
    assert name
    done = slimgate("nodes", "-o", "json", cwd=folder)
    (node,) = json.loads(done.stdout)["nodes"]
    parts = [node[part]["diskBytes"] for part in ("unused", "exclusive", "shared")]

    assert (done.returncode, node["name"]) == (0, lab.node_name)
    assert node["total"]["diskBytes"] == sum(parts)
    # A kubelet that has just started has measured nothing yet.
    assert (node["measuredBytes"] or math.inf) >= node["total"]["compressedBytes"]


def test_no_such_policy(folder: Path, name: str) -> None:
    """A name that the cluster does not have is one line, with those that it has."""
    done = slimgate("explain", f"{name}-x", cwd=folder)

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"error: there is no SlimPolicy {name}-x; the cluster has ")
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("option", "value", "expected"),
    [
        ("--kubeconfig", "/nowhere", "there is no kubeconfig at /nowhere"),
        ("--context", "nope", "the kubeconfig "),
    ],
)
def test_no_cluster(folder: Path, option: str, value: str, expected: str) -> None:
    """A cluster that can't be found is one line."""
    done = slimgate("explain", "slim", option, value, cwd=folder)

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"error: {expected}")


def test_unreachable_cluster(folder: Path, lab: Lab) -> None:
    """An API server that does not answer is one line."""
    text = Path(lab.kubeconfig).read_text().replace(lab.apiserver, "https://127.0.0.1:1")
    (folder / "config").write_text(text)
    done = slimgate("explain", "slim", "--kubeconfig", "config", cwd=folder)

    assert (done.returncode, done.stdout) == (2, "")
    assert len(done.stderr.splitlines()) == 1
