"""Facts about an image, as slimgate's checks, profiles and outputs see them.

Layers stand base first, as in the manifest. Sizes are bytes. An unknown value is None, and the
reason stands beside it. Facts of one manifest digest never change.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Final, NewType, Self

from slimgate.core.errors import InvalidReferenceError
from slimgate.core.images.tier import Evidence, Tier
from slimgate.core.text import printable

Digest = NewType("Digest", str)
"""Of a manifest, config or layer as stored, so mostly compressed: `sha256:<64 hex>`."""

DiffID = NewType("DiffID", str)
"""Of a layer's uncompressed tar."""

_PART: Final = re.compile(r"[a-z0-9._-]+")
"""Of a platform."""


ARCHITECTURES: Final[Mapping[str, str]] = {
    "x86_64": "amd64", "x86-64": "amd64", "aarch64": "arm64", "i386": "386", "i686": "386",
    "armhf": "arm/v7", "armel": "arm/v6", "armv7l": "arm/v7", "armv6l": "arm/v6",
}  # fmt: skip
"""Other names of OCI's architectures: containerd's platforms/database.go, and `uname -m`."""


@dataclass(frozen=True, slots=True)
class Platform:
    """An operating system and architecture, `linux/arm/v7`."""

    os: str
    architecture: str
    variant: str | None = None

    def __str__(self) -> str:
        parts = (self.os, self.architecture, self.variant)
        return "/".join(part for part in parts if part)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `os/architecture[/variant]`; InvalidReferenceError if it is not of that form.

        What `uname -m` and other tools call an architecture is taken as well, linux/x86_64 for one.
        """
        system, _, rest = text.lower().partition("/")
        first, slash, variant = rest.partition("/")
        parts = [system, *f"{ARCHITECTURES.get(first, first)}{slash}{variant}".split("/")]
        if len(parts) not in {2, 3} or not all(map(_PART.fullmatch, parts)):
            raise InvalidReferenceError(
                f"{printable(text, 64)!r} is not a platform: "
                "write os/architecture[/variant], as in linux/arm64."
            )
        return cls(*parts)


class SizeEvidence(Enum):
    """How an unpacked size is known.

    MEASURED: the layer was read whole, compared with its digest, and its tar measured, as far as
    that goes: one that stays unknown then tells no more to whoever looks again. ESTIMATED: it
    follows from a part of the layer: the end of a gzip layer, which one made to deceive can forge,
    or the beginning of an uncompressed one. No digest proves that a registry served the true part.
    """

    MEASURED = "Measured"
    ESTIMATED = "Estimated"


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """A number of bytes, or None and the reason why it is not known.

    `evidence` is None but for the unpacked size of a layer that was looked at: it is that for the
    size, or for the lower bound of one that is not known. `at_least` is that bound, 0 where there
    is none to speak of. `on_disk` is what an unpacked layer takes in whole blocks, where its files
    were counted. `fault` is the `reason` of the error that hides it, where that tells what helps.
    """

    bytes: int | None
    reason: str | None = None
    evidence: SizeEvidence | None = None
    at_least: int = 0
    on_disk: int | None = field(default=None, compare=False)
    fault: str | None = field(default=None, compare=False)

    @classmethod
    def known(cls, count: int) -> Self:
        """Make a size that is known to the byte and needs no evidence: one to pull, or a count."""
        return cls(bytes=count)

    @classmethod
    def measured(cls, count: int, *, on_disk: int | None = None) -> Self:
        """Make an unpacked size that was measured."""
        return cls(bytes=count, evidence=SizeEvidence.MEASURED, on_disk=on_disk)

    @classmethod
    def estimated(cls, count: int) -> Self:
        """Make an unpacked size that follows from a part of the layer."""
        return cls(bytes=count, evidence=SizeEvidence.ESTIMATED)

    @classmethod
    def unknown(
        cls, reason: str, *, at_least: int = 0, evidence: SizeEvidence | None = None
    ) -> Self:
        """Make a size that is not known, and say why; it may be known to be `at_least` so much."""
        return cls(bytes=None, reason=reason, at_least=at_least, evidence=evidence)

    @property
    def least(self) -> int:
        """What it is at least: itself, where it is known."""
        return self.at_least if self.bytes is None else self.bytes

    def is_better_than(self, other: Self) -> bool:
        """Whether this may stand for what was found of the same layer by another look.

        What was measured may for whatever was not. All else is one registry's word against
        another's, and may only where nobody has looked.
        """
        if self.is_measured:
            return not other.is_measured
        return self.reason != NOT_ASKED and other.reason == NOT_ASKED

    @property
    def is_measured(self) -> bool:
        """Whether the layer was read whole, so that nobody need look again."""
        return self.evidence is SizeEvidence.MEASURED

    @property
    def is_estimated(self) -> bool:
        """Whether it is known, and follows from a part of the layer."""
        return self.bytes is not None and self.evidence is SizeEvidence.ESTIMATED

    @property
    def is_doubtful(self) -> bool:
        """Whether a part of the layer was looked at, and does not tell it."""
        return self.bytes is None and self.evidence is SizeEvidence.ESTIMATED

    @property
    def is_unverified(self) -> bool:
        """Whether it is one registry's word: also an unknown size, and its lower bound."""
        return not self.is_measured and self.reason != NOT_ASKED


