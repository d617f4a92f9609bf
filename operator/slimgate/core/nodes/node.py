"""Nodes, their pods and their image file systems, as the API server and the kubelet tell of them.

Fields of a wrong type count as absent: what remains is a smaller model, never an invented one.
"""

import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Final, Self

from slimgate.core.errors import InvalidReferenceError
from slimgate.core.images.facts import Digest, ImageFacts, Platform
from slimgate.core.images.reference import Reference, parse_digest
from slimgate.core.json_object import JsonObject, mapping_at, objects_at, text_at
from slimgate.core.workloads.workload import Owner, Role, workload_of

KUBELET_PORT: Final = 10250
_MAX_PORT: Final = 65535
_STATUSES: Final = ("initContainerStatuses", "containerStatuses", "ephemeralContainerStatuses")
MAX_COUNT: Final = 2**63 - 1
"""Kubernetes' own integers end here, and a larger one is no figure that anybody can show."""
_SCHEMES: Final = re.compile(r"\A(docker|docker-pullable)://")
_HASH_LABEL: Final = "pod-template-hash"

WorkloadName = tuple[str, str, str]
"""Namespace, kind and name of what people deployed."""


class Runtime(Enum):
    """What runs a node's containers, and so what an image costs there and how it is reported."""

    CONTAINERD = "containerd"
    CRIO = "cri-o"
    DOCKER = "docker"
    OTHER = "other"

    @property
    def keeps_blobs(self) -> bool:
        """Whether the compressed layers stay on disk besides the unpacked ones.

        containerd's `discard_unpacked_layers`, off by default, can't be seen from outside.
        """
        return self is Runtime.CONTAINERD

    @property
    def counts_layers(self) -> bool:
        """Whether the kubelet's used bytes hold the unpacked layers; CRI-O's are metadata only."""
        return self is not Runtime.CRIO

    @property
    def compares_lengths(self) -> bool:
        """Whether it refuses a layer that is not as long as its manifest says.

        CRI-O and Docker compare the digest alone, and of others nobody knows.
        """
        return self is Runtime.CONTAINERD


@dataclass(frozen=True, slots=True, kw_only=True, weakref_slot=True)
class NodeImage:
    """An entry of a node's status: up to five names, by digest first, and the runtime's size."""

    names: tuple[str, ...]
    reported: int
    digests: tuple[Digest, ...] = field(init=False, repr=False, compare=False)
    """What was pulled under these names: digests of indexes or of manifests."""

    def __post_init__(self) -> None:
        found = (digest_in(name) for name in self.names)
        digests = tuple(dict.fromkeys(digest for digest in found if digest is not None))
        object.__setattr__(self, "digests", digests)

    @classmethod
    def of(cls, names: tuple[str, ...], reported: int) -> Self:
        """Make one."""
        return cls(names=tuple(map(sys.intern, names)), reported=reported)


MakeImage = Callable[[tuple[str, ...], int], NodeImage]


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A node; `address` is its InternalIP and `port` its kubelet's."""

    name: str
    runtime: Runtime
    platform: Platform
    images: tuple[NodeImage, ...]
    address: str | None = None
    port: int = KUBELET_PORT


