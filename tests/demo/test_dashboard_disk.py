"""The page of nodes beside the kubelet, the node object and containerd's folders."""

import json
import time
from collections.abc import Callable
from typing import Any, Final

import pytest

from tests.cluster.disks import truth
from tests.dashboards.answers import Answered, look
from tests.dashboards.play import Play
from tests.lab.kubectl import Kubectl
from tests.lab.state import Lab

pytestmark = [
    pytest.mark.lab,
    pytest.mark.node,
    pytest.mark.slow,
    pytest.mark.prometheus,
    pytest.mark.timeout(900),
    pytest.mark.usefixtures("own_disk"),
]
NODE: Final = "slimgate-node"
_PATIENCE: Final = 60.0
_NEAR: Final = 0.02


def panel(play: Play, title: str, uid: str = NODE) -> Answered:
    """Ask a panel as of now."""
    return look(uid, title, play.prometheus)


def summary(kubectl: Kubectl, lab: Lab) -> dict[str, Any]:
    """Ask the kubelet what it measured of the image file system."""
    raw = kubectl("get", "--raw", f"/api/v1/nodes/{lab.node_name}/proxy/stats/summary")
    found: dict[str, Any] = json.loads(raw)["node"]["runtime"]["imageFs"]
    return found


def columns(play: Play, node: str) -> dict[str, float]:
    """Return the table's row of a node by its headings."""
    found = panel(play, "Nodes")
    names = found.panel["transformations"][-1]["options"]["renameByName"]
    values = [heading for name, heading in names.items() if name.startswith("Value")]
    return {heading: found.by("node", query=number)[node,] for number, heading in enumerate(values)}


def test_the_table_says_what_the_kubelet_says(play: Play, kubectl: Kubectl, lab: Lab) -> None:
    """Capacity is exact, what is free nearly, and the percentage follows from both."""
    disk, row = summary(kubectl, lab), columns(play, lab.node_name)

    assert row["Capacity"] == disk["capacityBytes"]
    assert row["Available"] == pytest.approx(disk["availableBytes"], rel=0.05)
    assert row["Full"] == pytest.approx(1 - row["Available"] / row["Capacity"])
    assert row["Full without unused"] == pytest.approx(
        row["Full"] - row["Unused"] / row["Capacity"]
    )
    assert panel(play, "Fullest node").value() == pytest.approx(row["Full"], rel=0.05)


def test_images_are_those_of_the_node_object(play: Play, kubectl: Kubectl, lab: Lab) -> None:
    """Used and unused add up to what the kubelet lists, and both are there."""
    deadline = time.monotonic() + _PATIENCE
    while True:
        node = json.loads(kubectl("get", "node", lab.node_name, "-o", "json"))
        listed = len(node["status"]["images"])
        shown = panel(play, "Images").by("state")
        if sum(shown.values()) == listed:
            break
        assert time.monotonic() < deadline, f"{shown} are shown, {listed} are listed"
        time.sleep(1)

    assert min(shown["used",], shown["unused",]) > 0


def test_bytes_are_those_of_containerd(play: Play, lab: Lab) -> None:
    """Layers as pulled and unpacked take what `du` finds, and so does the sum by holders."""
    disk = truth(lab)
    forms = panel(play, "Image bytes by form").by("form")
    shares = panel(play, "Image bytes by who holds them").by("share")

    assert forms["compressed",] == pytest.approx(disk.compressed, rel=_NEAR)
    assert forms["unpacked",] == pytest.approx(disk.apparent, rel=_NEAR)
    assert sum(shares.values()) == sum(forms.values())
    assert min(shares.values()) > 0


def test_bytes_of_namespaces_and_unused_ones_are_all(play: Play) -> None:
    """Whatever is on disk is somebody's, or nobody's."""
    whole = panel(play, "Images on disk", "slimgate-overview").value()
    unused = panel(play, "Unused on disk", "slimgate-overview").value()
    owned = panel(play, "Namespaces by image bytes", "slimgate-overview").by("workload_namespace")

    assert sum(owned.values()) + unused == whole
    assert owned["shop",] > 0


def test_a_culprit_is_two_clicks_away(play: Play, lab: Lab) -> None:
    """From an alert to its node, and from there to who runs what: by image or by namespace."""
    culprit = ("shop", "Deployment", "storefront", f"{lab.registry}/hello:fat")
    labels = ("workload_namespace", "workload_kind", "workload", "image")

    first = click(play, NODE, "node", lab.node_name)
    image = largest(first("Images on the node"), "image")[0]
    namespace = largest(first("Namespaces on all nodes"), "workload_namespace")[0]
    by_image = click(play, "slimgate-image", "image", image)("Workloads that use it")
    by_namespace = click(play, "slimgate-namespace", "workload_namespace", namespace)

    assert largest(by_image, *labels) == culprit
    assert largest(by_namespace("Images of the namespace"), *labels) == culprit


def click(play: Play, uid: str, variable: str, value: str) -> Callable[[str], Answered]:
    """Go to a page with a value chosen; return what asks its panels."""
    return lambda title: look(uid, title, play.prometheus, chosen={variable: value})


def largest(shown: Answered, *labels: str) -> tuple[str, ...]:
    """Return the labels of a table's largest row that is not all others."""
    rows = {found: size for found, size in shown.by(*labels).items() if "_other" not in found}
    return max(rows, key=rows.__getitem__)
