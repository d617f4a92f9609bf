"""One reading of one manifest: its config, its layers and the bases that it claims, into facts."""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

from slimgate.core.assemble import LayerLook, facts_of
from slimgate.core.base import Claim, KnownBase, claims_of
from slimgate.core.credentials.identity import Identity
from slimgate.core.errors import (
    ImageError,
    NotFoundError,
    TooLargeError,
    UnavailableError,
    UnsupportedError,
)
from slimgate.core.images.facts import Digest, ImageFacts, Platform, Size, SizeEvidence, Wants
from slimgate.core.images.memory import place_key
from slimgate.core.images.oci import Descriptor, ImageConfig, Manifest
from slimgate.core.images.reference import Reference
from slimgate.engine.layer_cache import LayerCache, Place, layer_key
from slimgate.engine.parsing import Parsing
from slimgate.engine.ports import BaseFinder, Document, ImageSource, LayerReading, pull_size
from slimgate.engine.some import some_at_a_time
from slimgate.engine.unpack import NO_TAR


@dataclass(frozen=True, slots=True, kw_only=True)
class ManifestAt:
    """A manifest to read: its reference by digest, and what an index says of it.

    `serves` are the platforms asked for that it may be chosen for.
    """

    reference: Reference
    digest: Digest
    platform: Platform | None = None
    size: int | None = None
    serves: tuple[Platform, ...] = ()

    @property
    def place(self) -> Place:
        """Where it is read."""
        return self.reference.registry, self.digest


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What need not be asked for again to complete facts."""

    document: Document
    """Without its body, of which the manifest was made."""
    manifest: Manifest
    config: ImageConfig | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadingResult:
    """Facts, and the errors that left something open in them; `failed` has one entry a layer."""

    facts: ImageFacts
    draft: Draft
    failed: Sequence[ImageError | None]
    errors: Sequence[ImageError] = ()


_AT_ONCE: Final = 16
"""Layers of one image that are looked at together: twice what one registry is asked at once."""
_Look = tuple[LayerReading | ImageError | None, ImageError | None]
"""What a look at a layer gave, and what kept it from being read whole for now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """Everything that one reading needs; layers that are `whole` are read so."""

    source: ImageSource
    target: ManifestAt
    draft: Draft
    identity: Identity
    layers: LayerCache
    parsing: Parsing
    bases: BaseFinder | None
    claim_seconds: float
    whole: frozenset[Digest] = frozenset()

    @property
    def manifest(self) -> Manifest:
        """What is read."""
        return self.draft.manifest

    async def read(self, wants: Wants) -> ReadingResult:
        """Read what is wanted; ImageError if the config can't be had.

        One that is there and can't be used hides no sizes: runtimes differ in what they want of it.
        """
        seen: Sequence[_Look] = [(None, None)] * len(self.manifest.layers)
        config, bases = None, list[KnownBase | ImageError]()
        artifact, fault = None, None
        # Layers without a config would say nothing of the base that their paths prove.
        is_asked = (wants.config or wants.layers) and self.manifest.may_run
        if is_asked:
            try:
                config = self.draft.config or await self._config()
                artifact = None if config is not None else self.manifest.kind
            except (UnsupportedError, TooLargeError) as error:
                fault = str(error)
        if is_asked and artifact is None:
            if wants.layers or self.manifest.is_doubtful:
                seen = await some_at_a_time(self._layer, self.manifest.layers, _AT_ONCE)
            if self.manifest.is_doubtful and all(_is_no_tar(reading) for reading, _ in seen):
                config, artifact, fault = None, self.manifest.kind, None
                seen = [(None, None)] * len(seen)
        if config is not None:
            bases = await self._claimed(config)
        readings = [reading for reading, _ in seen]
        looks = zip(self.manifest.layers, readings, strict=True)
        unchecked, failed = _open(_errors(bases)), _errors(readings)
        unread = next((error for error in failed if error.temporary), None)
        assemble = partial(
            facts_of,
            None if self.draft.document.synthetic else self.target.digest,
            self.manifest,
            [self._look(*pair) for pair in looks],
            config=config,
            claimed=[base for base in bases if isinstance(base, KnownBase)],
            unchecked=str(unchecked[0]) if unchecked else None,
            unread=None if unread is None else str(unread),
            place=place_key(*self.target.place),
            artifact=artifact,
            fault=fault,
        )
        listed = (one.contents for one in readings if isinstance(one, LayerReading))
        paths = sum(len(one.paths) for one in listed if one is not None)
        return ReadingResult(
            facts=await self.parsing.facts(assemble, config, paths, self.identity.asker),
            draft=replace(self.draft, config=config),
            failed=[one if isinstance(one, ImageError) else None for one in readings],
            errors=[*failed, *_errors(why for _, why in seen), *unchecked],
        )

    async def _config(self) -> ImageConfig | None:
        """Read the config; None where it shows that the manifest is an artifact's.

        Runtimes read a config whatever its type is. containerd refuses one whose diffIDs do not
        fit, and CRI-O one of another type.
        """
        manifest = self.manifest
        body = await self.source.config(self.target.reference, manifest.config, self.identity)
        if len(body) != manifest.config.size:
            raise _broken(f"its config has {len(body)} bytes, not {manifest.config.size}")
        is_sure = manifest.has_image_config and not manifest.is_doubtful
        try:
            config = await self.parsing.config(body, self.identity.asker)
        except UnsupportedError:
            if is_sure:
                raise
            return None
        if manifest.fits(len(config.diff_ids)):
            return config
        if is_sure:
            raise _broken(
                f"its config lists {len(config.diff_ids)} diffIDs for {len(manifest.layers)} layers"
            )
        return None

    async def _layer(self, layer: Descriptor) -> _Look:
        """Look at a layer, at a part of it where it can't be read whole for now."""
        if layer.digest not in self.whole:
            return await self._look_at(layer), None
        found = await self._look_at(layer, whole=True)
        if isinstance(found, ImageError) and found.temporary:
            return await self._look_at(layer), found
        return found, None

    async def _look_at(
        self, layer: Descriptor, *, whole: bool = False
    ) -> LayerReading | ImageError:
        reference = self.target.reference
        try:
            return await self.layers.get(
                layer_key(reference.registry, layer),
                lambda: self.source.layer(reference, layer, self.identity, whole=whole),
                self.identity.asker,
                whole=whole,
            )
        except ImageError as error:
            # One layer that can't be looked at leaves the rest of the image as it is.
            return error

    async def _claimed(self, config: ImageConfig) -> list[KnownBase | ImageError]:
        """Find the bases that the image claims, all at once: it waits no longer for three."""
        looks = self.bases is not None and not self.draft.document.at_hand
        claims = claims_of(self.manifest.annotations, config.labels) if looks else ()
        return list(
            await asyncio.gather(*(self._claim(claim, config.platform) for claim in claims))
        )

    async def _claim(self, claim: Claim, platform: Platform) -> KnownBase | ImageError:
        assert self.bases is not None
        try:
            async with asyncio.timeout(self.claim_seconds):
                return await self.bases.find(claim.reference, platform, self.identity)
        except ImageError as error:
            return error
        except TimeoutError:
            return UnavailableError(f"{claim.reference.registry} did not answer in time")

    def _look(self, layer: Descriptor, reading: LayerReading | ImageError | None) -> LayerLook:
        document = self.draft.document
        if reading is None:
            return LayerLook(pull=pull_size(document, layer))
        if isinstance(reading, ImageError):
            unknown = Size.unknown(str(reading))
            return LayerLook(pull=pull_size(document, layer), unpacked=unknown)
        return LayerLook(
            pull=pull_size(document, layer, reading),
            unpacked=_looked_at(reading.unpacked),
            contents=reading.contents,
        )


def _is_no_tar(reading: LayerReading | ImageError | None) -> bool:
    return isinstance(reading, LayerReading) and reading.unpacked.reason == NO_TAR


def _looked_at(size: Size) -> Size:
    """Say of a size that is not known that it was not for want of a look."""
    return replace(size, evidence=size.evidence or SizeEvidence.ESTIMATED)


def _broken(why: str) -> UnsupportedError:
    return UnsupportedError(f"the image is broken, and container runtimes refuse it: {why}")


def _errors(found: Iterable[object]) -> list[ImageError]:
    return [one for one in found if isinstance(one, ImageError)]


def _open(errors: Iterable[ImageError]) -> list[ImageError]:
    """Leave out what settles a claim: nothing can stand on a base that there is not."""
    return [one for one in errors if not isinstance(one, NotFoundError | UnsupportedError)]
