"""ImageProfiles: small whatever an image says, read as written, and known by a name."""

import json
from dataclasses import replace
from itertools import permutations
from pathlib import Path
from typing import Any, cast

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from slimgate.core.errors import InvalidFactsError
from slimgate.core.images.facts import Base, DiffID, Digest, ImageFacts, Layer, Platform, Size
from slimgate.core.images.facts_json import from_json, to_json
from slimgate.core.images.profile import (
    MAX_LAYERS,
    from_profile,
    recognisable,
    replacing,
    to_profile,
)
from slimgate.core.images.tier import Evidence, Tier
from tests.core.any_facts import any_facts
from tests.core.make import MIB, SHA, image, layer

CRD = Path("manifests/crds/slimgate.dev_imageprofiles.yaml")
DIGEST = Digest(SHA)
LONG = Digest(f"sha512:{'a' * 128}")
KIB = 2**10
FACTS = replace(image(MIB, 3 * MIB), digest=DIGEST)


def facts_in(profile: dict[str, object]) -> dict[str, Any]:
    """Take the facts out of a profile."""
    return cast("dict[str, Any]", profile["facts"])


@given(any_facts(st.text("ab <&é", max_size=10)))
def test_round_trip(facts: ImageFacts) -> None:
    """What is short and printable is read as it was written, through JSON text too."""
    facts = replace(facts, digest=DIGEST, estimated_by="0123")
    written = json.loads(json.dumps(to_profile(facts)))

    assert from_profile(facts_in(written)).facts == facts


@given(any_facts())
def test_any_facts_can_be_read_back(facts: ImageFacts) -> None:
    """Sizes and digests are kept, however texts are cut or escaped, and nothing is null."""
    written = facts_in(to_profile(replace(facts, digest=DIGEST)))
    kept = from_profile(written).facts

    assert kept is not None
    assert (facts.pull.bytes, facts.unpacked.bytes) == (kept.pull.bytes, kept.unpacked.bytes)
    assert facts.unpacked.evidence == kept.unpacked.evidence
    assert facts.unpacked.at_least == kept.unpacked.at_least
    assert [layer.digest for layer in facts.layers] == [layer.digest for layer in kept.layers]
    assert "null" not in json.dumps(written).replace('"null"', "")


def test_sizes_for_people() -> None:
    """They stand beside the bytes, and are missing where the size is unknown."""
    one = layer(1, 148 * MIB, Size.unknown("zstd"))
    written = facts_in(to_profile(replace(FACTS, layers=(one,)), "shop:1.2"))

    assert (written["pullSize"], written["pullBytes"]) == ("148Mi", 148 * MIB)
    assert not {"unpackedSize", "unpackedBytes"} & set(written)
    assert written["unpackedReason"] == "zstd"


@pytest.mark.parametrize(
    ("base", "expected"),
    [
        (Base(name="golang:1.26", family="debian"), "golang:1.26"),
        (Base(family="debian"), "debian"),
        (Base(), None),
    ],
    ids=["name", "family", "unknown"],
)
def test_bases_for_people(base: Base, expected: str | None) -> None:
    """A base whose name is unknown is shown by its family."""
    assert facts_in(to_profile(replace(FACTS, base=base))).get("basedOn") == expected


def test_who_estimated_is_for_slimgate_alone() -> None:
    """A profile says it; what users read does not."""
    facts = replace(FACTS, estimated_by="0123")

    assert facts_in(to_profile(facts))["estimatedBy"] == "0123"
    assert from_json(to_json(facts)) == FACTS


def test_bases_of_former_profiles() -> None:
    """An image whose proven base does not say how far it reaches is looked up again."""
    base = Base(name="golang:1.26", tier=Tier.BUILDER, evidence=Evidence.PROVEN, layers=3)
    written = facts_in(to_profile(replace(FACTS, base=base)))
    assert from_profile(written).facts == replace(FACTS, base=base)

    written["base"]["layers"] = written["base"].pop("layerCount")

    assert from_profile(written).facts is None


@pytest.mark.parametrize(("count", "listed"), [(127, 127), (128, 128), (129, 128), (1024, 128)])
def test_layers_beyond_the_cap_are_summed(count: int, listed: int) -> None:
    """The totals hold for all layers; facts that are not whole are not read at all."""
    facts = replace(FACTS, layers=tuple(layer(number, 2, 5) for number in range(count)))
    written = facts_in(to_profile(facts))
    more = {
        "count": count - 128,
        "pullBytes": 2 * (count - 128),
        "unpackedBytes": 5 * (count - 128),
    }

    assert len(written["layers"]) == listed
    assert (written["layerCount"], written["pullBytes"]) == (count, 2 * count)
    assert written.get("moreLayers") == (more if count > listed else None)
    assert from_profile(written).facts == (facts if count == listed else None)


def test_unknown_sizes_beyond_the_cap() -> None:
    """What can't be summed is missing."""
    lost = layer(0, Size.unknown("lost"), Size.unknown("lost"))
    written = facts_in(to_profile(replace(FACTS, layers=(lost,) * (MAX_LAYERS + 2))))

    assert written["moreLayers"] == {"count": 2}