@dataclass(frozen=True, slots=True, kw_only=True)
class Wants:
    """Which facts are worth a request, beyond the manifest that gives the pull sizes.

    `config` is one request an image: base, toolchains, instructions. `layers` is one request for
    each layer never seen: unpacked sizes and contents. Those that are to be `measured` are read
    whole. `lengths` are the platforms of nodes that believe manifests: what layers are to pull
    there is as much as they are long, which is one request for each layer never looked at.
    """

    config: bool = False
    layers: bool = False
    measured: frozenset[Digest] = frozenset()
    lengths: frozenset[Platform] = frozenset()

    def __or__(self, other: "Wants") -> "Wants":
        return Wants(
            config=self.config or other.config,
            layers=self.layers or other.layers,
            measured=self.measured | other.measured,
            lengths=self.lengths | other.lengths,
        )

    @property
    def of_manifest(self) -> "Wants":
        """All of it but what no digest vouches for."""
        return replace(self, lengths=frozenset()) if self.lengths else self

    def covers(self, other: "Wants") -> bool:
        """Whether whoever wants this much gets all that the other wants."""
        return self | other == self


NOT_ASKED: Final = "no policy needs it"
"""Why a size is unknown that nobody has looked up yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerContents:
    """Paths in a layer's tar, without leading `/` or `./`; `complete` is False if it was cut."""

    paths: frozenset[str]
    complete: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """One layer: `pull` is what crosses the network, `unpacked` the length of its tar."""

    digest: Digest | None
    diff_id: DiffID | None
    media_type: str
    pull: Size
    unpacked: Size
    created_by: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Base:
    """What an image is based on. Every field is None where it is honestly unknown.

    `layers` says how many of the image's layers it covers. `contradiction` says which claim the
    layers disprove, `unchecked` why a claim could not be compared for now, and `unread` why a
    layer could not be looked at for now, which may tell another base. `claims` are the
    references that the image itself names as its base. `aliases` are the names of all other bases
    that its layers prove, `base_images` the BaseImages among them.

    `tier_inferred` and `family_inferred` say of a proven base that these are not: its config is
    the word of whoever pushed it, or a toolchain was added. `other_families` are inferred as well,
    and so is the name that it `looks_like` where it claims another.
    """

    name: str | None = None
    family: str | None = None
    tier: Tier | None = None
    evidence: Evidence | None = None
    tier_inferred: bool = False
    family_inferred: bool = False
    other_families: tuple[str, ...] = ()
    looks_like: str | None = None
    layers: int | None = None
    contradiction: str | None = None
    unchecked: str | None = None
    unread: str | None = None
    claims: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    base_images: tuple[str, ...] = ()

    @property
    def tier_evidence(self) -> Evidence | None:
        """The evidence for the tier, which nobody claims; None where it is unknown."""
        if self.tier is None:
            return None
        return self._evidence(self.tier_inferred)

    @property
    def family_evidence(self) -> Evidence | None:
        """The evidence for the family, which nobody claims either; None where it is unknown."""
        if self.family is None:
            return None
        return self._evidence(self.family_inferred)

    def _evidence(self, inferred: bool) -> Evidence:  # noqa: FBT001 - of a field
        proven = self.evidence is Evidence.PROVEN and not inferred
        return Evidence.PROVEN if proven else Evidence.INFERRED


