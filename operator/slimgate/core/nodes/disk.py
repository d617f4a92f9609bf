"""What images cost one node's disk, and whose cost it is.

All bytes are lower bounds: images without facts and layers of unknown size count as nothing, and
are counted. Left out by nature: manifests and configs, the sandbox image where the runtime pins
it (then no node lists it), writable layers, and whole blocks, by which an unpacked layer exceeds
its tar: 0.1 % for a binary, 10 % for a distribution, 15 % for a toolchain, as measured on ext4.
Only `NodeDisk.measured` has all of it.
"""

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Generic, TypeVar

from slimgate.core.images.facts import Digest, ImageFacts, Platform
from slimgate.core.nodes.node import ImageFs, Node, NodePod, PodImage, Runtime, digest_in, name_key
from slimgate.core.nodes.stored import NOTHING, DiskContents, Groups, Stored

K = TypeVar("K", bound=Hashable)

LIST_LIMIT: Final = 50
"""The kubelet's default `nodeStatusMaxImages`: a list of this length was cut."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """Disjoint parts of a node's images: of no pod; in use, and of one image or of several."""

    unused: Stored
    exclusive: Stored
    shared: Stored

    @property
    def total(self) -> Stored:
        """The sum of all parts."""
        return self.unused + self.exclusive + self.shared


@dataclass(frozen=True, slots=True, kw_only=True)
class Attribution(Generic[K]):
    """Disjoint parts by user: what one alone uses, what several share, what nobody uses.

    `whole` is all that a user uses, what it shares too, so these overlap.
    """

    own: Mapping[K, Stored]
    whole: Mapping[K, Stored]
    shared: Stored
    unused: Stored

    @property
    def total(self) -> Stored:
        """The sum of all parts."""
        return sum(self.own.values(), self.shared + self.unused)


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageDisk:
    """One image on a node: `whole` counts what it shares too, `own` is what deleting it frees.

    `listed` is False where only a pod's status names it, `known` where there were no facts.
    `reported` is the runtime's size, `namespaces` are those of the pods that use it.
    """

    names: tuple[str, ...]
    listed: bool
    known: bool
    used: bool
    namespaces: frozenset[str]
    reported: int
    own: Stored
    whole: Stored


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeDisk:
    """The disk model of one node.

    `image_fs` is measured, all other bytes are modelled.
    """

    node: str
    runtime: Runtime
    parts: Parts
    namespaces: Attribution[str]
    workloads: Attribution[tuple[str, str, str]]
    images: tuple[ImageDisk, ...]
    truncated: bool
    unknown_layers: int
    image_fs: ImageFs | None

    @property
    def total(self) -> Stored:
        """All bytes of all known images, each thing once."""
        return self.parts.total

    @property
    def measured(self) -> int | None:
        """What `du` finds: what the kubelet measured, and the blobs, which containerd leaves out.

        None where the kubelet was not asked, or measures something else.
        """
        if self.image_fs is None or self.image_fs.used is None or not self.runtime.keeps_blobs:
            return None
        return self.image_fs.used + self.total.compressed

    @property
    def unused_images(self) -> int:
        """Images of no pod on the node."""
        return sum(not image.used for image in self.images)

    @property
    def images_without_facts(self) -> int:
        """Images that no byte here stands for."""
        return sum(not image.known for image in self.images)


def node_disk(
    node: Node,
    pods: Sequence[NodePod],
    facts: Mapping[Digest, Sequence[ImageFacts]],
    *,
    image_fs: ImageFs | None = None,
    list_limit: int = LIST_LIMIT,
) -> NodeDisk:
    """Model a node from the pods on it and the facts of its images.

    `facts` are keyed by what names hold: the digest of a manifest, or of an index, of which the
    image for the node's platform counts. `list_limit` is the kubelet's, -1 where it has none.
    """
    held = _held(node, pods)
    store = DiskContents(keeps_blobs=node.runtime.keeps_blobs)
    known = [_put(store, place, image, node.platform, facts) for place, image in enumerate(held)]
    groups = store.groups()
    listed = len(node.images)
    return NodeDisk(
        node=node.name,
        runtime=node.runtime,
        parts=_parts(groups, held),
        namespaces=_attribute(groups, [{pod.namespace for pod in i.users} for i in held]),
        workloads=_attribute(groups, [{pod.workload for pod in i.users} for i in held]),
        images=tuple(_images(groups, held, known)),
        truncated=listed >= list_limit > 0 or (bool(held) and not listed),
        unknown_layers=store.unknown_layers,
        image_fs=_usable(image_fs, node.runtime),
    )


