"""Keeps true what the API server refuses by itself, a moment after that has changed (ADR 26).

An image stays known when the last workload that used it has gone, for as long as it is looked up
without any namespace's login: it is what somebody may deploy again.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, Protocol

from slimgate.controller.changed import heard
from slimgate.controller.ledger import Ledger
from slimgate.controller.statuses import pause_after
from slimgate.core.admission.refusals import (
    PolicyScope,
    RefusableImage,
    RefusedImage,
    refused,
    scopes_of,
)
from slimgate.core.admission.refused_texts import MAX_KEYS, Data, RefusedTexts, texts_of
from slimgate.core.assemble import coverage
from slimgate.core.errors import ImageError, InvalidReferenceError, UnavailableError
from slimgate.core.images.facts import Digest, Inspection
from slimgate.core.images.reference import Reference
from slimgate.core.policies.verdict import Verdict
from slimgate.core.wording.ways import DOCS
from slimgate.engine.catalog import Catalog
from slimgate.engine.some import some_at_a_time
from slimgate.process.loop import Breath

_LOG: Final = logging.getLogger(__name__)
_PAUSE: Final = 1.0
"""Seconds to gather changes in."""
_PATIENCE: Final = 15
"""Pauses after the start in which verdicts on all workloads are waited for; a guess."""
_LOOKS: Final = 200
"""Of one round at images that nothing uses, some at a time."""
_AT_ONCE: Final = 8
_LOOK_SECONDS: Final = 20.0
_REPEAT: Final = 30.0
"""Seconds after which tags of images that nothing uses, and what nobody tells of, are looked at."""


class RefusedImageStore(Protocol):
    """Keeps refused images in the cluster."""

    def remembered(self) -> frozenset[str]:
        """Give the references of an earlier run that every namespace may know of, once."""

    async def write(self, parts: Sequence[Data]) -> bool:
        """Have the cluster hold these and no others; whether it does."""


class Look(Protocol):
    """Looks images up without any namespace's login."""

    def fresh(self, reference: Reference) -> Digest | None:
        """Return what a reference means, if that is known already."""

    async def inspect(self, reference: Reference) -> Inspection:
        """Look an image up; ImageError says why there is no answer."""


@dataclass(frozen=True, slots=True)
class _Found:
    """How an image is refused by scopes, so that it is found out once."""

    image: RefusableImage
    scopes: tuple[PolicyScope, ...]
    refused: RefusedImage | None


