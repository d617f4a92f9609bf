"""What the look at very many nodes costs, and a scrape of it: a cluster that is made up as JSON.

Nodes and pods are texts that are parsed again for each look, as the API server's answers are.
"""

import asyncio
import json
import random
import resource
import time
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from pathlib import Path

from slimgate.controller.nodes import NodeSurvey
from slimgate.core.credentials.identity import ANONYMOUS, Identity
from slimgate.core.images.facts import Digest, Size
from slimgate.core.images.oci import Descriptor
from slimgate.core.images.reference import Reference
from slimgate.core.json_object import JsonObject
from slimgate.core.nodes.node import Node
from slimgate.core.nodes.over_limits import SizeLimit, Use
from slimgate.core.nodes.roster import Roster
from slimgate.core.nodes.summary import ImageFs
from slimgate.core.workloads.workload import Workload
from slimgate.engine.inspector import Inspector
from slimgate.engine.ports import Document, LayerReading
from slimgate.metrics import ControllerMetrics
from slimgate.process.garbage import short_collections

EACH = 50
PODS = 10
REGISTRY = "registry.example.com"
SYSTEM, ARCHITECTURE = "linux", "amd64"
MB = 2**20
_TICK = 0.005
_MANIFEST = "application/vnd.oci.image.manifest.v1+json"


def _digest(number: int) -> Digest:
    return Digest(f"sha256:{number:064x}")


def _name(image: int) -> str:
    return f"{REGISTRY}/team{image % 200}/app{image}"


class Registry:
    """Has images of three layers of one of 50 bases, and some of their own; counts requests."""

    def __init__(self, layers: int) -> None:
        self._layers = layers
        self.asked = 0

    async def resolve(self, reference: Reference, identity: Identity) -> Digest:
        """Take a digest for what it is."""
        self.asked += 1
        return Digest(reference.identifier)

    async def document(self, reference: Reference, identity: Identity) -> Document:
        """Make a manifest."""
        self.asked += 1
        image = _number(reference)
        manifest = {
            "schemaVersion": 2,
            "mediaType": _MANIFEST,
            "config": _descriptor(10**11 + image, "config.v1+json", len(self._config(image))),
            "layers": [
                _descriptor(n, "layer.v1.tar+gzip", 1_000_000 + n % 977) for n in self._own(image)
            ],
        }
        body = json.dumps(manifest).encode()
        return Document(digest=_digest(10**12 + image), media_type=_MANIFEST, body=body)

    async def config(
        self, reference: Reference, descriptor: Descriptor, identity: Identity
    ) -> bytes:
        """Make a config."""
        self.asked += 1
        return self._config(_number(reference))

    def _config(self, image: int) -> bytes:
        config = {
            "os": SYSTEM,
            "architecture": ARCHITECTURE,
            "rootfs": {
                "type": "layers",
                "diff_ids": [_digest(10**9 + n) for n in self._own(image)],
            },
            "history": [{"created_by": f"RUN make install {n}"} for n in self._own(image)],
        }
        return json.dumps(config).encode()

    def _own(self, image: int) -> list[int]:
        more = self._layers - 3
        return [
            *range(image % 50 * 3, image % 50 * 3 + 3),
            *range(1000 + image * more, 1000 + (image + 1) * more),
        ]

    async def layer(
        self, reference: Reference, layer: Descriptor, identity: Identity, *, whole: bool = False
    ) -> LayerReading:
        """Have measured it."""
        self.asked += 1
        return LayerReading(unpacked=Size.measured(3_000_000 + layer.size % 977))

    async def length(self, reference: Reference, layer: Digest, identity: Identity) -> int:
        """Be asked by nobody: what lies on nodes is no policy's matter."""
        raise AssertionError


def _number(reference: Reference) -> int:
    return int(reference.repository.rpartition("/app")[2])


def _descriptor(number: int, kind: str, size: int) -> dict[str, object]:
    media_type = f"application/vnd.oci.image.{kind}"
    return {"mediaType": media_type, "digest": _digest(number), "size": size}


class Cluster:
    """Nodes of 50 images, and ten pods on each, as texts."""

    def __init__(self, nodes: int, images: int) -> None:
        chance = random.Random(1)
        self.nodes_json: list[bytes] = []
        self.pods_json: list[bytes] = []
        for node in range(nodes):
            mine = chance.sample(range(images), EACH)
            self.nodes_json.append(json.dumps(_node(node, mine)).encode())
            pods = [_pod(node, image) for image in mine[:PODS]]
            self.pods_json.append(json.dumps({"items": pods}).encode())

    async def pods_on(self, node: str) -> AsyncIterator[JsonObject]:
        """Yield a node's."""
        for pod in json.loads(self.pods_json[int(node.removeprefix("node-"))])["items"]:
            yield pod

    async def image_fs(self, node: Node) -> ImageFs:
        """Have measured something else each time."""
        used = 800_000_000 + int(time.time() * 1000) % 10**7
        return ImageFs(
            used=used, capacity=10**11, available=10**10, writable=1, logs=1, empty_dirs=1
        )

    def known(self, workload: Workload) -> Identity:
        """Know that there is nothing to know."""
        return ANONYMOUS

    async def identity(self, workload: Workload) -> Identity:
        """Be nobody."""
        return ANONYMOUS

    async def newer(self, workload: Workload, refused: Identity) -> None:
        """Have no others."""


