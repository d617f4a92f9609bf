"""What the engine asks of the outside world, as Protocols.

One small interface serves every place that facts come from: a registry, a Docker engine, an OCI
layout, an archive. All of them raise core.errors.ImageError and nothing else.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from slimgate.core.base import KnownBase
from slimgate.core.credentials.identity import Identity
from slimgate.core.images.facts import Digest, LayerContents, Platform, Size
from slimgate.core.images.oci import Descriptor
from slimgate.core.images.reference import Reference
from slimgate.core.workloads.workload import Workload


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A manifest or index as stored; `body` has been checked against `digest`.

    `synthetic` says that the source holds no registry manifest and wrote this one itself: its
    digest names nothing outside, and its sizes are not what crosses a network. `at_hand` says that
    it comes from no registry: what its image claims is not looked up, since that works offline.
    """

    digest: Digest
    media_type: str | None
    body: bytes
    synthetic: bool = False
    at_hand: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerReading:
    """What one look at a layer gave.

    `contents` is None where the layer was not read whole. `pull` overrules the descriptor's size
    where the source does not keep layers as a registry does; None means that the size holds.
    """

    unpacked: Size
    contents: LayerContents | None = None
    pull: Size | None = None


class ImageSource(Protocol):
    """Where documents and layers of images come from."""

    async def resolve(self, reference: Reference, identity: Identity) -> Digest:
        """Find the digest that the reference points at now, without its body (HEAD)."""

    async def document(self, reference: Reference, identity: Identity) -> Document:
        """Get the manifest or index that the reference names by digest, else by tag."""

    async def config(
        self, reference: Reference, descriptor: Descriptor, identity: Identity
    ) -> bytes:
        """Get a config blob of the reference's repository, checked against its digest."""

    async def layer(
        self, reference: Reference, layer: Descriptor, identity: Identity, *, whole: bool = False
    ) -> LayerReading:
        """Find the length of a layer's tar, and what it holds where that is cheap to list.

        One that is asked for `whole` is read so, unless it is too large for that.
        """

    async def length(self, reference: Reference, layer: Digest, identity: Identity) -> int:
        """Find how long a layer is as it is stored, whatever a manifest says of it."""


class BaseFinder(Protocol):
    """Looks bases up in their registries, to compare images with."""

    async def find(self, reference: Reference, platform: Platform, identity: Identity) -> KnownBase:
        """Find a base for one platform; ImageError if its registry has none."""


class Keyring(Protocol):
    """Knows whose credentials a workload's images are pulled with."""

    def known(self, workload: Workload) -> Identity | None:
        """Tell them where nobody has to be asked, and waited for."""

    async def identity(self, workload: Workload) -> Identity:
        """Find them as the kubelet would; ImageError or ClusterError if they can't be read."""

    async def newer(self, workload: Workload, refused: Identity) -> Identity | None:
        """Look for others than those that a registry has refused; None if there are none."""


class NamespaceReader(Protocol):
    """Reads a namespace that its mirror has not heard of."""

    async def labels(self, namespace: str) -> Mapping[str, str]:
        """Read its labels; ClusterError if they can't be had."""


class Place(Protocol):
    """Where a review waits for what is not known yet; there are only so many."""

    @property
    def asker(self) -> str:
        """Whose turn it takes: engine.fair.Askers."""

    async def take(self, seconds: float) -> None:
        """Wait for it so long, once for a review; OverloadedError if there is none in time."""


class InspectionObserver(Protocol):
    """Told of every look-up, for metrics."""

    def looked_up(self, outcome: str, seconds: float) -> None:
        """Hear how a look-up ended: cached, fetched, stale, or an error's `reason`."""


def pull_size(
    document: Document, descriptor: Descriptor, reading: LayerReading | None = None
) -> Size:
    """Tell what a layer is to pull, from the manifest that lists it and a look at it, if any."""
    if reading is not None and reading.pull is not None:
        return reading.pull
    if document.synthetic:
        return Size.unknown("the source does not store layers as a registry does")
    return Size.known(descriptor.size)
