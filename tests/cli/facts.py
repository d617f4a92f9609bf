"""Facts to print."""

from dataclasses import replace

from slimgate.core.images.facts import Base, Digest, ImageFacts, Inspection, Platform, Size
from slimgate.core.images.tier import Evidence, Tier
from tests.core.make import GOLANG, MANIFEST, MIB, image, layer

FAT = replace(
    image(
        layer(1, 30 * MIB, 80 * MIB, "/bin/sh -c #(nop) ADD file:1 in / "),
        layer(2, 90 * MIB, 240 * MIB, "RUN /bin/sh -c go build # buildkit"),
        base=replace(GOLANG, name="go:1.26"),
        toolchains=("go",),
    ),
    digest=Digest(f"sha256:{'f' * 64}"),
    created="2026-01-01T00:00:00Z",
)
SOYA = replace(
    FAT,
    layers=(layer(3, 6 * MIB, 15 * MIB, "COPY app /app # buildkit"),),
    base=Base(name="static", tier=Tier.DISTROLESS, evidence=Evidence.PROVEN),
    toolchains=(),
)
SAVED = replace(
    SOYA,
    digest=None,
    layers=(layer(3, Size.unknown("it was saved"), 15 * MIB),),
    base=Base(contradiction="it claims to be based on alpine, but its lowest layers are not"),
)
HOSTILE_TEXT = "[red]\x1b[2J\u202e\nRUN evil[/red]"
HOSTILE = replace(
    SOYA,
    platform=Platform(HOSTILE_TEXT, HOSTILE_TEXT),
    layers=(layer(4, Size.unknown(HOSTILE_TEXT), Size.unknown(HOSTILE_TEXT), HOSTILE_TEXT),),
    base=Base(name=HOSTILE_TEXT, contradiction=HOSTILE_TEXT),
    toolchains=(HOSTILE_TEXT,),
    artifact_type=HOSTILE_TEXT,
    created=HOSTILE_TEXT,
)


def inspection(reference: str, *images: ImageFacts) -> Inspection:
    """Make what a reference points at."""
    return Inspection(
        reference=reference,
        digest=images[0].digest if images else None,
        media_type=MANIFEST,
        images=images,
    )
