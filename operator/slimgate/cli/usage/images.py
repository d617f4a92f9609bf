"""The images that a cluster's workloads use, the most to pull first."""

import asyncio
import math
from collections.abc import Sequence
from dataclasses import dataclass

from slimgate.cli.preview.preview import originals
from slimgate.cli.shared.pool import LookupPool
from slimgate.cli.shared.ports import ClusterView
from slimgate.cli.shared.progress import Board
from slimgate.cli.usage.scope import UsageScope
from slimgate.core.errors import SlimgateError
from slimgate.core.images.facts import Digest, ImageFacts, Inspection, Platform
from slimgate.core.workloads.workload import Workload


@dataclass(frozen=True, slots=True, kw_only=True)
class UsedImage:
    """One reference: what it points at, or why that is not known, and who uses it."""

    reference: str
    seen: Inspection | SlimgateError
    users: tuple[Workload, ...]

    @property
    def largest(self) -> ImageFacts | None:
        """The image of the platform that is most to pull."""
        if not isinstance(self.seen, Inspection):
            return None
        return max(self.seen.images, key=lambda image: image.pull.bytes or 0, default=None)

    @property
    def pull(self) -> int | None:
        """What is to pull, in bytes; None where it is not known."""
        return None if self.largest is None else self.largest.pull.bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """The images of a part of a cluster; `namespace` is None for all namespaces."""

    namespace: str | None
    images: Sequence[UsedImage]
    workloads: int = 0
    notes: Sequence[str] = ()


async def used_images(
    view: ClusterView, shown: Board, scope: UsageScope, *, seconds: float = math.inf
) -> Usage:
    """Look up the images of the workloads in scope, each once, the most to pull first."""
    namespace = scope.namespace_in(view)
    workloads = [
        workload
        for workload in originals(await view.workloads(namespace))
        if scope.selector.matches(workload.labels)
    ]
    users: dict[str, dict[str, Workload]] = {}
    for workload in workloads:
        for use in workload.images:
            users.setdefault(use.reference, {})[str(workload)] = workload
    pool = LookupPool(shown, seconds)
    found = await asyncio.gather(
        *(_look_up(view, pool, text, tuple(used.values())) for text, used in users.items())
    )
    return Usage(
        namespace=namespace,
        images=sorted(found, key=lambda image: (-(image.pull or -1), image.reference)),
        workloads=len(workloads),
        notes=tuple(view.notes),
    )


def together(images: Sequence[UsedImage]) -> tuple[int, bool]:
    """Add up what a node would pull for all images, shared layers once.

    The platform where that is most counts. False if something is not known, so it is more.
    """
    layers: dict[Platform, dict[Digest, int]] = {}
    known = True
    for used in images:
        known = known and used.pull is not None
        for image in used.seen.images if isinstance(used.seen, Inspection) else ():
            pulls = {
                layer.digest: layer.pull.bytes
                for layer in image.layers
                if layer.digest is not None and layer.pull.bytes is not None
            }
            for platform in image.platforms:
                layers.setdefault(platform, {}).update(pulls)
    return max((sum(held.values()) for held in layers.values()), default=0), known


async def _look_up(
    view: ClusterView, pool: LookupPool, text: str, users: tuple[Workload, ...]
) -> UsedImage:
    # The workloads of one namespace mostly pull with the same credentials, those of others may not.
    askers: dict[str, Workload] = {}
    for user in users:
        askers.setdefault(user.namespace, user)
    seen: Inspection | SlimgateError | None = None
    for asker in askers.values():
        try:
            async with pool.take(text):
                seen = await view.inspect(asker, text)
                break
        except SlimgateError as error:
            seen = error
    assert seen is not None
    return UsedImage(reference=text, seen=seen, users=users)
