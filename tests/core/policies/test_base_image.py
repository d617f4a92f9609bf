"""BaseImages: read from the resource, and what claims may mean one of their references."""

from dataclasses import replace

import pytest
from hypothesis import given

from slimgate.core.errors import InvalidPolicyError
from slimgate.core.images.facts import Digest
from slimgate.core.images.reference import Reference
from slimgate.core.images.tier import Tier
from slimgate.core.policies.base_image import MAX_RESOLVED, BaseImage, claims, parse_base_image
from tests.core.make import json_of

GOLDEN = "registry.example.com/golden/go:1.26"
ONE, TWO = (Digest(f"sha256:{letter * 64}") for letter in "ab")


def resource(spec: object, status: object = None) -> dict[str, object]:
    """Make a BaseImage as the API server sends it."""
    return {"metadata": {"name": "golden"}, "spec": spec, "status": status}


def test_everything_that_it_says() -> None:
    """References are read in full, and those that are the same as one."""
    references = [GOLDEN, "golang:1.26", "docker.io/library/golang:1.26"]
    found = parse_base_image(resource({"references": references, "tier": Tier.DISTROLESS.label}))

    assert found == BaseImage(
        name="golden",
        references=(Reference.parse(GOLDEN), Reference.parse("golang:1.26")),
        texts=(GOLDEN, "golang:1.26"),
        tier=Tier.DISTROLESS,
    )


def test_what_is_left_out() -> None:
    """Without a tier the base's own layers tell; null is as good as absent, 32 are not too many."""
    assert (
        len(parse_base_image(resource({"references": [f"a:{n}" for n in range(32)]})).texts) == 32
    )
    assert parse_base_image(resource({"references": [GOLDEN], "tier": None})).tier is None


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        (None, "spec: must be an object."),
        ({}, "spec.references: must be 1 to 32 references."),
        ({"references": []}, "spec.references: must be 1 to 32 references."),
        ({"references": [f"a:{n}" for n in range(33)]}, "spec.references: must "),
        ({"references": GOLDEN}, "spec.references: must be a list."),
        ({"references": [GOLDEN, 1]}, "spec.references[1]: must be text."),
        ({"references": ["https://a/b"]}, "spec.references[0]: "),
        ({"references": [GOLDEN, GOLDEN]}, "spec.references[1]: is listed twice."),
        ({"references": [f"{'r' * 300}.io/{'a' * 250}"]}, "spec.references[0]: "),
        ({"references": [GOLDEN], "tier": "thin"}, "spec.tier: must be one of Scratch, Distroless"),
        (
            {"references": [GOLDEN], "tier": "distroles"},
            (
                "spec.tier: must be one of Scratch, Distroless, Minimal, Slim, Full, Builder. "
                "Did you mean Distroless?"
            ),
        ),
        (
            {"references": [GOLDEN], "tier": 1},
            "spec.tier: must be one of Scratch, Distroless, Mini",
        ),
        ({"references": [GOLDEN], "name": "golden"}, "spec.name: is not a field."),
    ],
)
def test_mistakes_are_named(spec: object, said: str) -> None:
    """Every one by the field at fault."""
    with pytest.raises(InvalidPolicyError) as caught:
        parse_base_image(resource(spec))

    assert str(caught.value).startswith(said)
    assert said.startswith(f"{caught.value.path}: ")


def test_a_name_is_required() -> None:
    """Files may lack one; the API server lets none through."""
    with pytest.raises(InvalidPolicyError, match=r"metadata\.name: is required"):
        parse_base_image({"spec": {"references": [GOLDEN]}})


def test_earlier_digests() -> None:
    """Only those of references that are still in the spec, newest first; the malformed are none."""
    entries = [
        {"reference": GOLDEN, "digest": TWO},
        {"reference": GOLDEN, "digest": ONE},
        {"reference": "gone:1", "digest": ONE},
        {"reference": GOLDEN, "digest": "sha256:short"},
        {"reference": "no image", "digest": ONE},
        {"digest": ONE},
        "nothing",
    ]
    found = parse_base_image(resource({"references": [GOLDEN]}, {"resolved": entries}))

    golden = Reference.parse(GOLDEN)
    assert found.earlier_of(golden) == (TWO, ONE)
    assert found.earlier == ((golden, TWO), (golden, ONE))


def test_earlier_digests_are_bounded() -> None:
    """Whoever writes more into a status makes no more work."""
    entries = [{"reference": GOLDEN, "digest": f"sha256:{n:064x}"} for n in range(1000)]
    found = parse_base_image(resource({"references": [GOLDEN]}, {"resolved": entries}))

    assert len(found.earlier) == MAX_RESOLVED


@pytest.mark.parametrize(
    "written", ["golang", "golang:1.26", "docker.io/golang:1.26", f"{GOLDEN}@{ONE}", GOLDEN]
)
def test_references_as_they_are_written(written: str) -> None:
    """People find in the status what they wrote; of two ways to write one, the first."""
    ways = dict.fromkeys([written, str(Reference.parse(written))])
    found = parse_base_image(resource({"references": [*ways]}))

    assert [found.text_of(one) for one in found.references] == [written]
    assert found.text_of(Reference.parse("docker.io/library/other:1")) == "other:1"
    assert replace(found, texts=()).text_of(found.references[0]) == found.references[0].familiar


@given(json_of("references", "tier"), json_of("resolved", "reference", "digest"))
def test_anything_is_read_or_refused(spec: object, status: object) -> None:
    """No object crashes whoever reads it."""
    try:
        found = parse_base_image(resource(spec, status))
    except InvalidPolicyError:
        return
    assert found.references


@pytest.mark.parametrize(
    ("claim", "reference", "expected"),
    [
        ("golden:1", "golden:1", True),
        ("docker.io/library/golden:1", "golden:1", True),
        ("golden:2", "golden:1", False),
        ("gold:1", "golden:1", False),
        ("r.io/golden:1", "golden:1", False),
        (f"golden:1@{ONE}", "golden:1", True),
        (f"golden:2@{ONE}", "golden:1", False),
        (f"golden@{ONE}", "golden:1", True),
        ("golden:1", f"golden@{ONE}", True),
        (f"golden:2@{ONE}", f"golden:1@{ONE}", True),
        (f"golden:1@{ONE}", f"golden:1@{TWO}", False),
        ("no image", "golden:1", False),
    ],
)
def test_claims(claim: str, reference: str, *, expected: bool) -> None:
    """By digest where both have one, else by tag; what is no reference claims nothing."""
    assert claims(claim, Reference.parse(reference)) is expected
