"""Facts put together from documents, and the manifests that an index offers for platforms."""

import pytest

from slimgate.core.assemble import UNKNOWN_PLATFORM, LayerLook, choose, facts_of
from slimgate.core.base import KnownBase
from slimgate.core.image import NOT_ASKED, DiffID, ImageFacts, LayerContents, Platform, Size
from slimgate.core.oci import (
    OCI_CONFIG,
    OCI_INDEX,
    OCI_MANIFEST,
    Descriptor,
    HistoryEntry,
    ImageConfig,
    Index,
    Manifest,
)
from slimgate.core.tier import Evidence, Tier
from tests.core.make import AMD64, ARM64, digest

GZIP = "application/vnd.oci.image.layer.v1.tar+gzip"
DIFF_IDS = (DiffID(digest(21)), DiffID(digest(22)))
HISTORY = (
    HistoryEntry(created_by="COPY a /"),
    HistoryEntry(created_by="ENV a=b", empty_layer=True),
    HistoryEntry(),
)


def manifest(
    count: int = 2, config_type: str = OCI_CONFIG, artifact: str | None = None
) -> Manifest:
    """Make a manifest of so many layers."""
    return Manifest(
        media_type=OCI_MANIFEST,
        config=Descriptor(media_type=config_type, digest=digest(1), size=1),
        layers=tuple(
            Descriptor(media_type=GZIP, digest=digest(10 + number), size=100 + number)
            for number in range(1, count + 1)
        ),
        annotations={},
        artifact_type=artifact,
    )


def config(
    diff_ids: tuple[DiffID, ...] = DIFF_IDS, history: tuple[HistoryEntry, ...] = HISTORY
) -> ImageConfig:
    """Make a config."""
    return ImageConfig(platform=ARM64, diff_ids=diff_ids, history=history, created="2026")


LOOKS = [
    LayerLook(pull=Size.known(101), unpacked=Size.known(300)),
    LayerLook(pull=Size.known(102)),
]


def facts(given: ImageConfig | None) -> ImageFacts:
    """Assemble the facts of two layers."""
    return facts_of(digest(9), manifest(), LOOKS, config=given)


def test_from_a_manifest_alone() -> None:
    """Sizes and media types are known; the platform and what is in the layers is not."""
    found = facts(None)

    assert (found.digest, found.media_type, found.platform) == (
        digest(9),
        OCI_MANIFEST,
        UNKNOWN_PLATFORM,
    )
    assert [layer.digest for layer in found.layers] == [digest(11), digest(12)]
    assert [layer.pull.bytes for layer in found.layers] == [101, 102]
    assert [layer.unpacked for layer in found.layers] == [Size.known(300), Size.unknown(NOT_ASKED)]
    assert {(layer.diff_id, layer.created_by) for layer in found.layers} == {(None, None)}
    assert found.artifact_type is None


def test_with_a_config() -> None:
    """The config tells the platform, and of each layer its diffID and the step that made it."""
    found = facts(config())

    assert (found.platform, found.created) == (ARM64, "2026")
    assert [layer.diff_id for layer in found.layers] == list(DIFF_IDS)
    assert [layer.created_by for layer in found.layers] == ["COPY a /", None]


@pytest.mark.parametrize(
    ("given", "diff_ids", "steps"),
    [
        (config(diff_ids=DIFF_IDS[:1]), [None, None], ["COPY a /", None]),
        (config(history=HISTORY[:1]), list(DIFF_IDS), [None, None]),
        (config(history=()), list(DIFF_IDS), [None, None]),
    ],
    ids=["diffIDs", "history", "no history"],
)
def test_what_does_not_add_up(
    given: ImageConfig, diff_ids: list[DiffID | None], steps: list[str | None]
) -> None:
    """A config that counts other layers than the manifest says nothing of any of them."""
    found = facts(given)

    assert [layer.diff_id for layer in found.layers] == diff_ids
    assert [layer.created_by for layer in found.layers] == steps


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (manifest(0, "application/vnd.cncf.helm.config.v1+json"), "application/vnd.cncf.helm."),
        (manifest(0, artifact="application/vnd.example.model"), "application/vnd.example.model"),
    ],
    ids=["config", "artifact type"],
)
def test_artifacts(given: Manifest, expected: str) -> None:
    """An artifact says of which type it is, and its config is no image's."""
    found = facts_of(None, given, [], config=config())

    assert (found.artifact_type or "").startswith(expected)
    assert found.platform == UNKNOWN_PLATFORM


