"""manifests/install.yaml works as it stands, and leads to a release of Helm's."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from tests.chart.helm import Helm
from tests.lab.kubectl import Kubectl
from tests.release.asking import Answer
from tests.release.cluster import left
from tests.release.judging import edit, policy, wait_for
from tests.release.load import under_load
from tests.release.manifest import NAMESPACE, Manifest, written
from tests.release.release import Release, eventually
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
    manifest: Manifest, helm: Helm, values: dict[str, Any], tmp_path: Path, figures: Figures
) -> None:
    """Policies and edits stay, no admission goes unjudged meanwhile, and then it is Helm's."""
    kubectl = manifest.kubectl
    manifest.apply()
    manifest.configure(kubectl.lab.registry)
    edit(kubectl, {"mode": "Enforce", "message": "mine"})
    wait_for(kubectl.lab, Answer.REFUSED)
    release = Release(
        helm=helm,
        lab=kubectl.lab,
        kubectl=kubectl,
        namespace=NAMESPACE,
        folder=tmp_path,
        values=values,
    )

    with under_load(kubectl.lab) as counted:
        release.install("--take-ownership", *_FORCE[helm.path.name])

    assert not counted.faults, counted.said
    assert policy(kubectl)["message"] == "mine"
    assert release.name in release.run("list", "--short")
    release.uninstall()
    eventually(lambda: not left(kubectl, NAMESPACE), "an empty namespace")
    assert policy(kubectl)["message"] == "mine"
    figures.add(f"install.yaml taken over by {helm.path.name}, Ignore", counted)
