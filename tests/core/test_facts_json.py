"""Facts as JSON: nothing is lost on the way, nothing malformed gets in, the CRD allows it."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from slimgate.core.errors import InvalidFactsError
from slimgate.core.facts_json import from_json, inspection_to_json, to_json, to_profile
from slimgate.core.image import (
    Base,
    DiffID,
    Digest,
    ImageFacts,
    Inspection,
    Layer,
    Platform,
    Size,
)
from slimgate.core.tier import Evidence, Tier

CRD = Path("manifests/crds/slimgate.dev_imageprofiles.yaml")
SHA = Digest(f"sha256:{'a' * 64}")

texts = st.text(max_size=30)
some = st.none() | texts.filter(bool)
digests = st.text("0123456789abcdef", min_size=64, max_size=64).map(lambda t: f"sha256:{t}")
counts = st.integers(0, 2**63 - 1)
sizes = counts.map(Size.known) | texts.map(Size.unknown)
unpacked_sizes = (
    counts.map(Size.measured)
    | counts.map(Size.estimated)
    | st.builds(lambda reason, least: Size.unknown(reason, at_least=least), texts, counts)
)
layers = st.builds(
    Layer,
    digest=st.none() | digests.map(Digest),
    diff_id=st.none() | digests.map(DiffID),
    media_type=texts,
    pull=sizes,
    unpacked=unpacked_sizes,
    created_by=some,
)
bases = st.builds(
    Base,
    name=some,
    family=some,
    tier=st.none() | st.sampled_from(Tier),
    evidence=st.none() | st.sampled_from(Evidence),
    layers=st.none() | st.integers(0, 100),
    contradiction=some,
    unchecked=some,
)
images = st.builds(
    ImageFacts,
    digest=st.none() | digests.map(Digest),
    media_type=texts,
    platform=st.builds(Platform, texts, texts, some),
    layers=st.lists(layers, max_size=3).map(tuple),
    base=bases,
    toolchains=st.lists(texts, max_size=3).map(tuple),
    created=some,
    artifact_type=some,
)

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
    base=Base(name="golang:1.26", family="debian", tier=Tier.BUILDER, evidence=Evidence.PROVEN),
    toolchains=("go",),
    created="2026-01-01T00:00:00Z",
)


@given(images)
def test_round_trip(facts: ImageFacts) -> None:
    """What is written is read back the same, through JSON text too."""
    assert facts == from_json(json.loads(json.dumps(to_json(facts))))


def test_form() -> None:
    """The form is that of design.md: null where unknown, and the reason beside it."""
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
                    "tier": "Builder",
                    "evidence": "Proven",
                    "layers": None,
                    "contradiction": None,
                    "unchecked": None,
                },
                "toolchains": ["go"],
                "created": "2026-01-01T00:00:00Z",
                "artifactType": None,
            }
        ],
    }
    inspection = Inspection(reference="shop", digest=SHA, media_type="m", images=(IMAGE,))

    assert expected == inspection_to_json(inspection)


BROKEN = [
    ({"os": None}, "os: it is missing"),
    ({"os": 1}, "os: it must be of type str"),
    ({"digest": "sha256:1"}, "digest: "),
    ({"layers": None}, "layers: it is missing"),
    ({"layers": {}}, "layers: it must be of type list"),
    ({"layers": [1]}, "layers[0]: it must be an object"),
    ({"layers": [{}] * 1025}, "layers: there are more than 1024"),
    ({"layers": [{"mediaType": "m", "pullBytes": -1}]}, "pullBytes: -1 is no count of bytes"),
    ({"layers": [{"mediaType": "m", "pullBytes": True}]}, "pullBytes: it must be of type int"),
    ({"layers": [{"mediaType": "m", "pullBytes": 1.5}]}, "pullBytes: it must be of type int"),
    (
        {"layers": [{"mediaType": "m", "unpackedBytes": 1, "unpackedEvidence": "guessed"}]},
        "unpackedEvidence: it is neither Measured nor Estimated",
    ),
    (
        {"layers": [{"mediaType": "m", "pullBytes": 1, "unpackedAtLeast": -1}]},
        "unpackedAtLeast: -1 is no count of bytes",
    ),
    (
        {"layers": [{"mediaType": "m", "unpackedBytes": 1, "unpackedEvidence": 1}]},
        "unpackedEvidence: it must be of type str",
    ),
    ({"estimatedBy": 1}, "estimatedBy: it must be of type str"),
    ({"base": None}, "base: it must be an object"),
    ({"base": {"tier": "obese"}}, "base: 'obese' is no tier or evidence"),
    ({"base": {"evidence": "rumour"}}, "is no tier or evidence"),
    ({"toolchains": [1]}, "toolchains: they must be strings"),
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


@given(images)
def test_profiles_are_bounded(facts: ImageFacts) -> None:
    """A profile can be read back, and keeps all that is short and printable."""
    kept = from_json(to_profile(facts))

    assert (facts.pull.bytes, facts.unpacked.bytes) == (kept.pull.bytes, kept.unpacked.bytes)
    assert facts.unpacked.evidence == kept.unpacked.evidence
    assert facts.unpacked.at_least == kept.unpacked.at_least
    assert [layer.digest for layer in facts.layers] == [layer.digest for layer in kept.layers]


def test_profiles_say_whose_word_it_is() -> None:
    """It is of use to slimgate alone, so what users read does not say it."""
    facts = replace(IMAGE, estimated_by="0123")

    assert from_json(to_profile(facts)) == facts
    assert from_json(to_json(facts)) == IMAGE


def test_profiles_fit_the_crd() -> None:
    """Every field of a profile is in the CRD, and no text is longer than it allows."""
    version = yaml.safe_load(CRD.read_text())["spec"]["versions"][0]
    schema = version["schema"]["openAPIV3Schema"]["properties"]["facts"]
    long = "\x1b" * 5000
    size = Size.unknown(long, at_least=1)
    layer = Layer(
        digest=SHA, diff_id=None, media_type=long, pull=size, unpacked=size, created_by=long
    )
    facts = ImageFacts(
        digest=SHA,
        media_type=long,
        platform=Platform(long, long, long),
        layers=(layer,),
        base=Base(name=long, family=long, contradiction=long, unchecked=long),
        toolchains=(long,),
        created=long,
        artifact_type=long,
        estimated_by=long,
    )

    assert not _violations(schema, to_profile(facts), "facts")


def _violations(schema: dict[str, Any], value: object, path: str) -> list[str]:
    if isinstance(value, dict):
        known = cast("dict[str, dict[str, Any]]", schema["properties"])
        extra = [f"{path}.{key} is not in the CRD" for key in value if key not in known]
        inner = [_violations(known[k], v, f"{path}.{k}") for k, v in value.items() if k in known]
        return [*extra, *(line for lines in inner for line in lines)]
    if isinstance(value, list):
        return [line for entry in value for line in _violations(schema["items"], entry, path)]
    if isinstance(value, str) and len(value) > schema.get("maxLength", 2**31):
        return [f"{path} is too long"]
    return []
