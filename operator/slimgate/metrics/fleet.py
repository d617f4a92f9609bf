"""Shows who fills the disks of all nodes: the largest by name, all others together."""

import operator
from collections.abc import Iterator, Mapping, Sequence

from prometheus_client.core import GaugeMetricFamily

from slimgate.core.images.tier import Tier
from slimgate.core.nodes.fleet import Fleet, FleetImage
from slimgate.core.nodes.stored import NOTHING, Stored
from slimgate.metrics.bounded import folded, short
from slimgate.metrics.images import UNKNOWN, image_families
from slimgate.metrics.named import (
    IMAGE,
    NAMESPACE,
    WORKLOAD,
    Named,
    Values,
    bounded_family,
    named_images,
)


def fleet_families(fleet: Fleet, named: Named) -> Iterator[GaugeMetricFamily]:
    """Write all sums that there are of all nodes together."""
    yield _states(fleet)
    yield from bounded_family(
        "slimgate_namespace_image_share_bytes",
        "A namespace's fair share of the bytes of images on all nodes: what several use is divided "
        "among them. The sum is what is used.",
        NAMESPACE,
        {(name,): stored.disk for name, stored in fleet.namespaces.items()},
        named.namespaces,
    )
    yield from bounded_family(
        "slimgate_workload_image_bytes",
        "A workload's fair share of the bytes of images on all nodes. The sum is what is used.",
        WORKLOAD,
        {name: stored.disk for name, stored in fleet.workloads.items()},
        named.workloads,
    )
    if named.images:
        yield from _images(fleet.images, named.images)
        yield from image_families(fleet.images, named.images)
    yield _tiers(fleet.tiers)


def registry_family(namespaces: Mapping[str, int], named: Named) -> Iterator[GaugeMetricFamily]:
    """Write what namespaces have of registries."""
    return bounded_family(
        "slimgate_namespace_registry_bytes",
        "A namespace's fair share of what the images that it uses take in registries: compressed, "
        "each layer once for all nodes, and what several use divided among them. The sum is what "
        "is used.",
        NAMESPACE,
        {(name,): size for name, size in namespaces.items()},
        named.namespaces,
    )


def _states(fleet: Fleet) -> GaugeMetricFamily:
    family = GaugeMetricFamily(
        "slimgate_cluster_image_bytes",
        "Bytes of images on all nodes, by whether anybody uses them. The sum is the total: as "
        "measured where kubelets can be read, else a lower bound where something is unknown.",
        labels=["state"],
    )
    used = sum(stored.disk for stored in fleet.namespaces.values())
    family.add_metric(["used"], used)
    family.add_metric(["unused"], fleet.unused.disk)
    family.add_metric(["pinned"], fleet.pinned.disk)
    family.add_metric(["unexplained"], fleet.unexplained)
    return family


def _images(images: Sequence[FleetImage], limit: int) -> Iterator[GaugeMetricFamily]:
    sums: dict[Values, Sequence[int]] = {}
    exclusive: dict[Values, int] = {}
    for image in images:
        # Manifests of one name, as of a tag that has moved, are one image here.
        key, used = (image.name,), image.share.disk - image.unused.disk
        more = used, image.unused.disk, image.nodes, image.containers
        sums[key] = _added(sums[key], more) if key in sums else more
        exclusive[key] = exclusive.get(key, 0) + image.exclusive.disk
    named = {(name,) for name in named_images(images, limit)}
    shown = folded(sums, named, _added)
    called = dict.fromkeys((short(name),) for (name,) in sorted(named))
    yield _by_state(shown)
    yield from bounded_family(
        "slimgate_image_exclusive_bytes",
        "Bytes that only this image holds, on all nodes together: removing it everywhere frees "
        "them. The largest by that are named.",
        IMAGE,
        exclusive,
        limit,
    )
    for place, name, text in (
        (2, "slimgate_image_nodes", "Nodes that hold an image."),
        (3, "slimgate_image_containers", "Containers that run an image, on all nodes."),
    ):
        family = GaugeMetricFamily(
            name, f"{text} The images are those of slimgate_image_bytes.", labels=IMAGE
        )
        for key in called:
            family.add_metric(key, shown[key][place])
        yield family


def _added(one: Sequence[int], other: Sequence[int]) -> Sequence[int]:
    return tuple(map(operator.add, one, other))


def _by_state(shown: Mapping[Values, Sequence[int]]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(
        "slimgate_image_bytes",
        "An image's fair share of the bytes on all nodes, by whether a pod on the node uses it: "
        "what several images hold is divided among them. The sum is all that images explain.",
        labels=["image", "state"],
    )
    for key, (used, unused, *_) in shown.items():
        family.add_metric([*key, "used"], used)
        family.add_metric([*key, "unused"], unused)
    return family


def _tiers(tiers: Mapping[Tier | None, Stored]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(
        "slimgate_tier_image_bytes",
        "Fair shares of the bytes of images on all nodes, by the tier that these are "
        "based on. The sum is all that images explain.",
        labels=["tier"],
    )
    for tier in (*Tier, None):
        stored = tiers.get(tier, NOTHING)
        family.add_metric([UNKNOWN if tier is None else tier.name.lower()], stored.disk)
    return family
