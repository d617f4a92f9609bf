"""Who fills the nodes' disks: one row for each image, workload, namespace, node or base."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from slimgate.cli.shared.forms import By
from slimgate.core.nodes.disk import ImageDisk, NodeDisk
from slimgate.core.nodes.fleet import image_name
from slimgate.core.nodes.over_limits import OverLimits
from slimgate.core.nodes.stored import NOTHING, Stored

UNKNOWN_BASE = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One name's fair share of all disks together.

    `unused` is the part of it that no pod uses, and `over` what of it would be won if all images
    were at their limits; None where it is not known. With something unknown it is a lower bound.
    """

    name: str
    share: Stored = NOTHING
    unused: Stored = NOTHING
    over: Stored | None = None
    nodes: frozenset[str] = frozenset()
    containers: int = 0
    complete: bool = True

    @property
    def known(self) -> Stored | None:
        """Its share; None where nothing is known of what it uses."""
        return self.share if self.complete or self.share.disk else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Who:
    """The rows, the largest share first, and what is in none of them.

    Together they are `total`: rows by node hold the rest, those by image or base what is `unused`
    or `pinned`. With a namespace there is no rest.
    """

    by: By
    namespace: str | None
    rows: Sequence[Row]
    unused: Stored = NOTHING
    pinned: Stored = NOTHING
    unexplained: int = 0
    nodes: int = 0
    notes: Sequence[str] = ()
    exact: bool = True
    """Whether the total is no lower bound: all is known, or for all namespaces was measured."""
    missing: int = field(default=0)
    """Images on nodes that could not be looked up, each counted on each of its nodes."""

    @property
    def total(self) -> Stored:
        """All rows and the rest."""
        rest = self.unused + self.pinned + Stored(unpacked=self.unexplained)
        return sum((row.share for row in self.rows), rest)


def who(
    disks: Sequence[NodeDisk],
    by: By,
    *,
    namespace: str | None = None,
    over: Sequence[OverLimits | None] = (),
) -> Who:
    """Add up all nodes' disks by what a row stands for.

    `over` is what is beyond limits on each of them, where that is known.
    """
    rows: dict[str, Row] = {}
    names: dict[str, str] = {}
    for disk, beyond in zip(disks, over or (None,) * len(disks), strict=True):
        for key, row in _rows(disk, by, namespace, beyond):
            names[key] = min(names.get(key, row.name), row.name, key=lambda name: "@" in name)
            known = rows.get(key)
            rows[key] = row if known is None else _together(known, row)
    owners = [disk.owners for disk in disks]
    by_user = by in {By.NAMESPACE, By.WORKLOAD}
    whole = namespace is None and by is not By.NODE
    return Who(
        by=by,
        namespace=namespace,
        rows=sorted(
            (replace(row, name=names[key]) for key, row in rows.items()),
            key=lambda row: (-row.share.disk, row.name),
        ),
        unused=_sum(one.unused for one in owners) if by_user and whole else NOTHING,
        pinned=_sum(one.pinned for one in owners) if by_user and whole else NOTHING,
        unexplained=sum(one.unexplained for one in owners) if whole else 0,
        nodes=len(disks),
        notes=tuple(cut_lists(disks)),
        exact=all(
            disk.complete or (namespace is None and disk.scale.measured is not None)
            for disk in disks
        ),
        missing=sum(
            not image.known and namespace in {None, *image.namespaces}
            for disk in disks
            for image in disk.images
        ),
    )


def cut_lists(disks: Sequence[NodeDisk]) -> Iterator[str]:
    """Say that images are not listed, and so may have no row."""
    if cut := [disk for disk in disks if disk.truncated]:
        found = sum(disk.unlisted_images for disk in cut)
        yield (
            f"{len(cut)} of {len(disks)} kubelets list only some of their images, the largest; "
            f"{found} more are known from pods, and small unused ones are not"
        )


def _sum(parts: Iterator[Stored]) -> Stored:
    return sum(parts, NOTHING)


def _together(one: Row, two: Row) -> Row:
    over = None if one.over is None or two.over is None else one.over + two.over
    return Row(
        name=one.name,
        share=one.share + two.share,
        unused=one.unused + two.unused,
        over=over,
        nodes=one.nodes | two.nodes,
        containers=one.containers + two.containers,
        complete=one.complete and two.complete,
    )


def _rows(
    disk: NodeDisk, by: By, namespace: str | None, over: OverLimits | None
) -> Iterator[tuple[str, Row]]:
    """Yield what is on one node, by a key that is the same on all."""
    if by in {By.NAMESPACE, By.WORKLOAD}:
        return _users(disk, by, namespace, over)
    if by is By.NODE:
        return iter([(disk.node, _node(disk, namespace, over))])
    return _images(disk, by, namespace, over)


def _node(disk: NodeDisk, namespace: str | None, over: OverLimits | None) -> Row:
    mine = [image for image in disk.images if namespace in {None, *image.namespaces}]
    share, unused = disk.owners.total, disk.owners.unused
    if namespace is not None:
        share, unused = disk.owners.namespaces.get(namespace, NOTHING), NOTHING
    return Row(
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
    return _sum(s for name, s in over.workloads.items() if namespace in {None, name[0]})


def _containers(image: ImageDisk, namespace: str | None) -> int:
    return sum(number for (name, _), number in image.uses.items() if namespace in {None, name[0]})


def _images(
    disk: NodeDisk, by: By, namespace: str | None, over: OverLimits | None
) -> Iterator[tuple[str, Row]]:
    shares = (
        dict(enumerate(disk.owners.images))
        if namespace is None
        else disk.owners.images_of(namespace)
    )
    for place, image in enumerate(disk.images):
        if namespace not in {None, *image.namespaces}:
            continue
        share = shares.get(place, NOTHING)
        name = image_name(image.names)
        tier = UNKNOWN_BASE if image.tier is None else image.tier.label
        yield (
            tier if by is By.BASE else image.digest or name,
            Row(
                name=tier if by is By.BASE else name,
                share=share,
                unused=share if image.free_to_go else NOTHING,
                over=over.images.get(place, NOTHING) if over and namespace is None else None,
                nodes=frozenset((disk.node,)),
                containers=_containers(image, namespace),
                complete=image.complete,
            ),
        )


def _users(
    disk: NodeDisk, by: By, namespace: str | None, over: OverLimits | None
) -> Iterator[tuple[str, Row]]:
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
        key = name[0] if by is By.NAMESPACE else f"{name[1].lower()} {name[0]}/{name[2]}"
        yield (
            key,
            Row(
                name=key,
                share=shares.get(name, NOTHING),
                over=None if over is None else over.workloads.get(name, NOTHING),
                nodes=frozenset((disk.node,)),
                containers=number,
                complete=name not in incomplete,
            ),
        )
