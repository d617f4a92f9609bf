"""The images that a cluster's workloads use, the most to pull first."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from slimgate.cli.ports import ClusterView
from slimgate.cli.previews.preview import originals
from slimgate.cli.progress import Board
from slimgate.core.errors import SlimgateError
from slimgate.core.image import ImageFacts, Inspection, Platform
from slimgate.core.workload import Workload

_AT_ONCE: Final = 16


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


async def used_images(view: ClusterView, shown: Board) -> list[UsedImage]:
    """Look up the images of all workloads, each once."""
    users: dict[str, dict[str, Workload]] = {}
    for workload in originals(await view.workloads()):
        for use in workload.images:
            users.setdefault(use.reference, {})[str(workload)] = workload
    room = asyncio.Semaphore(_AT_ONCE)
    found = await asyncio.gather(
        *(_image(view, text, tuple(used.values()), room, shown) for text, used in users.items())
    )
    return sorted(found, key=lambda image: (-(image.pull or -1), image.reference))


def together(images: Sequence[UsedImage]) -> tuple[int, bool]:
    """Add up what a node would pull for all images, shared layers once.

    The platform where that is most counts. False if something is not known, so it is more.
    """
    layers: dict[Platform, dict[str, int]] = {}
    known = True
    for used in images:
        known = known and used.pull is not None
        for image in used.seen.images if isinstance(used.seen, Inspection) else ():
            held = layers.setdefault(image.platform, {})
            for layer in image.layers:
                if layer.digest is not None and layer.pull.bytes is not None:
                    held[layer.digest] = layer.pull.bytes
    return max((sum(held.values()) for held in layers.values()), default=0), known


async def _image(
    view: ClusterView,
    text: str,
    users: tuple[Workload, ...],
    room: asyncio.Semaphore,
    shown: Board,
) -> UsedImage:
    # The workloads of one namespace mostly pull with the same credentials, those of others may not.
    askers: dict[str, Workload] = {}
    for user in users:
        askers.setdefault(user.namespace, user)
    seen: Inspection | SlimgateError | None = None
    async with room:
        with shown.line(text):
            for asker in askers.values():
                seen = await _inspect(view, asker, text)
                if isinstance(seen, Inspection):
                    break
    assert seen is not None
    return UsedImage(reference=text, seen=seen, users=users)


async def _inspect(view: ClusterView, user: Workload, text: str) -> Inspection | SlimgateError:
    try:
        return await view.inspect(user, text)
    except SlimgateError as error:
        return error