class RefusedImages:
    """Writes whenever `changed` is set."""

    def __init__(
        self,
        *,
        ledger: Ledger,
        catalog: Catalog,
        store: RefusedImageStore,
        look: Look,
        changed: asyncio.Event,
        now: Callable[[], datetime],
        tag_seconds: float = 300.0,
        docs: str = DOCS,
        pause: float = _PAUSE,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._ledger = ledger
        self._catalog = catalog
        self._store = store
        self._look = look
        self._changed = changed
        self._now = now
        self._tag_seconds = tag_seconds
        self._docs = docs
        self._pause = pause
        self._clock = clock
        self._found: dict[Reference, _Found] = {}
        self._gone: dict[Reference, float] = {}
        """Images that nothing uses any more, and when each is to be looked up again."""
        self._shared: dict[Reference, Digest] = {}
        self._said: tuple[int, tuple[str, ...]] = (0, ())

    async def run(self) -> None:
        """Work until cancelled."""
        looks = 0
        while looks < _PATIENCE and not self._ledger.is_judged:
            await asyncio.sleep(self._pause)
            looks += 1
        while True:
            started = time.monotonic()
            done = await self.write()
            took = time.monotonic() - started
            await heard(self._changed, _REPEAT if done else self._pause)
            await asyncio.sleep(pause_after(took, self._pause))

    async def write(self) -> bool:
        """Bring what is written up to date; whether it is."""
        scopes = scopes_of(
            self._catalog.policies.values(), self._catalog.exceptions.values(), self._now()
        )
        used, unclear = await self._used() if scopes else ({}, set())
        gone = await self._unused(used.keys() | unclear) if scopes else {}
        found: dict[Reference, _Found] = {}
        breath = Breath()
        for image in (*used.values(), *gone.values()):
            await breath.take()
            found[image.reference] = self._refused(image, scopes)
        self._found = {ref: one for ref, one in found.items() if ref in used or one.refused}
        self._gone = {ref: due for ref, due in self._gone.items() if ref in self._found}
        self._shared = {ref: one for ref, one in self._shared.items() if ref in self._found}
        images = [one.refused for one in self._found.values() if one.refused is not None]
        texts = await asyncio.to_thread(texts_of, images)
        self._say(texts)
        return await self._store.write(texts.parts)

    def _refused(self, image: RefusableImage, scopes: tuple[PolicyScope, ...]) -> _Found:
        before = self._found.get(image.reference)
        if before is not None and before.image == image and _same(before.scopes, scopes):
            return before
        return _Found(image, scopes, refused(image, scopes, self._docs))

    async def _used(self) -> tuple[dict[Reference, RefusableImage], set[Reference]]:
        """List the images that workloads use, and apart those that two see differently."""
        images: dict[Reference, RefusableImage] = {}
        unclear: set[Reference] = set()
        breath = Breath()
        for verdict in self._ledger.verdicts():
            await breath.take()
            for image in self._images(verdict):
                other = images.get(image.reference)
                if other is None:
                    images[image.reference] = image
                elif other.inspection.digest != image.inspection.digest:
                    unclear.add(image.reference)
                else:
                    images[image.reference] = _both(other, image)
        known = {reference: one for reference, one in images.items() if reference not in unclear}
        return known, unclear

    def _images(self, verdict: Verdict) -> list[RefusableImage]:
        subject = verdict.subject
        found = []
        for use, seen in subject.inspected().items():
            try:
                reference = Reference.parse(use.reference)
            except InvalidReferenceError:
                continue
            found.append(
                RefusableImage(
                    reference=reference.plain,
                    inspection=seen,
                    namespaces=frozenset({subject.workload.namespace}),
                    shared=self._is_shared(reference, seen),
                    missing_bases=subject.missing_bases,
                )
            )
        return found

    def _is_shared(self, reference: Reference, seen: Inspection) -> bool:
        """Whether it was seen without any namespace's login, now or as it still is."""
        if seen.digest is None:
            return False
        plain = reference.plain
        if self._look.fresh(reference) == seen.digest:
            self._shared[plain] = seen.digest
        return self._shared.get(plain) == seen.digest

    async def _unused(self, used: AbstractSet[Reference]) -> dict[Reference, RefusableImage]:
        """List images that were refused and that nothing uses now, with their tags looked up."""
        for reference in _parsed(self._store.remembered()):
            self._gone.setdefault(reference, self._clock())
        for reference, one in self._found.items():
            if one.refused is not None and one.image.shared:
                self._gone.setdefault(reference, self._clock() + self._tag_seconds)
        for reference in [one for one in self._gone if one in used]:
            del self._gone[reference]
        for reference in list(self._gone)[:-MAX_KEYS]:
            del self._gone[reference]
        now = self._clock()
        known = {ref: one.image for ref, one in self._found.items() if ref in self._gone}
        due = [ref for ref, at in self._gone.items() if at <= now or ref not in known]
        looked = await some_at_a_time(self._look_again, due[:_LOOKS], _AT_ONCE)
        for reference, seen in zip(due, looked, strict=False):
            known.pop(reference, None)
            if isinstance(seen, Inspection):
                known[reference] = self._again(reference, seen)
            elif not seen.temporary:
                del self._gone[reference]
        return known

    def _again(self, reference: Reference, seen: Inspection) -> RefusableImage:
        self._gone[reference] = self._clock() + self._tag_seconds
        before = self._found.get(reference)
        users = before.image.namespaces if before is not None else frozenset[str]()
        return RefusableImage(reference=reference, inspection=seen, namespaces=users, shared=True)

    async def _look_again(self, reference: Reference) -> Inspection | ImageError:
        try:
            async with asyncio.timeout(_LOOK_SECONDS):
                return await self._look.inspect(reference)
        except TimeoutError:
            return UnavailableError("it took too long")
        except ImageError as error:
            return error.bare()

    def _say(self, texts: RefusedTexts) -> None:
        """Log once what has no room."""
        if (said := (texts.left_out, texts.too_long)) == self._said:
            return
        self._said = said
        if texts.left_out:
            _LOG.warning(
                "%s refused images have no room where the API server looks", texts.left_out
            )
        if texts.too_long:
            policies = ", ".join(texts.too_long)
            _LOG.warning("the match of %s is too long for the API server to refuse by it", policies)


def _same(before: tuple[PolicyScope, ...], now: tuple[PolicyScope, ...]) -> bool:
    """Whether the scopes are the same, and their policies, too."""
    return before is now or (
        before == now and all(a.policies == b.policies for a, b in zip(before, now, strict=True))
    )


def _both(one: RefusableImage, other: RefusableImage) -> RefusableImage:
    """Keep what is known best of an image, and all who use it."""
    best = other if _depth(other.inspection) > _depth(one.inspection) else one
    users = one.namespaces | other.namespaces
    if best.namespaces == users and best.shared == (one.shared or other.shared):
        return best
    return replace(best, namespaces=users, shared=one.shared or other.shared)


def _depth(inspection: Inspection) -> int:
    found = [coverage(image) for image in inspection.images]
    return sum(one.config + one.layers for one in found)


def _parsed(references: frozenset[str]) -> list[Reference]:
    found = []
    for text in references:
        try:
            found.append(Reference.parse(text))
        except ImageError:
            continue
    return found
