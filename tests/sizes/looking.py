"""What slimgate says of an image, as the command line's own composition root finds it."""

from collections.abc import Sequence
from dataclasses import dataclass

from slimgate.app.images import cli_inspector
from slimgate.core.images.facts import ImageFacts, Platform, SizeEvidence, Wants
from slimgate.core.images.source import parse_source
from slimgate.settings.sources import read_settings

Sizes = list[list[int | None]]


@dataclass(frozen=True, kw_only=True)
class Look:
    """One entry a platform."""

    images: Sequence[ImageFacts]

    @property
    def pull(self) -> Sizes:
        """The layers' pull sizes."""
        return [[layer.pull.bytes for layer in image.layers] for image in self.images]

    @property
    def unpacked(self) -> Sizes:
        """The layers' unpacked sizes."""
        return [[layer.unpacked.bytes for layer in image.layers] for image in self.images]

    @property
    def reasons(self) -> set[str | None]:
        """Why the unpacked sizes of images are not known."""
        return {image.unpacked.reason for image in self.images if image.unpacked.bytes is None}

    @property
    def at_least(self) -> set[int]:
        """What images are known to unpack to at least, where that is not known."""
        return {image.unpacked.at_least for image in self.images if image.unpacked.bytes is None}

    @property
    def evidence(self) -> set[SizeEvidence | None]:
        """How the unpacked sizes of images are known."""
        return {image.unpacked.evidence for image in self.images}

    @property
    def total(self) -> tuple[int | None, int | None]:
        """Both sizes of the only platform's image."""
        (image,) = self.images
        return image.pull.bytes, image.unpacked.bytes


async def look(text: str, *, exact: bool = False, platforms: tuple[Platform, ...] = ()) -> Look:
    """Look at a reference, for all of its platforms unless some are named."""
    async with cli_inspector(read_settings(), exact=exact) as inspector:
        inspection = await inspector.inspect(
            parse_source(text),
            platforms=platforms,
            want=Wants(config=True, layers=True),
            progress=None,
        )
    return Look(images=inspection.images)
