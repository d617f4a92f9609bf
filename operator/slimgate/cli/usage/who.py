"""Who fills the nodes' disks: one row for each image, workload, namespace, node or base."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from slimgate.cli.shared.forms import By
from slimgate.cli.usage.rows import Row, pulls_by_key, registry_by, rows_on, together
from slimgate.core.nodes.disk import NodeDisk
from slimgate.core.nodes.over_limits import OverLimits
from slimgate.core.nodes.pulls import NO_PULLS, Pulls, PullTable
from slimgate.core.nodes.registry import in_registries
from slimgate.core.nodes.stored import NOTHING, Stored

_REST: Final = " "
"""Begins keys of what is in no row, and no name that could be one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Who:
    """The rows, the largest share first, and what is in none of them.

    Together they are `total`: rows by node hold the rest, those by image or base what is `unused`
    or `pinned`. With a namespace there is no rest.
    """

    by: By
    namespace: str | None
    rows: Sequence[Row]
    unused: Row
    pinned: Row
    unexplained: int = 0
    nodes: int = 0
    notes: Sequence[str] = ()
    exact: bool = True
    """Whether the total is no lower bound: all is known, or for all namespaces was measured."""
    missing: int = 0
    """Images on nodes that could not be looked up, each counted on each of its nodes."""

    @property
    def rest(self) -> Sequence[Row]:
        """What is in no row, by names that people understand."""
        unexplained = Stored(unpacked=self.unexplained)
        nobody = Row(key=f"{_REST}unexplained", name="(no known image)", share=unexplained)
        return (self.unused, self.pinned, nobody)

    @property
    def total(self) -> Stored:
        """All rows and the rest."""
        return sum((row.share for row in (*self.rows, *self.rest)), NOTHING)

    @property
    def registry(self) -> int | None:
        """What all of them take in registries; None by node."""
        if self.by is By.NODE:
            return None
        return sum(row.registry or 0 for row in (*self.rows, *self.rest))


def who(
    disks: Sequence[NodeDisk],
    by: By,
    *,
    namespace: str | None = None,
    over: Sequence[OverLimits | None] = (),
    pulls: PullTable | None = None,
) -> Who:
    """Add up all nodes' disks by what a row stands for.

    `over` is what is beyond limits on each of them, and `pulls` what they pulled, for the
    namespace if there is one, where that is known.
    """
    rows: dict[str, Row] = {}
    for disk, beyond in zip(disks, over or (None,) * len(disks), strict=True):
        for row in rows_on(disk, by, namespace, beyond):
            rows[row.key] = together(rows[row.key], row) if row.key in rows else row
    stored, pulled = in_registries(disks), _pulls(disks, by, pulls)
    registry = registry_by(stored, by, namespace)
    owners, nowhere = [disk.owners for disk in disks], by is By.NODE
    whole = namespace is None and by is not By.NODE
    by_user = whole and by in {By.NAMESPACE, By.WORKLOAD}

    def rest(key: str, name: str, share: Stored, stored: Stored) -> Row:
        """Make a row of what rows by image or base hold, and those by user don't."""
        if not by_user:
            return Row(key=f"{_REST}{key}", name=name)
        return Row(key=f"{_REST}{key}", name=name, share=share, registry=stored.compressed)

    unused = sum((one.unused for one in owners), NOTHING)
    return Who(
        by=by,
        namespace=namespace,
        rows=sorted(
            (
                replace(
                    row,
                    registry=None if nowhere or row.known is None else registry.get(row.key, 0),
                    pulls=None if pulled is None else pulled.get(row.key, NO_PULLS),
                )
                for row in rows.values()
            ),
            key=lambda row: (-row.share.disk, row.name),
        ),
        unused=replace(
            rest("unused", "(unused images)", unused, stored.owners.unused),
            unused=unused if by_user else NOTHING,
        ),
        pinned=rest(
            "pinned",
            "(the pods' sandboxes)",
            sum((one.pinned for one in owners), NOTHING),
            stored.owners.pinned,
        ),
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


def _pulls(
    disks: Sequence[NodeDisk], by: By, table: PullTable | None
) -> Mapping[str, Pulls] | None:
    """Tell what was pulled by keys of rows; None where nobody knows: events name no workload."""
    if table is None or by is By.WORKLOAD:
        return None
    if by is By.NAMESPACE:
        return table.namespaces
    if by is By.NODE:
        return table.sums().nodes
    found: dict[str, Pulls] = {}
    for disk in disks:
        for key, pulls in pulls_by_key(disk, by, table).items():
            found[key] = found.get(key, NO_PULLS) + pulls
    return found


def cut_lists(disks: Sequence[NodeDisk]) -> Iterator[str]:
    """Say that images are not listed, and so may have no row."""
    if cut := [disk for disk in disks if disk.truncated]:
        found = sum(disk.unlisted_images for disk in cut)
        yield (
            f"{len(cut)} of {len(disks)} kubelets list only some of their images, the largest; "
            f"{found} more are known from pods, and small unused ones are not"
        )
