"""The chart in a real cluster, by both Helms: install, upgrade, roll back, uninstall."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final
from uuid import uuid4

import pytest
import yaml

from examples.demo.images import Images
from examples.demo.manifests import FOLDER
from examples.demo.target import of_lab
from tests.chart.helm import Helm
from tests.chart.release import Release, eventually, restricted
from tests.lab.kubectl import Kubectl
from tests.lab.state import Lab

pytestmark = [pytest.mark.lab, pytest.mark.node, pytest.mark.slow, pytest.mark.timeout(900)]

_HOOK: Final = "validatingwebhookconfiguration/slimgate"
_EDIT: Final = {"mode": "Enforce", "limits": {"layers": {"deny": 1}}, "message": "mine"}
_DENIED_SECONDS: Final = 30.0


@pytest.fixture(scope="session")
def image(lab_node: Lab) -> str:
    """Build slimgate's own image, push it, and return its reference by digest."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    target = of_lab(lab_node)
    return Images(target=target, programs=target.programs()).slimgate()


@pytest.fixture
def release(
    helm: Helm, lab_node: Lab, kubectl: Kubectl, image: str, tmp_path: Path
) -> Iterator[Release]:
    """Return a release that is not installed yet, in a cluster without policies."""
    if json.loads(kubectl("get", "slimpolicies,validatingwebhookconfigurations", "-o", "json"))[
        "items"
    ]:
        pytest.skip("slimgate is installed in this cluster, or has policies: remove both")
    repository, _, digest = image.partition("@")
    values = {
        "image": {"repository": repository, "digest": digest},
        "registries": [{"host": lab_node.registry, "plainHTTP": True}],
        "webhook": {"drainDuration": "1s"},
    }
    with restricted(kubectl, f"chart-{uuid4().hex[:8]}") as namespace:
        found = Release(
            helm=helm,
            lab=lab_node,
            kubectl=kubectl,
            namespace=namespace,
            folder=tmp_path,
            values=values,
        )
        try:
            yield found
        finally:
            found.attempt("uninstall", found.name, "--ignore-not-found", "--wait")
            kubectl("delete", "slimpolicies", "--all")


def policy(release: Release) -> dict[str, object]:
    """Return the spec of the first policy."""
    found: dict[str, object] = release.get("slimpolicy", "default")["spec"]
    return found


def bundles(release: Release) -> set[str]:
    """Return the CAs in the webhook's configuration; an empty one where there is none."""
    hooks = release.get(_HOOK)["webhooks"]
    return {hook["clientConfig"].get("caBundle", "") for hook in hooks}


def deploy(release: Release, namespace: str) -> str:
    """Try to deploy an image of several layers, and return what the API server says."""
    container = {"name": "web", "image": f"{release.lab.registry}/bases/python:bookworm"}
    body = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web", "namespace": namespace},
        "spec": {
            "replicas": 0,
            "selector": {"matchLabels": {"app": "web"}},
            "template": {
                "metadata": {"labels": {"app": "web"}},
                "spec": {"containers": [container]},
            },
        },
    }
    done = release.kubectl.attempt("create", "--dry-run=server", "-f", "-", stdin=yaml.dump(body))
    return done.stdout + done.stderr


def denied(release: Release) -> bool:
    """Tell whether the edited policy refuses."""
    return "denied the request" in deploy(release, "default")


@pytest.mark.usefixtures("crds")
def test_a_life(release: Release) -> None:
    """What a user has made of the first policy survives, and the webhook judges all the time."""
    began = time.monotonic()
    release.install("--take-ownership")
    eventually(lambda: "" not in bundles(release), "the CA in the webhook's configuration")
    assert policy(release)["mode"] == "Audit"

    patch = json.dumps({"spec": _EDIT})
    release.kubectl("patch", "slimpolicy", "default", "--type=merge", "-p", patch)
    eventually(lambda: denied(release), "a denial by the edited policy", _DENIED_SECONDS)
    print(f"{release.helm.path.name}: first denial {time.monotonic() - began:.1f} s after install")

    before = bundles(release)
    release.upgrade({"config": {"logFormat": "Text"}, "defaultPolicy": {"spec": {"mode": "Warn"}}})
    assert _EDIT.items() <= policy(release).items()
    assert bundles(release) == before
    assert denied(release)

    release.run("rollback", release.name, "1", "--wait", "--timeout", "3m")
    assert _EDIT.items() <= policy(release).items()
    assert bundles(release) == before
    assert denied(release)

    release.run("uninstall", release.name, "--wait", "--timeout", "3m")
    assert not release.get("validatingwebhookconfigurations")["items"]
    assert _EDIT.items() <= policy(release).items()