@dataclass(frozen=True, slots=True, kw_only=True)
class PodImage:
    """One image that a pod uses: as the pod names it, and as the runtime found it, once it did."""

    reference: str
    image_id: str = ""
    digest: Digest | None = field(init=False, repr=False, compare=False)
    """What was pulled, where the runtime tells it with its repository."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "digest", digest_in(self.image_id))


@dataclass(frozen=True, slots=True, kw_only=True)
class NodePod:
    """A pod that was scheduled to a node; `owner` is what people deployed, where that is known."""

    node: str
    namespace: str
    name: str
    owner: Owner | None = None
    images: tuple[PodImage, ...] = ()

    @property
    def workload(self) -> WorkloadName:
        """What people deployed: the owner, else the pod itself."""
        if (owner := self.owner) is None:
            return self.namespace, "Pod", self.name
        return self.namespace, owner.kind, owner.name


def node_of(manifest: JsonObject, image: MakeImage = NodeImage.of) -> Node:
    """Read a node object; `image` may give one that it has made before."""
    status = mapping_at(manifest, "status")
    info = mapping_at(status, "nodeInfo")
    return Node(
        name=text_at(mapping_at(manifest, "metadata"), "name"),
        runtime=runtime_of(text_at(info, "containerRuntimeVersion")),
        platform=Platform(text_at(info, "operatingSystem"), text_at(info, "architecture")),
        images=tuple(_images(status, image)),
        address=_address(status),
        port=_port(status),
    )


def runtime_of(version: str) -> Runtime:
    """Read what a node says of its runtime, `containerd://1.7.2`."""
    scheme = version.partition("://")[0]
    return next((kind for kind in Runtime if kind.value == scheme), Runtime.OTHER)


def pod_of(manifest: JsonObject) -> NodePod | None:
    """Read a pod object; None where it is on no node, or the node took it away or never took it.

    A finished pod still uses its images: the kubelet keeps them as long as its containers.
    """
    status = mapping_at(manifest, "status")
    node = text_at(mapping_at(manifest, "spec"), "nodeName")
    workload = workload_of({**manifest, "kind": "Pod"})
    if not node or workload is None or text_at(status, "reason") == "Evicted":
        return None
    ids = _image_ids(status)
    if not ids and text_at(status, "phase") == "Failed":
        return None
    return NodePod(
        node=node,
        namespace=workload.namespace,
        name=workload.name,
        owner=_deployed(workload.owner, workload.labels),
        images=tuple(
            PodImage(
                reference=use.reference, image_id=ids.get((use.role is Role.VOLUME, use.name), "")
            )
            for use in workload.images
        ),
    )


def count_at(raw: JsonObject, key: str) -> int | None:
    """Read a whole number that can be one of bytes; None for what is none."""
    value = raw.get(key)
    if not isinstance(value, int) or isinstance(value, bool):
        return None
    return value if 0 <= value <= MAX_COUNT else None


def digest_in(name: str) -> Digest | None:
    """Return the digest of `repository@digest`; a bare ID is that of a config and names nothing."""
    repository, at, text = name.rpartition("@")
    if not at or not repository:
        return None
    try:
        return Digest(sys.intern(parse_digest(text)))
    except InvalidReferenceError:
        return None


def name_key(name: str) -> str | None:
    """Write a name so that two ways to write one reference are equal; None for what is none."""
    try:
        reference = Reference.parse(name)
    except InvalidReferenceError:
        return None
    return f"{reference.name}@{reference.identifier}"


def names_on(
    images: Iterable[NodeImage],
    wanted: Mapping[Digest, str],
    facts: Mapping[Digest, Sequence[ImageFacts]],
) -> Mapping[Digest, tuple[str, ...]]:
    """Collect the names that nodes have for each manifest; often they are those of its index."""
    held: dict[Digest, dict[str, None]] = {digest: {name: None} for digest, name in wanted.items()}
    for image in images:
        for digest in image.digests:
            held.setdefault(digest, {}).update(dict.fromkeys(image.names))
    names: dict[Digest, dict[str, None]] = {}
    for digest, found in facts.items():
        for one in found:
            if one.digest is not None:
                names.setdefault(one.digest, {}).update(held.get(digest, {}))
    return {digest: tuple(called) for digest, called in names.items()}


def _images(status: JsonObject, image: MakeImage) -> Iterator[NodeImage]:
    for entry in objects_at(status, "images"):
        names = entry.get("names")
        texts = tuple(n for n in names if isinstance(n, str)) if isinstance(names, list) else ()
        yield image(texts, count_at(entry, "sizeBytes") or 0)


def _address(status: JsonObject) -> str | None:
    addresses = objects_at(status, "addresses")
    internal = (text_at(a, "address") for a in addresses if text_at(a, "type") == "InternalIP")
    return next(internal, None)


def _port(status: JsonObject) -> int:
    endpoint = mapping_at(mapping_at(status, "daemonEndpoints"), "kubeletEndpoint")
    port = count_at(endpoint, "Port") or 0
    return port if 0 < port <= _MAX_PORT else KUBELET_PORT


def _image_ids(status: JsonObject) -> Mapping[tuple[bool, str], str]:
    """Return image IDs; the key says whether its name is a volume's or a container's."""
    ids: dict[tuple[bool, str], str] = {}
    for key in _STATUSES:
        for container in objects_at(status, key):
            ids[False, text_at(container, "name")] = _bare(text_at(container, "imageID"))
            for mount in objects_at(container, "volumeMounts"):
                image = mapping_at(mapping_at(mount, "volumeStatus"), "image")
                if found := text_at(image, "imageRef"):
                    ids[True, text_at(mount, "name")] = _bare(found)
    return ids


def _bare(image_id: str) -> str:
    """Leave off what Docker's shim puts in front."""
    return _SCHEMES.sub("", image_id, count=1)


def _deployed(owner: Owner | None, labels: Mapping[str, str]) -> Owner | None:
    """Name a ReplicaSet's Deployment: its name and a hash that is also a label of the pod."""
    suffix = f"-{labels.get(_HASH_LABEL)}"
    if owner is None or owner.kind != "ReplicaSet" or not owner.name.endswith(suffix):
        return owner
    return Owner(group=owner.group, kind="Deployment", name=owner.name.removesuffix(suffix))
