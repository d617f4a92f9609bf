"""Facts as JSON: nothing is lost on the way, nothing malformed gets in."""

import json
from dataclasses import replace
from typing import cast

import pytest
from hypothesis import given

from slimgate.core.errors import InvalidFactsError
from slimgate.core.images.facts import (
    Base,
    DiffID,
    Digest,
    Gap,
    ImageFacts,
    Inspection,
    Layer,
    Platform,
    Size,
)
from slimgate.core.images.facts_json import from_json, inspection_to_json, to_json
from slimgate.core.images.tier import Evidence, Tier
from tests.core.any_facts import any_facts

SHA = Digest(f"sha256:{'a' * 64}")

IMAGE = ImageFacts(
    digest=SHA,
    media_type="m",
    platform=Platform("linux", "arm64", "v8"),
    layers=(
        Layer(
            digest=SHA,
            diff_id=DiffID(SHA),
            media_type="tar",
            pull=Size.known(10),
            unpacked=Size.unknown("not read"),
            created_by="COPY app /",
        ),
    ),
    base=Base(
        name="golang:1.26",
        family="debian",
        tier=Tier.BUILDER,
        evidence=Evidence.PROVEN,
        tier_inferred=True,
        family_inferred=True,
        other_families=("alpine",),
        looks_like="debian:12",
        claims=("golang:1.26",),
    ),
    toolchains=("go",),
    created="2026-01-01T00:00:00Z",
)


@pytest.mark.parametrize(
    ("size", "kept"),
    [(Size.measured(9, on_disk=12), 12), (Size.measured(9), None), (Size.estimated(9), None)],
)
def test_blocks_are_kept(size: Size, kept: int | None) -> None:
    """What a measured layer takes on a disk is known after a restart; nobody else counted files."""
    layer = replace(IMAGE.layers[0], unpacked=size)
    written = cast("dict[str, list[dict[str, object]]]", to_json(replace(IMAGE, layers=(layer,))))
    read = from_json(written)
    believed = from_json({**written, "layers": [{**written["layers"][0], "unpackedOnDisk": 12}]})

    assert [one.unpacked.on_disk for one in read.layers] == [kept]
    assert [one.unpacked.on_disk for one in believed.layers] == [12 if size.is_measured else None]


def test_a_family_without_evidence_is_inferred() -> None:
    """What was kept before families had evidence is trusted no more than it must be."""
    base = replace(IMAGE.base, family="scratch", family_inferred=False)
    raw = to_json(replace(IMAGE, base=base))
    kept = raw["base"]
    assert isinstance(kept, dict)
    assert from_json(raw).base.family_evidence is Evidence.PROVEN

    del kept["familyEvidence"]

    assert from_json(raw).base.family_evidence is Evidence.INFERRED


@given(any_facts())
def test_round_trip(facts: ImageFacts) -> None:
    """What is written is read back the same, through JSON text too."""
    assert facts == from_json(json.loads(json.dumps(to_json(facts))))


def test_form() -> None:
    """Every field has its place: null where unknown, and the reason beside it."""
    expected = {
        "reference": "shop",
        "digest": SHA,
        "mediaType": "m",
        "platforms": [
            {
                "os": "linux",
                "architecture": "arm64",
                "variant": "v8",
                "digest": SHA,
                "mediaType": "m",
                "pullBytes": 10,
                "unpackedBytes": None,
                "unpackedReason": "not read",
                "unpackedEvidence": None,
                "layerCount": 1,
                "layers": [
                    {
                        "digest": SHA,
                        "diffID": SHA,
                        "mediaType": "tar",
                        "pullBytes": 10,
                        "unpackedBytes": None,
                        "unpackedReason": "not read",
                        "unpackedEvidence": None,
                        "createdBy": "COPY app /",
                    }
                ],
                "base": {
                    "name": "golang:1.26",
                    "family": "debian",
                    "familyEvidence": "Inferred",
                    "otherFamilies": ["alpine"],
                    "looksLike": "debian:12",
                    "tier": "Builder",
                    "tierEvidence": "Inferred",
                    "evidence": "Proven",
                    "layerCount": None,
                    "contradiction": None,
                    "unchecked": None,
                    "claims": ["golang:1.26"],
                },
                "toolchains": ["go"],
                "created": "2026-01-01T00:00:00Z",
                "artifactType": None,
            }
        ],
    }
    inspection = Inspection(reference="shop", digest=SHA, media_type="m", images=(IMAGE,))

    assert expected == inspection_to_json(inspection)
    gap = Gap(message="no image for linux/arm64", reason="not_found")
    assert inspection_to_json(replace(inspection, gaps=(gap,)))["gaps"] == [gap.message]


