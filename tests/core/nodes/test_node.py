"""Reading nodes, pods and kubelet statistics as Kubernetes sends them."""

from dataclasses import replace

import pytest

from slimgate.core.images.facts import Digest, Platform
from slimgate.core.json_object import JsonObject
from slimgate.core.nodes.node import (
    Node,
    NodeImage,
    NodePod,
    PodImage,
    Runtime,
    digest_in,
    name_key,
    names_on,
    node_of,
    pod_of,
)
from slimgate.core.nodes.summary import ImageFs, image_fs_of
from slimgate.core.workloads.workload import Owner
from tests.core.make import SHOP

SHA = f"sha256:{'a' * 64}"
OTHER = f"sha256:{'b' * 64}"

NODE = {
    "metadata": {"name": "n1"},
    "status": {
        "addresses": [
            {"type": "Hostname", "address": "n1"},
            {"type": "InternalIP", "address": "10.0.0.1"},
            {"type": "InternalIP", "address": "fd00::1"},
        ],
        "daemonEndpoints": {"kubeletEndpoint": {"Port": 10251}},
        "nodeInfo": {
            "containerRuntimeVersion": "containerd://2.2.0",
            "operatingSystem": "linux",
            "architecture": "arm64",
        },
        "images": [
            {"names": [f"r.io/a@{SHA}", f"r.io/b@{SHA}", "r.io/a:1"], "sizeBytes": 42},
            {"sizeBytes": 7},
            {"names": ["<none>@<none>", 3], "sizeBytes": "7"},
        ],
    },
}

POD = {
    "metadata": {
        "namespace": "shop",
        "name": "web-7d9c-x2x",
        "labels": {"pod-template-hash": "7d9c"},
        "ownerReferences": [{"controller": True, "kind": "ReplicaSet", "name": "web-7d9c"}],
    },
    "spec": {
        "nodeName": "n1",
        "initContainers": [{"name": "init", "image": "r.io/init"}],
        "containers": [{"name": "data", "image": "r.io/web:1"}, {"name": "b", "image": "late"}],
        "volumes": [{"name": "data", "image": {"reference": "r.io/model:2"}}],
    },
    "status": {
        "initContainerStatuses": [
            {"name": "init", "imageID": f"docker-pullable://r.io/init@{SHA}"}
        ],
        "containerStatuses": [
            {
                "name": "data",
                "imageID": f"r.io/web@{OTHER}",
                "volumeMounts": [
                    {"name": "data", "volumeStatus": {"image": {"imageRef": f"r.io/model@{SHA}"}}},
                    {"name": "token"},
                ],
            },
            {"name": "b", "imageID": ""},
        ],
    },
}

RUNTIMES = [
    ("containerd://1.6.20", Runtime.CONTAINERD, "blobs and counted layers"),
    ("cri-o://1.36.3", Runtime.CRIO, "nothing more"),
    ("docker://29.1.0", Runtime.DOCKER, "counted layers"),
    ("runtime://1", Runtime.OTHER, "counted layers"),
    ("", Runtime.OTHER, "counted layers"),
]

OWNERS = [
    (("ReplicaSet", "web-7d9c"), {"pod-template-hash": "7d9c"}, ("Deployment", "web")),
    (("ReplicaSet", "web-7d9c"), {"pod-template-hash": "c"}, ("ReplicaSet", "web-7d9c")),
    (("ReplicaSet", "web-7d9c"), {}, ("ReplicaSet", "web-7d9c")),
    (("StatefulSet", "db-0"), {"pod-template-hash": "0"}, ("StatefulSet", "db-0")),
    (None, {}, ("Pod", "p")),
]

NAMES = [
    ("nginx", "docker.io/library/nginx:latest", True),
    ("nginx:1", "index.docker.io/library/nginx:1", True),
    (f"r.io/a:1@{SHA}", f"r.io/a@{SHA}", True),
    ("r.io/a:1", "r.io/a:2", False),
    ("r.io/a:1", "r.io/b:1", False),
    ("r.io/a:1", f"r.io/a:1@{SHA}", False),
]

