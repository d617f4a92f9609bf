"""Rows of who fills the nodes' disks: what is on one node, by what a row stands for."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from slimgate.cli.shared.forms import By
from slimgate.cli.usage.pulled import pulls_on
from slimgate.core.nodes.disk import ImageDisk, NodeDisk
from slimgate.core.nodes.fleet import image_key, image_name
from slimgate.core.nodes.node import WorkloadName
from slimgate.core.nodes.over_limits import OverLimits
from slimgate.core.nodes.owners import total_by
from slimgate.core.nodes.pulls import NO_PULLS, Pulls, PullTable
from slimgate.core.nodes.registry import RegistryImages
from slimgate.core.nodes.stored import NOTHING, Stored

UNKNOWN_BASE = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One name's fair share of all disks together.

    `unused` is the part of it that no pod uses, and `over` what of it would be won if all images
    were at their limits; None where it is not known. With something unknown it is a lower bound.
    `exclusive` is what removing an image everywhere frees, of those nodes of which that is known.
    `registry` is its fair share of what the images take in their registries, and `pulls` are what
    events tell of; None where that is of no such row, or not known.
    """

    key: str
    name: str
    share: Stored = NOTHING
    unused: Stored = NOTHING
    over: Stored | None = None
    nodes: frozenset[str] = frozenset()
    containers: int = 0
    complete: bool = True
    exclusive: int | None = None
    registry: int | None = None
    pulls: Pulls | None = None

    @property
    def known(self) -> Stored | None:
        """Its share; None where nothing is known of what it uses."""
        return self.share if self.complete or self.share.disk else None

    @property
    def known_unused(self) -> Stored | None:
        """What of it nobody uses; None where nothing is known."""
        return None if self.known is None else self.unused

    @property
    def known_over(self) -> Stored | None:
        """What of it is over limits; None where that is not known, or nothing is."""
        return None if self.known is None else self.over


def together(one: Row, two: Row) -> Row:
    """Add up what is on two nodes under one key, by the better of two names."""
    over = None if one.over is None or two.over is None else one.over + two.over
    return Row(
        key=one.key,
        name=min(one.name, two.name, key=lambda name: "@" in name),
        share=one.share + two.share,
        unused=one.unused + two.unused,
        over=over,
        nodes=one.nodes | two.nodes,
        containers=one.containers + two.containers,
        complete=one.complete and two.complete,
        exclusive=_sum(one.exclusive, two.exclusive),
        registry=_sum(one.registry, two.registry),
        pulls=None if one.pulls is None else one.pulls + (two.pulls or NO_PULLS),
    )


def _sum(one: int | None, two: int | None) -> int | None:
    """Add up what is known of two."""
    return two if one is None else one + (two or 0)


def rows_on(
    disk: NodeDisk, by: By, namespace: str | None, over: OverLimits | None
) -> Iterator[Row]:
    """Yield what is on one node, with keys that are the same on all."""
    if by in {By.NAMESPACE, By.WORKLOAD}:
        return _users(disk, by, namespace, over)
    if by is By.NODE:
        return iter([_node(disk, namespace, over)])
    return _images(disk, by, namespace, over)


def registry_by(images: RegistryImages, by: By, namespace: str | None) -> Mapping[str, int]:
    """Tell what everybody's images take in registries, by keys of rows; nodes have none there."""
    owners = images.owners
    if by is By.NODE:
        return {}
    if by in {By.NAMESPACE, By.WORKLOAD}:
        sums = total_by(
            (_user(name, by), share)
            for name, share in owners.workloads.items()
            if namespace in {None, name[0]}
        )
    else:
        mine = owners.images_of(namespace) if namespace else dict(enumerate(owners.images))
        sums = total_by((_image(images.images[place], by), share) for place, share in mine.items())
    return {key: stored.compressed for key, stored in sums.items()}


def pulls_by_key(disk: NodeDisk, by: By, table: PullTable) -> Mapping[str, Pulls]:
    """Tell what a node pulled, by keys of rows by image or base."""
    found: dict[str, Pulls] = {}
    for place, pulls in pulls_on(disk, table).items():
        key = _image(disk.images[place], by)
        found[key] = found.get(key, NO_PULLS) + pulls
    return found


def _user(name: WorkloadName, by: By) -> str:
    return name[0] if by is By.NAMESPACE else f"{name[1].lower()} {name[0]}/{name[2]}"


def _image(image: ImageDisk, by: By) -> str:
    if by is By.IMAGE:
        return image_key(image)
    return UNKNOWN_BASE if image.tier is None else image.tier.label


def _node(disk: NodeDisk, namespace: str | None, over: OverLimits | None) -> Row:
    mine = [image for image in disk.images if namespace in {None, *image.namespaces}]
    share, unused = disk.owners.total, disk.owners.unused
    if namespace is not None:
        share, unused = disk.owners.namespaces.get(namespace, NOTHING), NOTHING
    return Row(
        key=disk.node,
        name=disk.node,
        share=share,
        unused=unused,
        over=None if over is None else _of_users(over, namespace),
        nodes=frozenset((disk.node,)),
        containers=sum(_containers(image, namespace) for image in mine),
        complete=all(image.complete for image in mine)
        and (namespace is not None or not disk.truncated),
    )


def _of_users(over: OverLimits, namespace: str | None) -> Stored:
    return sum((s for n, s in over.workloads.items() if namespace in {None, n[0]}), NOTHING)


def _containers(image: ImageDisk, namespace: str | None) -> int:
    return sum(number for (name, _), number in image.uses.items() if namespace in {None, name[0]})


def _images(
    disk: NodeDisk, by: By, namespace: str | None, over: OverLimits | None
) -> Iterator[Row]:
    shares = (
        dict(enumerate(disk.owners.images))
        if namespace is None
        else disk.owners.images_of(namespace)
    )
    alone = by is By.IMAGE and namespace is None
    for place, image in enumerate(disk.images):
        if namespace not in {None, *image.namespaces}:
            continue
        share, key = shares.get(place, NOTHING), _image(image, by)
        yield Row(
            key=key,
            name=key if by is By.BASE else image_name(image.names),
            exclusive=disk.scale.of(image.own).disk if alone and image.complete else None,
            share=share,
            unused=share if image.free_to_go else NOTHING,
            over=over.images.get(place, NOTHING) if over and namespace is None else None,
            nodes=frozenset((disk.node,)),
            containers=_containers(image, namespace),
            complete=image.complete,
        )


def _users(disk: NodeDisk, by: By, namespace: str | None, over: OverLimits | None) -> Iterator[Row]:
    shares = {n: s for n, s in disk.owners.workloads.items() if namespace in {None, n[0]}}
    containers: dict[tuple[str, str, str], int] = {}
    incomplete = set()
    for image in disk.images:
        for (name, _), number in image.uses.items():
            containers[name] = containers.get(name, 0) + number
            if not image.complete:
                incomplete.add(name)
    for name, number in containers.items():
        if namespace not in {None, name[0]}:
            continue
        key = _user(name, by)
        yield Row(
            key=key,
            name=key,
            share=shares.get(name, NOTHING),
            over=None if over is None else over.workloads.get(name, NOTHING),
            nodes=frozenset((disk.node,)),
            containers=number,
            complete=name not in incomplete,
        )
