"""`slimgate preview`, `top`, `nodes` and `check --cluster` against the lab and its registry."""

import json
import math
import os
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
import yaml

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
ON_BASE = """\
apiVersion: slimgate.dev/v1alpha1
kind: SlimPolicy
metadata: {{name: {name}}}
spec:
  match: {{namespaceSelector: {{matchLabels: {{slimgate-test: {name}}}}}}}
  bases: {{deny: ["{base}"]}}
---
apiVersion: slimgate.dev/v1alpha1
kind: BaseImage
metadata: {{name: {name}}}
spec: {{references: ["{base}"], tier: Slim}}
"""
DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata: {{name: {name}, namespace: {namespace}, labels: {{app: {name}}}}}
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


def test_preview(folder: Path, name: str) -> None:
    """A policy in mode Audit is shown as it would be if it were enforced."""
    done = slimgate("preview", name, cwd=folder)
    rows = [line.split() for line in done.stdout.splitlines()]

    assert (done.returncode, done.stderr) == (0, "")
    assert [(row[0], row[2], row[-1]) for row in rows[1:4]] == [
        ("denied", f"{name}/fat", "KiB"),
        ("warned", f"{name}/fat", "1"),
        ("unknown", f"{name}/gone", "-"),
    ]
    assert f"policy {name} (in mode Audit now), as if enforced: " in done.stdout
    assert ", 1 would be denied, 1 could not be judged, 1 within policy" in done.stdout


def test_preview_a_file(folder: Path, name: str) -> None:
    """A policy that is not in the cluster yet is tried from its file."""
    policy = POLICY.format(name=name).replace("100Ki", "900Ki").replace("warn: 1", "deny: 1")
    write(folder, policy_yaml=policy)
    found = json.loads(slimgate("preview", "policy.yaml", "-o", "json", cwd=folder).stdout)

    assert found["counts"]["denied"] == 1
    assert [f["check"] for f in found["workloads"][0]["findings"]] == ["layers"]


def test_preview_by_a_base_in_the_file(folder: Path, lab: Lab, name: str) -> None:
    """A BaseImage that the cluster does not have yet is tried together with the policy."""
    base = f"{lab.registry}/{name}:fat"
    write(folder, policy_yaml=ON_BASE.format(name=name, base=base))
    found = json.loads(slimgate("preview", "policy.yaml", "-o", "json", cwd=folder).stdout)
    (denied,) = [one for one in found["workloads"] if one["outcome"] == "denied"]

    assert denied["name"] == "fat"
    assert [f["check"] for f in denied["findings"]] == ["base"]


def test_check_by_the_cluster(folder: Path, lab: Lab, name: str) -> None:
    """Manifests are judged by the cluster's policies and labels, in the engine's own words."""
    workloads = DEPLOYMENT.format(name="new", namespace=name, image=f"{lab.registry}/{name}:fat")
    write(folder, deploy_yaml=workloads)
    done = slimgate("check", "deploy.yaml", "--cluster", "-o", "json", "--strict", cwd=folder)
    (checked,) = json.loads(done.stdout)["workloads"]
    previewed = json.loads(slimgate("preview", name, "-o", "json", cwd=folder).stdout)
    wanted = [f["message"] for f in previewed["workloads"][0]["findings"]]

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


def test_impatience(folder: Path) -> None:
    """What takes longer than --timeout allows ends with one line, and status 3."""
    done = slimgate("nodes", "--timeout", "1ms", cwd=folder)

    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr.splitlines() == [
        "error: looking it up took longer than 0.001s, which --timeout allows"
    ]


def test_top(folder: Path, lab: Lab, name: str) -> None:
    """The images of the cluster's workloads are there, with their exact pull sizes."""
    found = json.loads(slimgate("top", "-A", "-o=json", cwd=folder).stdout)
    images = {image["reference"]: image for image in found["images"]}
    fat = images[f"{lab.registry}/{name}:fat"]

    assert fat["pullBytes"] == sum(len(one.blob) for one in FAT)
    assert fat["usedBy"] == [{"kind": "Deployment", "namespace": name, "name": "fat"}]
    assert "MANIFEST_UNKNOWN" in images[f"{lab.registry}/{name}:gone"]["error"]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ([], ["fat", "gone", "slim"]),
        (["-l", "app=fat"], ["fat"]),
        (["-l", "app notin (fat,slim),app"], ["gone"]),
        (["-l", "nope"], []),
    ],
    ids=" ".join,
)
def test_top_of_a_part(folder: Path, name: str, options: list[str], expected: list[str]) -> None:
    """-n and -l choose what kubectl chooses."""
    found = json.loads(slimgate("top", "-n", name, *options, "-o", "json", cwd=folder).stdout)

    assert {image["reference"].rpartition(":")[2] for image in found["images"]} == set(expected)
    assert found["namespace"] == name