DIGESTS = [
    (f"r.io/a@{SHA}", SHA),
    (f"r.io/a:1@{SHA}", SHA),
    (SHA, None),
    (f"@{SHA}", None),
    ("r.io/a:1", None),
    ("<none>@<none>", None),
    ("", None),
]


def test_node() -> None:
    """Name, runtime, platform, first internal address, kubelet port and images are read."""
    found = node_of(NODE)

    assert found == Node(
        name="n1",
        runtime=Runtime.CONTAINERD,
        platform=Platform("linux", "arm64"),
        address="10.0.0.1",
        port=10251,
        images=(
            NodeImage(names=(f"r.io/a@{SHA}", f"r.io/b@{SHA}", "r.io/a:1"), reported=42),
            NodeImage(names=(), reported=7),
            NodeImage(names=("<none>@<none>",), reported=0),
        ),
    )
    assert [image.digests for image in found.images] == [(SHA,), (), ()]


@pytest.mark.parametrize("port", [None, 0, -1, 65536, True, "10251"])
def test_port_that_is_none(port: object) -> None:
    """Where the node tells no usable port, it is the kubelet's own."""
    endpoints = {"kubeletEndpoint": {"Port": port}}

    assert node_of({"status": {"daemonEndpoints": endpoints}}).port == 10250


@pytest.mark.parametrize(
    "manifest", [{}, {"status": 1}, {"status": {"images": {}, "addresses": 2}}]
)
def test_node_that_tells_nothing(manifest: dict[str, object]) -> None:
    """What is missing or of a wrong type is absent."""
    found = node_of(manifest)

    assert (found.name, found.images, found.address) == ("", (), None)
    assert (found.runtime, found.port) == (Runtime.OTHER, 10250)


@pytest.mark.parametrize(("version", "runtime", "keeps"), RUNTIMES)
def test_runtimes(version: str, runtime: Runtime, keeps: str) -> None:
    """The runtime says what stays on disk, and what the kubelet counts."""
    found = node_of({"status": {"nodeInfo": {"containerRuntimeVersion": version}}}).runtime

    assert found is runtime
    assert (found.keeps_blobs, found.counts_layers) == ("blobs" in keeps, "layers" in keeps)


def test_pod() -> None:
    """Images come with what the runtime found; a volume's name may be a container's too."""
    found = pod_of(POD)

    assert found == NodePod(
        node="n1",
        namespace="shop",
        name="web-7d9c-x2x",
        owner=Owner(kind="Deployment", name="web"),
        images=(
            PodImage(reference="r.io/init", image_id=f"r.io/init@{SHA}"),
            PodImage(reference="r.io/web:1", image_id=f"r.io/web@{OTHER}"),
            PodImage(reference="late"),
            PodImage(reference="r.io/model:2", image_id=f"r.io/model@{SHA}"),
        ),
    )
    assert found.workload == ("shop", "Deployment", "web")


@pytest.mark.parametrize(("owner", "labels", "expected"), OWNERS)
def test_workload(
    owner: tuple[str, str] | None, labels: dict[str, str], expected: tuple[str, str]
) -> None:
    """A pod belongs to what people deployed: a Deployment rather than its ReplicaSet."""
    references = [{"controller": True, "kind": owner[0], "name": owner[1]}] if owner else []
    metadata = {"namespace": "a", "name": "p", "labels": labels, "ownerReferences": references}

    found = pod_of({"metadata": metadata, "spec": {"nodeName": "n1"}})

    assert found is not None
    assert found.workload == ("a", *expected)


@pytest.mark.parametrize(
    "pod",
    [
        {},
        {"spec": {"nodeName": ""}},
        {"spec": {"nodeName": "n1"}, "status": {"reason": "Evicted", "phase": "Failed"}},
        {"spec": {"nodeName": "n1"}, "status": {"reason": "OutOfcpu", "phase": "Failed"}},
    ],
)
def test_pod_on_no_node(pod: dict[str, object]) -> None:
    """Pods that are pending, evicted or refused by their node use no image of it."""
    assert pod_of(pod) is None


def told(used: object = None, capacity: object = None, available: object = None) -> JsonObject:
    """Write what a kubelet tells of a file system."""
    all_of_it = {"usedBytes": used, "capacityBytes": capacity, "availableBytes": available}
    return {name: size for name, size in all_of_it.items() if size is not None}