def _node(number: int, images: Iterable[int]) -> dict[str, object]:
    kinds = ("MemoryPressure", "DiskPressure", "PIDPressure", "Ready")
    return {
        "metadata": {
            "name": f"node-{number}",
            "uid": f"{number}",
            "resourceVersion": "1",
            "labels": {f"example.com/label-{n}": f"{number}" for n in range(12)},
        },
        "status": {
            "nodeInfo": {
                "operatingSystem": SYSTEM,
                "architecture": ARCHITECTURE,
                "containerRuntimeVersion": "containerd://2.1.4",
            },
            "addresses": [
                {"type": "InternalIP", "address": f"10.1.{number // 250}.{number % 250}"}
            ],
            "daemonEndpoints": {"kubeletEndpoint": {"Port": 10250}},
            "conditions": [
                {"type": kind, "status": "False", "message": "x" * 60} for kind in kinds
            ],
            "images": [
                {
                    "names": [f"{_name(n)}@{_digest(10**12 + n)}", f"{_name(n)}:1"],
                    "sizeBytes": 8_000_000 + n,
                }
                for n in images
            ],
        },
    }


def _pod(node: int, image: int) -> dict[str, object]:
    named = f"{_name(image)}:1"
    noise = {f"variable-{n}": "a value that nobody reads" for n in range(80)}
    return {
        "metadata": {
            "name": f"app{image}-7d4b9c5f6-{node:05}",
            "namespace": f"team{image % 200}",
            "uid": f"{node}-{image}",
            "labels": {"app": f"app{image}", "pod-template-hash": "7d4b9c5f6"},
            "ownerReferences": [
                {
                    "apiVersion": "apps/v1",
                    "kind": "ReplicaSet",
                    "name": f"app{image}-7d4b9c5f6",
                    "uid": f"rs-{image}",
                    "controller": True,
                }
            ],
        },
        "spec": {
            "nodeName": f"node-{node}",
            "containers": [{"name": "app", "image": named, "env": noise}],
        },
        "status": {
            "phase": "Running",
            "containerStatuses": [
                {
                    "name": "app",
                    "image": named,
                    "imageID": f"{_name(image)}@{_digest(10**12 + image)}",
                }
            ],
        },
    }


def _limits(uses: Iterable[Use]) -> Mapping[Use, tuple[SizeLimit, ...]]:
    lines = (SizeLimit(policy="a", pull=5_000_000), SizeLimit(policy="b", unpacked=15_000_000))
    return {use: lines for use in uses if len(use[0][2]) % 3 == 0}


class Holds:
    """How long the event loop was held, and how much of that this process worked."""

    def __init__(self) -> None:
        self.longest = self.worked = 0.0

    async def run(self) -> None:
        """Watch until cancelled."""
        while True:
            before, cpu = time.monotonic(), time.process_time()
            await asyncio.sleep(_TICK)
            self.longest = max(self.longest, time.monotonic() - before - _TICK)
            self.worked = max(self.worked, time.process_time() - cpu)


async def measure(nodes: int, images: int, layers: int = 8, looks: int = 2) -> None:
    """Look some times as the controller does, and print what each took."""
    with short_collections():
        await _measure(nodes, images, layers, looks)


async def _measure(nodes: int, images: int, layers: int, looks: int) -> None:
    print(f"{nodes} nodes of {EACH} of {images} images of {layers} layers, {nodes * PODS} pods")
    cluster = Cluster(nodes, images)
    registry = Registry(layers)
    inspector = Inspector(registry)
    metrics = ControllerMetrics()
    print(
        f"made: {_rss()} MB, of which the cluster as text is "
        f"{sum(map(len, cluster.nodes_json + cluster.pods_json)) // MB}"
    )
    roster = Roster()
    for text in cluster.nodes_json:
        roster.put(json.loads(text))
    print(f"mirrored: {_rss()} MB")
    survey = NodeSurvey(
        nodes=roster.nodes,
        lister=cluster, gauge=cluster, inspector=inspector, keyring=cluster, seconds=60,
        limits=_limits, looked=metrics.nodes_looked_at,
    )  # fmt: skip
    metrics.show_nodes(survey)
    holds = Holds()
    watch = asyncio.create_task(holds.run())
    for number in range(looks):
        holds.longest = holds.worked = 0.0
        started, asked = time.monotonic(), registry.asked
        cpu = await _cpu(survey.look)
        print(
            f"look {number + 1}: {cpu:.1f} s of CPU in {time.monotonic() - started:.1f} s; "
            f"loop held {holds.longest * 1000:.0f} ms at most, by itself "
            f"{holds.worked * 1000:.0f}; {_rss()} MB, peak {_peak()}; "
            f"{registry.asked - asked} requests to registries",
            flush=True,
        )
    before = time.process_time()
    page = metrics.page()
    print(f"scrape: {(time.process_time() - before) * 1000:.0f} ms, {len(page) / MB:.1f} MB")
    watch.cancel()


async def _cpu(act: Callable[[], object]) -> float:
    before = time.process_time()
    await act()  # type: ignore[misc]
    return time.process_time() - before


def _rss() -> int:
    text = Path("/proc/self/status").read_text()
    return int(text.split("VmRSS:")[1].split()[0]) // 1024


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