@pytest.fixture
def poor(folder: Path, lab: Lab, kubectl: Kubectl, name: str) -> str:
    """Make a kubeconfig of somebody who may view one namespace, which is its context's."""
    kubectl("-n", name, "create", "serviceaccount", "poor")
    kubectl(
        "-n", name, "create", "rolebinding", "poor", "--clusterrole=view",
        f"--serviceaccount={name}:poor",
    )  # fmt: skip
    config = yaml.safe_load(Path(lab.kubeconfig).read_text())
    config["users"][0]["user"] = {"token": kubectl("-n", name, "create", "token", "poor").strip()}
    config["contexts"][0]["context"]["namespace"] = name
    (folder / "poor.yaml").write_text(json.dumps(config))
    return "--kubeconfig=poor.yaml"


def test_with_the_rights_to_one_namespace(folder: Path, lab: Lab, name: str, poor: str) -> None:
    """Who may view one namespace sees its images without naming it, and is told the rest."""
    done = slimgate("top", poor, "-o", "json", cwd=folder)
    found = json.loads(done.stdout)
    images = {image["reference"]: image["pullBytes"] for image in found["images"]}

    assert (done.returncode, done.stderr, found["namespace"]) == (0, "", name)
    assert images[f"{lab.registry}/{name}:fat"] == sum(len(one.blob) for one in FAT)
    assert found["notes"] == ["you may not list nodes: platform linux/amd64 is assumed"]
    for arguments in (["top", "-A"], ["nodes"], ["preview", name], ["top", "-n", "kube-system"]):
        done = slimgate(*arguments, poor, cwd=folder)

        assert (done.returncode, done.stdout) == (3, "")
        assert done.stderr.startswith("error: a right is missing: ")
        assert len(done.stderr.splitlines()) == 1


def test_nodes_of_a_part(folder: Path, lab: Lab) -> None:
    """-l chooses nodes, and -n what one namespace's pods use."""
    if not lab.node:
        pytest.skip("the lab has no node: that needs root")
    label = f"kubernetes.io/hostname={lab.node_name}"
    chosen = slimgate("nodes", "-l", label, "-n", "nobody", "-o", "yaml", cwd=folder)
    others = slimgate("nodes", "-l", f"!kubernetes.io/os,{label}", cwd=folder)
    (node,) = yaml.safe_load(chosen.stdout)["nodes"]

    assert (node["name"], node["images"]) == (lab.node_name, [])
    assert (others.returncode, others.stdout) == (0, "no node has these labels\n")


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
    done = slimgate("preview", f"{name}-x", cwd=folder)

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
    done = slimgate("preview", "slim", option, value, cwd=folder)

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"error: {expected}")


def test_unreachable_cluster(folder: Path, lab: Lab) -> None:
    """An API server that does not answer is one line."""
    text = Path(lab.kubeconfig).read_text().replace(lab.apiserver, "https://127.0.0.1:1")
    (folder / "config").write_text(text)
    done = slimgate("preview", "slim", "--kubeconfig", "config", cwd=folder)

    assert (done.returncode, done.stdout) == (3, "")
    assert len(done.stderr.splitlines()) == 1


def test_who_fills_the_disks(folder: Path, lab: Lab, name: str) -> None:
    """Every byte of the node's images is somebody's, by whatever they are parted."""
    if not lab.node:
        pytest.skip("the lab has no node: that needs root")
    assert name
    totals = set()
    for by in ("image", "workload", "namespace", "node", "base"):
        done = slimgate("nodes", "--by", by, "-o", "json", cwd=folder)
        found = json.loads(done.stdout)
        rest = found["unused"]["diskBytes"] + found["pinned"]["diskBytes"]
        rows = sum(row["share"]["diskBytes"] for row in found["rows"] if row["share"])
        # A lab in which no pod has run yet has no images.
        assert rows + rest + found["unexplainedBytes"] == found["total"]["diskBytes"]
        totals.add(found["total"]["compressedBytes"])
    assert len(totals) == 1
    mine = slimgate("top", "-n", name, "--by", "workload", "-o", "csv", cwd=folder)
    assert mine.stdout.startswith("name,diskBytes,")
    wrong = slimgate("top", "--by", "node", "-l", "app=web", cwd=folder)
    assert (wrong.returncode, "try slimgate nodes --by" in wrong.stderr) == (2, True)