UNKNOWN_BASE = Base()


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageFacts:
    """Everything known about one manifest: one image for one platform.

    `estimated_by` is the `place_key` of the one registry whose word all unpacked sizes are that
    were not measured, unknown ones too; None where there are none of these.
    """

    digest: Digest | None
    media_type: str
    platform: Platform
    layers: tuple[Layer, ...]
    base: Base = UNKNOWN_BASE
    toolchains: tuple[str, ...] = ()
    created: str | None = None
    artifact_type: str | None = None
    """Set where the manifest is no image but an artifact, such as a Helm chart or a model."""
    estimated_by: str | None = None
    fault: str | None = None
    """Why its config can't be used, which leaves its base unknown; it is not kept elsewhere."""
    serves: tuple[Platform, ...] = field(default=(), compare=False)
    """The platforms asked for that an index was searched for; empty for what runs anywhere."""

    @property
    def platforms(self) -> tuple[Platform, ...]:
        """The platforms that it may run on: those that it was found for, else its own."""
        return self.serves or (self.platform,)

    @property
    def no_image(self) -> str | None:
        """Why nothing can be told of it but what it is to pull; None for an image."""
        if self.artifact_type is None:
            return None
        kind = printable(self.artifact_type, 128)
        return f"it is an artifact of type {kind}, not an image, and holds no file system"

    @property
    def pull(self) -> Size:
        """Σ of the layers' compressed sizes; one that is listed twice crosses the network once."""
        once = {(layer.digest or id(layer), layer.pull.bytes): layer for layer in self.layers}
        return total(layer.pull for layer in once.values())

    @property
    def unpacked(self) -> Size:
        """Σ of the layers' tar lengths; unknown as soon as one is, else estimated if one is.

        An unknown one is at least what is known of it.
        """
        if self.artifact_type is not None:
            return Size.unknown(self.no_image or "")
        size = total(layer.unpacked for layer in self.layers)
        if all(layer.unpacked.is_measured for layer in self.layers):
            return replace(size, evidence=SizeEvidence.MEASURED)
        return replace(size, evidence=None if size.bytes is None else SizeEvidence.ESTIMATED)

    @property
    def unmeasured(self) -> frozenset[Digest]:
        """The layers whose unpacked size somebody has asked for, and that nobody has read whole."""
        return self._layers_whose(lambda size: size.is_unverified)

    @property
    def doubtful(self) -> frozenset[Digest]:
        """Those of which a part does not tell it."""
        return self._layers_whose(lambda size: size.is_doubtful)

    def _layers_whose(self, holds: Callable[[Size], bool]) -> frozenset[Digest]:
        return frozenset(
            layer.digest for layer in self.layers if layer.digest and holds(layer.unpacked)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """Something of an image that is not known, though other images of its index are.

    `reason` is that of the error, in one word, and `temporary` whether it may pass. `no_platform`
    says that a platform has no image at all.
    """

    message: str
    reason: str
    temporary: bool = False
    no_platform: bool = field(default=False, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspection:
    """What one reference pointed at when it was looked up: all that some node may choose of it."""

    reference: str
    digest: Digest | None
    media_type: str
    images: tuple[ImageFacts, ...]
    gaps: tuple[Gap, ...] = ()

    def on(self, platform: Platform) -> tuple[ImageFacts, ...]:
        """Pick what may run on a platform; what is no index runs where it is put."""
        if self._runs_anywhere:
            return self.images
        return tuple(image for image in self.images if platform in image.platforms)

    @property
    def platforms(self) -> frozenset[Platform]:
        """The platforms that it has images for; none for what runs where it is put."""
        if self._runs_anywhere:
            return frozenset()
        return frozenset(platform for image in self.images for platform in image.platforms)

    @property
    def _runs_anywhere(self) -> bool:
        return len(self.images) == 1 and not self.images[0].serves


def total(sizes: Iterable[Size]) -> Size:
    """Add sizes; the first unknown one makes the sum unknown for its reason, with a lower bound.

    What the evidence for the sum is, depends on what was added, so it is left out.
    """
    sizes = list(sizes)
    least = sum(size.least for size in sizes)
    unknown = next((size for size in sizes if size.bytes is None), None)
    return Size.known(least) if unknown is None else replace(unknown, at_least=least)
