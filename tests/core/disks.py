"""Makes images, nodes and pods of letters: one letter is one layer, `ab` stands on `a`."""

from slimgate.core.images.facts import DiffID, Digest, ImageFacts, Layer, Platform, Size
from slimgate.core.nodes.node import Node, NodeImage, NodePod, PodImage, Runtime

AMD64 = Platform("linux", "amd64")
REPOSITORY = "r.example.com/app"


def digest(text: str) -> Digest:
    """Make a digest of a short text."""
    return Digest(f"sha256:{text.encode().hex():0>64}")


def layer(letter: str) -> Layer:
    """Make a layer: `a` is 1 byte to pull and 10 unpacked, `b` is 2 and 20."""
    size = ord(letter) - ord("a") + 1
    return Layer(
        digest=digest(f"blob {letter}"),
        diff_id=DiffID(digest(f"tar {letter}")),
        media_type="application/vnd.oci.image.layer.v1.tar+gzip",
        pull=Size.known(size),
        unpacked=Size.measured(10 * size),
    )


def facts(letters: str, platform: Platform = AMD64) -> ImageFacts:
    """Make an image of layers, base first."""
    return ImageFacts(
        digest=digest(letters),
        media_type="application/vnd.oci.image.manifest.v1+json",
        platform=platform,
        layers=tuple(layer(letter) for letter in letters),
    )


def name(letters: str) -> str:
    """Name an image by its digest."""
    return f"{REPOSITORY}@{digest(letters)}"


def listed(letters: str, *more: str) -> NodeImage:
    """Make an entry of a node's status."""
    return NodeImage(names=(name(letters), *more), reported=len(letters))


def node(*images: NodeImage, runtime: Runtime = Runtime.CONTAINERD) -> Node:
    """Make a node that has these images."""
    return Node(name="n1", runtime=runtime, platform=AMD64, images=images)


def pod(namespace: str, *images: str | PodImage, called: str = "p") -> NodePod:
    """Make a pod that runs these images."""
    uses = (
        use if isinstance(use, PodImage) else PodImage(reference=REPOSITORY, image_id=name(use))
        for use in images
    )
    return NodePod(node="n1", namespace=namespace, name=called, images=tuple(uses))
