"""ImageProfiles as the controller writes them, and what it does without them."""

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Final

import pytest
import yaml

from tests.lab.kubectl import Kubectl
from tests.live.api import Json
from tests.live.programs import Roles
from tests.live.room import Room
from tests.live.shelf import SMALL, noisy
from tests.live.site import Site
from tests.support.kubeconfig import kubeconfig

pytestmark = [pytest.mark.lab, pytest.mark.slow, pytest.mark.usefixtures("alone")]

_INSTALL: Final = Path(__file__).parents[2] / "manifests" / "install.yaml"
_NAME: Final = "live-without-profiles"


@pytest.fixture
def unprivileged(site: Site, kubectl: Kubectl, tmp_path: Path) -> Iterator[Roles]:
    """Return roles that run with the controller's rights, but for those to ImageProfiles."""
    site.roles.stop("controller")
    system = f"{site.run}-system"
    kubectl("create", "serviceaccount", _NAME, "-n", system)
    kubectl("apply", "-f", "-", stdin=json.dumps(_role()))
    account = f"--serviceaccount={system}:{_NAME}"
    kubectl("create", "clusterrolebinding", _NAME, f"--clusterrole={_NAME}", account)
    user = {"token": kubectl("create", "token", _NAME, "-n", system).strip()}
    authority = {"certificate-authority": site.lab.ca_file}
    config = kubeconfig(tmp_path, site.lab.apiserver, user, **authority)
    common = {**site.roles.common, "KUBECONFIG": config}
    roles = Roles(address=site.roles.address, common=common, folder=tmp_path)
    try:
        with closing(roles):
            yield roles
    finally:
        kubectl("delete", "clusterrolebinding,clusterrole", _NAME)


def test_a_profile_names_its_image(room: Room, site: Site) -> None:
    """It has the reference that the workload uses, and sizes that people can read."""
    image = noisy(SMALL)
    reference = room.shelf.push(image)
    room.policy(limits={"pullSize": {"deny": "10M"}}, mode="Audit")
    site.roles.start("controller")
    room.await_verdict(room.deploy(reference), "allow")
    # What is not written yet is on the way out.
    site.roles.stop("controller")

    profile = room.api.get(_profile(image.digest))

    assert profile["image"] == reference
    assert profile["facts"]["pullSize"].endswith("Ki")


def test_switched_off(room: Room, unprivileged: Roles) -> None:
    """Nothing is read or written, so it works without the right to."""
    image = noisy(SMALL)
    room.policy(limits={"pullSize": {"deny": "10M"}}, mode="Audit")
    unprivileged.start("controller", image_profiles="false")
    room.await_verdict(room.deploy(room.shelf.push(image)), "allow")
    log = unprivileged.logs()["controller"]
    unprivileged.stop("controller")

    assert room.api.find(_profile(image.digest)) is None
    assert "imageprofiles" not in log


def _profile(digest: str) -> Json:
    return {"kind": "ImageProfile", "metadata": {"name": digest.replace(":", "-")}}


def _role() -> Json:
    """Put the controller's roles together, and leave its right to ImageProfiles out."""
    documents = yaml.safe_load_all(_INSTALL.read_text(encoding="utf-8"))
    roles = [one for one in documents if one["kind"] in {"ClusterRole", "Role"}]
    names = {"slimgate-controller", "slimgate-annotations", "slimgate"}
    own = [one for one in roles if one["metadata"]["name"] in names]
    rules = [rule for one in own for rule in one["rules"]]
    return {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRole",
        "metadata": {"name": _NAME},
        "rules": [rule for rule in rules if "imageprofiles" not in rule["resources"]],
    }