@pytest.mark.parametrize(
    ("summary", "expected"),
    [
        (
            {"node": {"runtime": {"imageFs": told(1, 3)}}},
            ImageFs(used=1, capacity=3, available=None),
        ),
        (
            {"node": {"runtime": {"imageFs": told(-1, available=0)}}},
            ImageFs(used=None, capacity=None, available=0),
        ),
        (
            {"node": {"runtime": {"imageFs": told(0, 3)}}},
            ImageFs(used=None, capacity=3, available=None),
        ),
        (
            {"node": {"runtime": {"imageFs": told(10**400, 2**63)}}},
            ImageFs(used=None, capacity=None, available=None),
        ),
        (
            {"node": {"runtime": {"imageFs": told(None, 300, 10)}, "fs": told(None, 300, 13)}},
            ImageFs(used=None, capacity=300, available=10, is_nodes=True),
        ),
        (
            {"node": {"runtime": {"imageFs": told(None, 300, 10)}, "fs": told(None, 300, 14)}},
            ImageFs(used=None, capacity=300, available=10),
        ),
        ({"node": {"runtime": {}}}, None),
        ({"node": []}, None),
        ([], None),
    ],
)
def test_image_fs(summary: object, expected: ImageFs | None) -> None:
    """What the kubelet measured is read, and nothing where it tells nothing."""
    assert image_fs_of(summary) == expected


PODS = [
    # pods, writable layers, logs, emptyDirs
    ([], None, None, None),
    ([{}, {"containers": [{}, 3]}, 7], None, None, None),
    (
        [
            {
                "containers": [
                    {"rootfs": {"usedBytes": 5}, "logs": {"usedBytes": 7}},
                    {"rootfs": {"usedBytes": 1}},
                ],
                "ephemeral-storage": {"usedBytes": 100},
            },
            {"containers": [{"logs": {"usedBytes": 2}}], "ephemeral-storage": {"usedBytes": 1}},
        ],
        6, 9, 87,
    ),
    ([{"containers": [{"rootfs": {"usedBytes": -1}, "logs": {"usedBytes": True}}]}], *[None] * 3),
    ([{"containers": [{"rootfs": {"usedBytes": 2**63 - 1}}] * 3}], 2**63 - 1, None, None),
    ([{"ephemeral-storage": {"usedBytes": 4}}], None, None, 4),
]  # fmt: skip


@pytest.mark.parametrize(("pods", "writable", "logs", "empty_dirs"), PODS)
def test_what_pods_take(
    pods: object, writable: int | None, logs: int | None, empty_dirs: int | None
) -> None:
    """Writable layers, logs and emptyDirs are summed; what no pod tells of is not zero."""
    node = {"runtime": {"imageFs": {"usedBytes": 1}}}

    assert image_fs_of({"node": node, "pods": pods}) == ImageFs(
        used=1, capacity=None, available=None, writable=writable, logs=logs, empty_dirs=empty_dirs
    )


@pytest.mark.parametrize(("one", "other", "same"), NAMES)
def test_equal_names(one: str, other: str, *, same: bool) -> None:
    """Two ways to write one reference are one name; a digest outweighs its tag."""
    assert (name_key(one) == name_key(other)) is same
    assert name_key("<none>:<none>") is None


@pytest.mark.parametrize(("name", "expected"), DIGESTS)
def test_digests(name: str, expected: str | None) -> None:
    """Only a digest with its repository says what was pulled."""
    assert digest_in(name) == expected


def test_names_on_nodes() -> None:
    """A manifest has all names of its index on any node, and those that pods alone know."""
    index, lone = Digest(f"sha256:{'1' * 64}"), Digest(f"sha256:{'2' * 64}")
    names = (f"registry.test/shop@{index}", "registry.test/shop:1.2")
    images = (NodeImage(names=names, reported=1), NodeImage(names=("other:1",), reported=1))
    wanted = {index: names[0], lone: f"web@{lone}"}

    mine = [SHOP, replace(SHOP, digest=None)]
    found = names_on(images, wanted, {index: mine, lone: [replace(SHOP, digest=lone)]})

    assert found == {SHOP.digest: names, lone: (f"web@{lone}",)}
