"""How long layers are in truth, where a runtime believes what a manifest says of that.

containerd refuses an image of which a layer is longer or shorter than its manifest says. CRI-O and
Docker compare digests alone, so there a manifest may say a byte of a layer that has gigabytes.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from slimgate.core.errors import ImageError, UnsupportedError
from slimgate.core.images.facts import Digest, ImageFacts, Layer, Platform, Size

Length = int | ImageError
"""How long a layer is in its registry, or why that is not known."""


def unproven(images: Iterable[ImageFacts], trusting: frozenset[Platform]) -> list[Digest]:
    """List the layers whose length a manifest alone tells, of images that such nodes may run.

    That of a layer that was measured has been compared.
    """
    found = (
        layer.digest
        for image in images
        if _may_run_on(image, trusting)
        for layer in image.layers
        if layer.digest and _is_unproven(layer)
    )
    return list(dict.fromkeys(found))


def with_lengths(
    facts: ImageFacts, lengths: Mapping[Digest, Length], trusting: frozenset[Platform]
) -> ImageFacts:
    """Have the layers that are `unproven` be as much to pull as they are long."""
    if not lengths or not _may_run_on(facts, trusting):
        return facts
    return replace(facts, layers=tuple(_true(layer, lengths) for layer in facts.layers))


def wrong_size(size: int) -> str:
    """Say what content of another size makes of an image."""
    return (
        f"not the {size} bytes that the manifest says: the image is broken, and containerd "
        "refuses it"
    )


def _true(layer: Layer, lengths: Mapping[Digest, Length]) -> Layer:
    length = lengths.get(layer.digest) if layer.digest and _is_unproven(layer) else None
    size = layer.pull.bytes
    if length is None or size is None or length == size:
        return layer
    if isinstance(length, ImageError):
        # What the manifest says still counts: other runtimes pull that, or refuse the image.
        pull = replace(Size.unknown(str(length), at_least=size), fault=length.reason)
    else:
        reason = f"a layer has {length} bytes, {wrong_size(size)}"
        pull = replace(Size.unknown(reason, at_least=length), fault=UnsupportedError.reason)
    return replace(layer, pull=pull)


def _is_unproven(layer: Layer) -> bool:
    return layer.pull.bytes is not None and not layer.unpacked.is_measured


def _may_run_on(image: ImageFacts, platforms: frozenset[Platform]) -> bool:
    return not platforms.isdisjoint(image.serves) if image.serves else bool(platforms)