def test_claimed_bases_are_compared() -> None:
    """A base that the image claims is proven by its layers."""
    base = KnownBase(
        reference="docker.io/library/alpine:3",
        name="alpine:3",
        tier=Tier.MINIMAL,
        diff_ids=DIFF_IDS[:1],
    )
    found = facts_of(digest(9), manifest(), LOOKS, config=config(), claimed=[base]).base

    assert (found.name, found.evidence, found.layers) == ("alpine:3", Evidence.PROVEN, 1)


def test_contents_prove_scratch() -> None:
    """What was found in the layers counts for the base."""
    looks = [
        LayerLook(
            pull=Size.known(101),
            unpacked=Size.known(300),
            contents=LayerContents(paths=frozenset({"app"})),
        )
    ]
    one = config(diff_ids=DIFF_IDS[:1], history=(HistoryEntry(created_by="COPY app /app"),))
    found = facts_of(digest(9), manifest(1), looks, config=one).base

    assert (found.tier, found.evidence) == (Tier.SCRATCH, Evidence.PROVEN)


def entry(
    number: int, platform: Platform | None, annotations: dict[str, str] | None = None
) -> Descriptor:
    """Make an entry of an index."""
    return Descriptor(
        media_type=OCI_MANIFEST,
        digest=digest(number),
        size=1,
        platform=platform,
        annotations=annotations or {},
    )


V6, V7 = Platform("linux", "arm", "v6"), Platform("linux", "arm", "v7")
V8 = Platform("linux", "arm64", "v8")
ATTESTATION = entry(50, Platform("unknown", "unknown"))
ENTRIES = (
    entry(1, AMD64), entry(2, V8), ATTESTATION, entry(3, V6), entry(4, V7), entry(5, AMD64),
    entry(1, AMD64),
)  # fmt: skip

CHOICES = [
    ("all", (), [1, 2, 3, 4, 5]),
    ("the first that fits", (AMD64,), [1]),
    ("a node names no variant", (ARM64,), [2]),
    ("of several variants the usual one", (Platform("linux", "arm"),), [4]),
    ("an exact variant", (V6,), [3]),
    ("no such variant", (Platform("linux", "arm64", "v9"),), []),
    ("no such architecture", (Platform("linux", "s390x"),), []),
    ("no such system", (Platform("windows", "amd64"),), []),
    ("several", (ARM64, AMD64, AMD64), [2, 1]),
]


@pytest.mark.parametrize(
    ("wanted", "expected"), [c[1:] for c in CHOICES], ids=[c[0] for c in CHOICES]
)
def test_choose(wanted: tuple[Platform, ...], expected: list[int]) -> None:
    """For each platform that is wanted the manifest that its machines pull, each once."""
    index = Index(media_type=OCI_INDEX, manifests=ENTRIES, annotations={})

    assert [one.digest for one in choose(index, wanted)] == [digest(n) for n in expected]


def test_entries_without_platform() -> None:
    """An entry that names no platform is pulled where nothing else fits."""
    index = Index(media_type=OCI_INDEX, manifests=(entry(1, None), entry(2, AMD64)), annotations={})

    assert [one.digest for one in choose(index, (AMD64, ARM64))] == [digest(2), digest(1)]


def test_an_offered_variant_is_not_asked_for() -> None:
    """An entry without variant runs on every machine of the architecture."""
    index = Index(media_type=OCI_INDEX, manifests=(entry(1, ARM64),), annotations={})

    assert [one.digest for one in choose(index, (V8,))] == [digest(1)]