def wanted_facts(node: Node, pods: Sequence[NodePod]) -> Mapping[Digest, str]:
    """Name the digests that facts are wanted for, each with a reference that it can be had by."""
    wanted: dict[Digest, str] = {}
    for image in _held(node, pods):
        for name in image.names:
            if digest := digest_in(name):
                wanted.setdefault(digest, name)
    return wanted


@dataclass(frozen=True, slots=True, kw_only=True)
class _Held:
    """An image on the node, and the pods that use it."""

    names: tuple[str, ...]
    digests: tuple[Digest, ...]
    reported: int = 0
    listed: bool = True
    users: list[NodePod] = field(default_factory=list)


def _held(node: Node, pods: Sequence[NodePod]) -> list[_Held]:
    """List the images of the node's status, and those that only its pods tell of."""
    held = [_Held(names=i.names, digests=i.digests, reported=i.reported) for i in node.images]
    by_digest = {digest: image for image in held for digest in image.digests}
    by_name = _Names(held)
    for pod in pods:
        for use in pod.images:
            image = _used(use, by_digest, by_name)
            if image is None and use.digest is not None:
                image = _Held(names=(use.image_id,), digests=(use.digest,), listed=False)
                by_digest[use.digest] = image
                held.append(image)
            if image is not None:
                image.users.append(pod)
    return held


class _Names:
    """Finds listed images by name; reading names is the dear part, and mostly not needed."""

    def __init__(self, held: Sequence[_Held]) -> None:
        self._held = tuple(held)
        self._by_key: dict[str | None, _Held] | None = None

    def get(self, reference: str) -> _Held | None:
        if self._by_key is None:
            self._by_key = {name_key(name): image for image in self._held for name in image.names}
            self._by_key.pop(None, None)
        return self._by_key.get(name_key(reference))


def _used(use: PodImage, by_digest: Mapping[Digest, _Held], by_name: _Names) -> _Held | None:
    """Find the image that a pod uses; its tag may have moved, so a digest is the better word."""
    if use.digest is not None:
        return by_digest.get(use.digest)
    return by_name.get(use.reference)


def _put(
    store: DiskContents,
    place: int,
    image: _Held,
    platform: Platform,
    facts: Mapping[Digest, Sequence[ImageFacts]],
) -> bool:
    """Store what is known of an image under any of its digests; False where nothing is."""
    picked = [_pick(digest, facts.get(digest, ()), platform) for digest in image.digests]
    found = [one for one in picked if one is not None]
    for one in found:
        store.put(place, one)
    return bool(found)


def _pick(digest: Digest, options: Sequence[ImageFacts], platform: Platform) -> ImageFacts | None:
    """Choose an index's image; nodes tell no variant, so of several nobody knows which it is."""
    if len(options) == 1 and options[0].digest == digest:
        return options[0]
    fits = [one for one in options if _is_for(one, platform)]
    return fits[0] if len(fits) == 1 else None


def _is_for(image: ImageFacts, platform: Platform) -> bool:
    if image.serves:
        return platform in image.serves
    own = image.platform
    return (own.os, own.architecture) == (platform.os, platform.architecture)


def _parts(groups: Groups, held: Sequence[_Held]) -> Parts:
    unused, exclusive, shared = NOTHING, NOTHING, NOTHING
    for places, stored in groups.items():
        if not any(held[place].users for place in places):
            unused += stored
        elif len(places) == 1:
            exclusive += stored
        else:
            shared += stored
    return Parts(unused=unused, exclusive=exclusive, shared=shared)


def _attribute(groups: Groups, users: Sequence[set[K]]) -> Attribution[K]:
    own: dict[K, Stored] = {}
    whole: dict[K, Stored] = {}
    shared, unused = NOTHING, NOTHING
    for places, stored in groups.items():
        names = set[K]().union(*(users[place] for place in places))
        for name in names:
            whole[name] = whole.get(name, NOTHING) + stored
        if not names:
            unused += stored
        elif len(names) == 1:
            name = names.pop()
            own[name] = own.get(name, NOTHING) + stored
        else:
            shared += stored
    return Attribution(own=own, whole=whole, shared=shared, unused=unused)


def _images(groups: Groups, held: Sequence[_Held], known: Sequence[bool]) -> Iterator[ImageDisk]:
    whole = [NOTHING] * len(held)
    for places, stored in groups.items():
        for place in places:
            whole[place] += stored
    for place, image in enumerate(held):
        yield ImageDisk(
            names=image.names,
            listed=image.listed,
            known=known[place],
            used=bool(image.users),
            namespaces=frozenset(pod.namespace for pod in image.users),
            reported=image.reported,
            own=groups.get(frozenset((place,)), NOTHING),
            whole=whole[place],
        )


def _usable(image_fs: ImageFs | None, runtime: Runtime) -> ImageFs | None:
    if image_fs is None or runtime.counts_layers:
        return image_fs
    return replace(image_fs, used=None)