HOSTILE = ["<", "&", '"', "\\", "\x1b", "\u202e", "é", "\N{PILE OF POO}", "a"]


@pytest.mark.parametrize("char", HOSTILE, ids=ascii)
def test_the_largest_profile_is_small(char: str) -> None:
    """It fits the CRD, below 256 KiB in the API server's JSON, which escapes `<`, `>` and `&`."""
    profile = to_profile(_largest(char * 5000), char * 5000)
    text = json.dumps(profile, ensure_ascii=False, separators=(",", ":"))
    stored = len(text.encode()) + 5 * sum(map(text.count, "<>&"))

    assert 60 * KIB < stored < 250 * KIB
    assert not _violations(_schema(), profile, "profile")


def test_instructions_are_cut_to_256_characters() -> None:
    """And so that one can see it."""
    cut = facts_in(to_profile(replace(FACTS, layers=(layer(1, 1, 1, "RUN " + "x" * 300),))))
    whole = facts_in(to_profile(replace(FACTS, layers=(layer(1, 1, 1, "R" * 256),))))

    assert cut["layers"][0]["createdBy"] == "RUN " + "x" * 251 + "…"
    assert whole["layers"][0]["createdBy"] == "R" * 256


def test_a_patch_leaves_nothing_of_an_older_profile() -> None:
    """Every field of the CRD is written or removed; layers are a list, replaced as a whole."""
    schema = _schema()["properties"]
    patch = replacing(to_profile(replace(FACTS, layers=FACTS.layers * 100)))
    facts = facts_in(patch)

    assert set(patch) == {"image", "facts"} == set(schema)
    assert set(facts) == set(schema["facts"]["properties"])
    for part in ("base", "moreLayers"):
        assert set(facts[part]) == set(schema["facts"]["properties"][part]["properties"])
    assert (patch["image"], facts["created"], facts["base"]["name"]) == (None, None, None)
    assert replacing(to_profile(FACTS, "a:1"))["image"] == "a:1"
    assert facts_in(replacing(to_profile(FACTS)))["moreLayers"] is None


@pytest.mark.parametrize(
    ("digest", "message"),
    [(None, "digest: it is missing"), (1, "digest: it is missing"), ("latest", "digest: 'latest'")],
)
def test_no_digest(digest: object, message: str) -> None:
    """A profile says which manifest it is about."""
    with pytest.raises(InvalidFactsError) as caught:
        from_profile({**facts_in(to_profile(FACTS)), "digest": digest})

    assert message in str(caught.value)


NAMES = [
    ([], None),
    (["UPPER/is not one", f"{SHA}"], None),
    (["docker.io/library/golang:1.26"], "golang:1.26"),
    ([f"golang:1.26@{SHA}"], "golang:1.26"),
    ([f"registry.test/shop@{SHA}"], "registry.test/shop"),
    (["registry.test/shop", f"registry.test/shop@{SHA}"], "registry.test/shop:latest"),
    (["b:2", "a:1", "registry.test/c:1"], "a:1"),
    ([f"a@{SHA}", "registry.test/team/shop:1.2", "not one:"], "registry.test/team/shop:1.2"),
]


@pytest.mark.parametrize(("references", "expected"), NAMES)
def test_names(references: list[str], expected: str | None) -> None:
    """A tag is known better than a repository; the shortest is chosen, whatever the order."""
    assert {recognisable(order) for order in permutations(references)} == {expected}


def _largest(text: str) -> ImageFacts:
    size = Size.unknown(text, at_least=2**63 - 1)
    one = Layer(
        digest=LONG,
        diff_id=DiffID(LONG),
        media_type=text,
        pull=Size.unknown(text),
        unpacked=size,
        created_by=text,
    )
    return ImageFacts(
        digest=LONG,
        media_type=text,
        platform=Platform(text, text, text),
        layers=(one,) * 1024,
        base=Base(name=text, family=text, contradiction=text, unchecked=text),
        toolchains=(text,) * 1000,
        created=text,
        artifact_type=text,
        estimated_by=text,
    )


def _schema() -> dict[str, Any]:
    version = yaml.safe_load(CRD.read_text())["spec"]["versions"][0]
    return cast("dict[str, Any]", version["schema"]["openAPIV3Schema"])


def _violations(schema: dict[str, Any], value: object, path: str) -> list[str]:
    if isinstance(value, dict):
        known = cast("dict[str, dict[str, Any]]", schema["properties"])
        extra = [f"{path}.{key} is not in the CRD" for key in value if key not in known]
        inner = [_violations(known[k], v, f"{path}.{k}") for k, v in value.items() if k in known]
        return [*extra, *(line for lines in inner for line in lines)]
    if isinstance(value, list):
        many = [f"{path} is too long"] if len(value) > schema["maxItems"] else []
        inner = [_violations(schema["items"], entry, path) for entry in value]
        return [*many, *(line for lines in inner for line in lines)]
    if isinstance(value, str) and len(value) > schema["maxLength"]:
        return [f"{path} is too long"]
    return []
