"""manifests/install.yaml works as it stands, and leads to a release of Helm's."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from tests.chart.helm import Helm
from tests.lab.kubectl import Kubectl
from tests.live.api import eventually
from tests.release.asking import Answer
from tests.release.cluster import left, unasked
from tests.release.judging import edit, policy, wait_for
from tests.release.load import taken, under_load
from tests.release.manifest import INSTANCE, NAMESPACE, Manifest, written
from tests.release.release import Release
from tests.release.table import Figures

pytestmark = [
    pytest.mark.lab,
    pytest.mark.node,
    pytest.mark.helm,
    pytest.mark.slow,
    pytest.mark.timeout(600),
]

_FORCE: Final = {"helm4": ("--force-conflicts",), "helm3": ()}
"""Helm 4 applies on the server, which asks before it takes a field from kubectl."""


@pytest.fixture
def manifest(bare: Kubectl, image: str, tmp_path: Path) -> Iterator[Manifest]:
    """Return install.yaml with slimgate's image, not applied yet."""
    with written(bare, image, tmp_path) as found:
        yield found


@pytest.fixture
def by(manifest: Manifest, values: dict[str, Any], tmp_path: Path) -> Callable[[Helm], Release]:
    """Return what makes a release, not installed yet, where install.yaml is."""
    return lambda helm: Release(
        helm=helm,
        lab=manifest.kubectl.lab,
        kubectl=manifest.kubectl,
        namespace=NAMESPACE,
        folder=tmp_path,
        values=values,
    )


@pytest.mark.life
def test_it_is_applied_and_deleted(manifest: Manifest) -> None:
    """It is ready, judges, and refuses once a user enforces; then nothing of it is left.

    As it stands it asks no registry at a private address, so that nothing there can be judged; a
    user can have that refused.
    """
    kubectl = manifest.kubectl
    manifest.apply()
    assert policy(kubectl)["mode"] == "Audit"
    edit(kubectl, {"mode": "Enforce", "onUnknown": "Deny"})
    assert "could not be judged" in wait_for(kubectl.lab, Answer.REFUSED)

    manifest.delete()

    assert not left(kubectl, NAMESPACE)
    assert not kubectl("get", "crds", "-o", "name", "--selector=app.kubernetes.io/name=slimgate")


@pytest.mark.life
def test_helm_takes_it_over(
    manifest: Manifest, helm: Helm, by: Callable[[Helm], Release], figures: Figures
) -> None:
    """Policies and edits stay, no admission goes unjudged meanwhile, and then it is Helm's."""
    kubectl = manifest.kubectl
    manifest.apply()
    manifest.configure(kubectl.lab.registry)
    edit(kubectl, {"mode": "Enforce", "message": "mine"})
    wait_for(kubectl.lab, Answer.REFUSED)
    release = by(helm)
    found = taken()

    with under_load(found.half) as counted:
        release.install("--take-ownership", *_FORCE[helm.path.name])

    figures.add(f"`install.yaml` taken over by {helm.path.name}, `Ignore`", counted)
    figures.note(f"{helm.path.name} takes over, at half of this: {found}")
    assert not counted.faults, counted.said
    assert policy(kubectl)["message"] == "mine"
    assert release.name in release.run("list", "--short")
    release.uninstall()
    eventually(lambda: not left(kubectl, NAMESPACE), "an empty namespace", 60)
    assert policy(kubectl)["message"] == "mine"


@pytest.mark.life
@pytest.mark.parametrize("tool", ["kubectl", "helm4"])
def test_an_older_one_is_upgraded(
    manifest: Manifest,
    helm4: Helm,
    by: Callable[[Helm], Release],
    figures: Figures,
    tool: str,
) -> None:
    """By what the chart's README says, new Deployments adopt the old pods: no gap, no leftover.

    Selectors can't be changed, and had no label of the instance before there was a chart.
    """
    kubectl, newer = manifest.kubectl, manifest.trusting(manifest.kubectl.lab.registry)
    newer.older().apply()
    edit(kubectl, {"mode": "Enforce", "message": "mine"})
    wait_for(kubectl.lab, Answer.REFUSED)
    dry = kubectl.attempt("apply", "--dry-run=server", "-f", str(newer.path))
    assert "field is immutable" in dry.stderr
    old, before, found = _replica_sets(kubectl), unasked(kubectl), taken()

    with under_load(found.half) as counted:
        own = ("-n", NAMESPACE, "-l", "app.kubernetes.io/name=slimgate")
        kubectl("label", "replicasets,pods", *own, f"{INSTANCE}=slimgate")
        kubectl("delete", "deployments", *own, "--cascade=orphan")
        if tool == "kubectl":
            newer.apply()
        else:
            by(helm4).install("--take-ownership", *_FORCE[helm4.path.name])

    figures.add(f"an older `install.yaml` upgraded by {tool}, `Ignore`", counted)
    figures.note(f"an older `install.yaml` upgraded by {tool}, at half of this: {found}")
    assert not counted.faults, counted.said
    assert unasked(kubectl) == before
    assert policy(kubectl)["message"] == "mine"
    now = _replica_sets(kubectl)
    assert {name: now[name] for name in old} == dict.fromkeys(old, ("Deployment", 0))
    assert sorted(count for name, (_, count) in now.items() if name not in old) == [1, 2]


def _replica_sets(kubectl: Kubectl) -> dict[str, tuple[str, int]]:
    found = json.loads(kubectl("get", "replicasets", "-n", NAMESPACE, "-o", "json"))["items"]
    return {
        one["metadata"]["name"]: (
            one["metadata"]["ownerReferences"][0]["kind"],
            one["status"]["replicas"],
        )
        for one in found
    }
