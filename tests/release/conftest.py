"""slimgate's own image, and a release that is not installed yet in a cluster that has nothing."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from examples.demo.images import Images
from examples.demo.manifests import FOLDER
from examples.demo.target import of_lab
from tests.chart.fixtures import built
from tests.chart.helm import Helm
from tests.lab import tools
from tests.lab.kubectl import Kubectl
from tests.lab.state import Lab
from tests.release.cluster import dns, remove_strays, restricted, without_definitions
from tests.release.release import Release
from tests.release.table import Figures


@pytest.fixture(scope="session")
def image(lab_node: Lab) -> str:
    """Build slimgate's own image as the demo does, push it, and return its reference by digest."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    target = of_lab(lab_node)
    return Images(target=target, programs=target.programs()).slimgate()


@pytest.fixture(scope="session")
def figures() -> Figures:
    """Collect what is measured."""
    return Figures()


@pytest.fixture
def bare(lab_node: Lab, kubectl: Kubectl) -> Iterator[Kubectl]:
    """Return kubectl for a cluster that has never heard of slimgate."""
    del lab_node
    with without_definitions(kubectl):
        yield kubectl


@pytest.fixture
def values(lab_node: Lab, image: str) -> dict[str, Any]:
    """Return the values that a user gives: the image, and the lab's registry without TLS."""
    repository, _, digest = image.partition("@")
    return {
        "image": {"repository": repository, "digest": digest},
        "registries": [{"host": lab_node.registry, "plainHTTP": True}],
    }


@pytest.fixture
def namespace(kubectl: Kubectl) -> Iterator[str]:
    """Return a namespace in which Pod Security enforces `restricted`."""
    with restricted(kubectl, f"release-{uuid4().hex[:8]}") as name:
        yield name


@pytest.fixture
def release4(
    helm4: Helm, bare: Kubectl, namespace: str, values: dict[str, Any], tmp_path: Path
) -> Iterator[Release]:
    """Return a release by Helm 4, not installed yet; what is there in the end is removed."""
    found = Release(
        helm=helm4, lab=bare.lab, kubectl=bare, namespace=namespace, folder=tmp_path, values=values
    )
    yield found
    found.attempt("uninstall", found.name, "--ignore-not-found", "--no-hooks", "--wait")
    # A clean-up that failed leaves its rights, and Helm knows nothing of them.
    remove_strays(bare)


@pytest.fixture
def release(release4: Release, helm: Helm) -> Release:
    """Return the same by each of the two Helms."""
    return replace(release4, helm=helm)


@pytest.fixture
def cluster_dns(lab_node: Lab, kubectl: Kubectl, tmp_path: Path) -> Iterator[None]:
    """Give pods the names of Services."""
    with dns(lab_node, kubectl, built(tools.COREDNS), tmp_path):
        yield