BROKEN = [
    ({"os": None}, "os: it is missing"),
    ({"os": 1}, "os: it must be of type str"),
    ({"digest": "sha256:1"}, "digest: "),
    ({"layers": None}, "layers: it is missing"),
    ({"layers": {}}, "layers: it must be of type list"),
    ({"layers": [1]}, "layers[0]: it must be an object"),
    ({"layers": [{}] * 1025}, "layers: there are more than 1024"),
    ({"layers": [{"mediaType": "m", "pullBytes": -1}]}, "pullBytes: -1 is not a number of bytes"),
    ({"layers": [{"mediaType": "m", "pullBytes": True}]}, "pullBytes: it must be of type int"),
    ({"layers": [{"mediaType": "m", "pullBytes": 1.5}]}, "pullBytes: it must be of type int"),
    (
        {"layers": [{"mediaType": "m", "unpackedBytes": 1, "unpackedEvidence": "guessed"}]},
        "unpackedEvidence: it is neither Measured nor Estimated",
    ),
    (
        {"layers": [{"mediaType": "m", "pullBytes": 1, "unpackedAtLeast": -1}]},
        "unpackedAtLeast: -1 is not a number of bytes",
    ),
    (
        {"layers": [{"mediaType": "m", "unpackedBytes": 1, "unpackedEvidence": 1}]},
        "unpackedEvidence: it must be of type str",
    ),
    ({"estimatedBy": 1}, "estimatedBy: it must be of type str"),
    ({"base": None}, "base: it must be an object"),
    ({"base": {"tier": "obese"}}, "base: 'obese' is neither a tier nor evidence"),
    ({"base": {"evidence": "rumour"}}, "is neither a tier nor evidence"),
    ({"toolchains": [1]}, "toolchains: they must be strings"),
    ({"base": {"claims": [1]}}, "claims: they must be strings"),
]


@pytest.mark.parametrize(("change", "message"), BROKEN)
def test_broken(change: dict[str, object], message: str) -> None:
    """Facts that were edited into another form are refused, and the field is named."""
    with pytest.raises(InvalidFactsError) as caught:
        from_json({**to_json(IMAGE), **change})

    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [
        ([Size.measured(3), Size.measured(4)], (7, "Measured")),
        ([Size.measured(3), Size.estimated(4)], (7, "Estimated")),
        ([Size.estimated(4), Size.unknown("not read")], (None, None)),
    ],
    ids=["measured", "estimated", "unknown"],
)
def test_evidence(sizes: list[Size], expected: tuple[int | None, str | None]) -> None:
    """How a size is known stands beside it, for each layer and for the whole."""
    layers = tuple(replace(IMAGE.layers[0], unpacked=size) for size in sizes)
    written = to_json(replace(IMAGE, layers=layers))

    assert (written["unpackedBytes"], written["unpackedEvidence"]) == expected
    assert "pullEvidence" not in written
    assert from_json(written).layers == layers


def test_lower_bounds() -> None:
    """What an unknown size is at least stands beside its reason, where it is more than nothing."""
    sizes = [Size.measured(3), Size.unknown("zstd", at_least=4), Size.unknown("lost")]
    layers = tuple(replace(IMAGE.layers[0], unpacked=size) for size in sizes)
    written = to_json(replace(IMAGE, layers=layers))
    inner = cast("list[dict[str, object]]", written["layers"])

    assert (written["unpackedBytes"], written["unpackedAtLeast"]) == (None, 7)
    assert [layer.get("unpackedAtLeast") for layer in inner] == [None, 4, None]
    assert from_json(written).layers == layers


def test_facts_without_evidence() -> None:
    """Profiles that do not say how a size is known are read, and it counts as estimated."""
    layer = {"mediaType": "m", "pullBytes": 1, "unpackedBytes": 5}
    facts = from_json({**to_json(IMAGE), "layers": [layer]})

    assert (facts.pull, facts.unpacked) == (Size.known(1), Size.estimated(5))
