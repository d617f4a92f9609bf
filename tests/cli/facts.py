"""Facts to print."""

from dataclasses import replace

from slimgate.core.images.facts import (
    Base,
    DiffID,
    Digest,
    ImageFacts,
    Inspection,
    Layer,
    Platform,
    Size,
)
from slimgate.core.images.tier import Evidence, Tier

MIB = 2**20


def layer(number: int, pull: Size, unpacked: Size, made: str | None) -> Layer:
    """Make a layer whose digest is made of its number."""
    digest = f"sha256:{number:064x}"
    return Layer(
        digest=Digest(digest),
        diff_id=DiffID(digest),
        media_type="application/vnd.oci.image.layer.v1.tar+gzip",
        pull=pull,
        unpacked=unpacked,
        created_by=made,
    )


FAT = ImageFacts(
    digest=Digest(f"sha256:{'f' * 64}"),
    media_type="application/vnd.oci.image.manifest.v1+json",
    platform=Platform("linux", "amd64"),
    layers=(
        layer(
            1, Size.known(30 * MIB), Size.measured(80 * MIB), "/bin/sh -c #(nop) ADD file:1 in / "
        ),
        layer(
            2, Size.known(90 * MIB), Size.measured(240 * MIB), "RUN /bin/sh -c go build # buildkit"
        ),
    ),
    base=Base(name="go:1.26", family="debian", tier=Tier.BUILDER, evidence=Evidence.PROVEN),
    toolchains=("go",),
    created="2026-01-01T00:00:00Z",
)
SOYA = replace(
    FAT,
    layers=(layer(3, Size.known(6 * MIB), Size.measured(15 * MIB), "COPY app /app # buildkit"),),
    base=Base(name="static", tier=Tier.DISTROLESS, evidence=Evidence.PROVEN),
    toolchains=(),
)
SAVED = replace(
    SOYA,
    digest=None,
    layers=(layer(3, Size.unknown("it was saved"), Size.measured(15 * MIB), None),),
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
        media_type="application/vnd.oci.image.manifest.v1+json",
        images=images,
    )
