"""Keeps what is known of the images on nodes, and asks for what is new or has changed only."""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from typing import Final

from slimgate.core.credentials.identity import ANONYMOUS, Identity
from slimgate.core.errors import ClusterError, ImageError
from slimgate.core.images.facts import Digest, ImageFacts, Inspection, Platform, Wants
from slimgate.core.images.reference import Reference
from slimgate.core.nodes.layout import Layout
from slimgate.core.workloads.workload import Workload
from slimgate.engine.inspector import Inspector, Question
from slimgate.engine.ports import Keyring
from slimgate.engine.some import some_at_a_time

_LOG: Final = logging.getLogger(__name__)
_EVERYTHING: Final = Wants(config=True, layers=True)
_AT_ONCE: Final = 4
"""Look-ups under way: nobody waits for them, so they stand back behind admissions."""

Found = Mapping[Digest, Sequence[ImageFacts]]


class NodeImages:
    """Asks once for what is known whole: facts of a digest never change, but for better sizes.

    The inspector may have forgotten by the next look what the images of thousands of nodes hold,
    and would ask registries for all of them again.
    """

    def __init__(self, inspector: Inspector, keyring: Keyring) -> None:
        self._inspector = inspector
        self._keyring = keyring
        self._whole: dict[Digest, Sequence[ImageFacts]] = {}
        self._changed: set[Digest] = set()
        self._asked_for: tuple[tuple[Platform, ...], int] = ((), 0)
        self._found: Found = {}
        self.layout = Layout({})
        """Of all images that the last look found."""
        inspector.reader.listen(self._changed.add)

    def __contains__(self, digest: Digest) -> bool:
        """Whether nobody need be asked for an image."""
        return digest in self._whole

    async def look_up(
        self,
        wanted: Mapping[Digest, str],
        users: Mapping[Digest, Workload],
        platforms: tuple[Platform, ...],
    ) -> Found:
        """Find the facts of images, each by its name and with the credentials of its user."""
        self._forget(wanted, platforms)
        found = {digest: self._whole[digest] for digest in wanted if digest in self._whole}
        todo = [digest for digest in wanted if digest not in found]

        async def look(digest: Digest) -> Inspection | None:
            # What is in memory makes nobody wait, and there may be thousands.
            await asyncio.sleep(0)
            return await self._look_up(wanted[digest], users.get(digest), platforms)

        looked = await some_at_a_time(look, todo, _AT_ONCE)
        for digest, seen in zip(todo, looked, strict=True):
            if seen is not None and seen.images:
                found[digest] = seen.images
                if _is_whole(seen):
                    self._whole[digest] = seen.images
        if not _same(self._found, found):
            self.layout = await asyncio.to_thread(Layout, found)
        self._found = found
        return found

    def _forget(self, wanted: Mapping[Digest, str], platforms: tuple[Platform, ...]) -> None:
        """Drop what is not wanted any more, and what has another form now."""
        asked_for = platforms, self._inspector.bases.generation
        changed = {*self._changed}
        self._changed.clear()
        self._whole = {
            digest: images
            for digest, images in self._whole.items()
            if asked_for == self._asked_for
            and digest in wanted
            and changed.isdisjoint(image.digest for image in images)
        }
        self._asked_for = asked_for

    async def _look_up(
        self, name: str, user: Workload | None, platforms: tuple[Platform, ...]
    ) -> Inspection | None:
        try:
            identity = await self._identity(user)
            question = Question(Reference.parse(name), identity, platforms, _EVERYTHING, name)
            return await self._inspector.inspect(question)
        except (ImageError, ClusterError) as error:
            _LOG.debug("%s: %s", name, error)
            return None

    async def _identity(self, user: Workload | None) -> Identity:
        return ANONYMOUS if user is None else await self._keyring.identity(user)


def _is_whole(seen: Inspection) -> bool:
    """Whether another look can tell no more; a layer that is measured later is told of."""
    return not seen.gaps and all(
        layer.unpacked.bytes is not None for image in seen.images for layer in image.layers
    )


def _same(one: Found, two: Found) -> bool:
    return one.keys() == two.keys() and all(
        known is (found := two[digest])
        or (len(known) == len(found) and all(map(_same_facts, known, found)))
        for digest, known in one.items()
    )


def _same_facts(one: ImageFacts, two: ImageFacts) -> bool:
    """Whether the same is known of an image; each look-up makes a new object of the same layers."""
    return (
        one.layers is two.layers
        and one.digest == two.digest
        and one.base.tier is two.base.tier
        and one.platforms == two.platforms
    )
