"""Shows what the named images are: how large, of which repository, and based on what."""

from collections.abc import Iterable, Iterator, Mapping

from prometheus_client.core import GaugeMetricFamily

from slimgate.core.nodes.fleet import FleetImage
from slimgate.metrics.bounded import largest, short
from slimgate.metrics.named import bounded_family, named_images

UNKNOWN = "unknown"


def image_families(images: Iterable[FleetImage], limit: int) -> Iterator[GaugeMetricFamily]:
    """Write what there is of the images that are named, and of the repositories."""
    images = list(images)
    named = named_images(images, limit)
    largest_last = sorted(images, key=_size)
    by_name = {one.name: one for one in largest_last if one.name in named}
    # Names that are alike as far as they are shown are one, so that joins find one.
    shown = dict(sorted({short(name): image for name, image in by_name.items()}.items()))
    yield _info(shown)
    yield _sizes(shown)
    owned = [(repository_of(image.name), image) for image in images]
    shares: dict[str, int] = {}
    for name, image in owned:
        shares[name] = shares.get(name, 0) + image.share.disk
    yield from bounded_family(
        "slimgate_repository_image_bytes",
        "Fair shares of the bytes on all nodes of a repository's images, used or not. The sum is "
        "all that images explain.",
        ("repository",),
        {(name,): size for name, size in shares.items()},
        limit,
    )
    yield _largest_of(owned, largest(shares, limit))


def repository_of(name: str) -> str:
    """Leave off tag and digest; nodes write all names alike, and there may be ten thousand."""
    path, slash, last = name.partition("@")[0].rpartition("/")
    return f"{path}{slash}{last.partition(':')[0]}"


def tier_label(image: FleetImage) -> str:
    """Write the tier that an image is based on."""
    return UNKNOWN if image.tier is None else image.tier.name.lower()


def _size(image: FleetImage) -> tuple[int, int, str]:
    return image.unpacked, image.pull, image.digest or ""


def _info(images: Mapping[str, FleetImage]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(
        "slimgate_image_info",
        "Always 1; the labels hold an image's repository and what it is based on. The images are "
        "those of slimgate_image_bytes.",
        labels=["image", "repository", "base", "tier"],
    )
    for called, image in images.items():
        repository, base = short(repository_of(image.name)), short(image.base or UNKNOWN)
        family.add_metric([called, repository, base, tier_label(image)], 1)
    return family


def _sizes(images: Mapping[str, FleetImage]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(
        "slimgate_image_size_bytes",
        "Pull size (compressed) and unpacked size of an image, as policies limit them; of several "
        "manifests of one name the largest. Absent where it is unknown. The images are those of "
        "slimgate_image_bytes.",
        labels=["repository", "image", "form"],
    )
    for called, image in images.items():
        repository = short(repository_of(image.name))
        for form, size in (("compressed", image.pull), ("unpacked", image.unpacked)):
            if size:
                family.add_metric([repository, called, form], size)
    return family


def _largest_of(
    owned: Iterable[tuple[str, FleetImage]], named: frozenset[str]
) -> GaugeMetricFamily:
    family = GaugeMetricFamily(
        "slimgate_repository_size_bytes",
        "Pull size (compressed) and unpacked size of the largest image of a repository that a pod "
        "uses. The repositories are those of slimgate_repository_image_bytes.",
        labels=["repository", "form"],
    )
    sizes: dict[tuple[str, str], int] = {}
    for name, image in owned:
        if name in named and image.containers:
            for form, size in (("compressed", image.pull), ("unpacked", image.unpacked)):
                key = short(name), form
                sizes[key] = max(size, sizes.get(key, 0))
    for key, size in sorted(sizes.items()):
        if size:
            family.add_metric(key, size)
    return family
