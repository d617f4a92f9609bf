"""Bases made of a reference and a config."""

from dataclasses import replace

import pytest

from slimgate.core.base import KnownBase
from slimgate.core.base.known import with_known
from slimgate.core.image import Base, ImageFacts
from slimgate.core.reference import Reference
from slimgate.core.tier import Evidence, Tier
from tests.core.base.make import MB, config, diff_ids
from tests.core.make import image, layer

GOLANG = config(
    "# debian.sh --arch 'amd64' out/ 'bookworm' '@1765152000'",
    "RUN /bin/sh -c apt-get install -y g++ gcc make # buildkit",
    env=("GOLANG_VERSION=1.26.1", "GOPATH=/go"),
)


def test_family_tier_and_toolchains_come_from_the_base_itself() -> None:
    """Without a policy's word, the base's own config tells."""
    base = KnownBase.of(Reference.parse("golang:1.26"), GOLANG, layer_sizes=(48 * MB, 90 * MB))

    assert base == KnownBase(
        reference="docker.io/library/golang:1.26",
        name="golang:1.26",
        tier=Tier.BUILDER,
        family="debian",
        diff_ids=GOLANG.diff_ids,
        toolchains=("gcc", "go 1.26.1"),
    )


def test_a_policys_words_win() -> None:
    """Name and tier are taken as the policy writes them."""
    base = KnownBase.of(Reference.parse("golang:1.26"), GOLANG, name="golden", tier=Tier.DISTROLESS)

    assert (base.name, base.tier) == ("golden", Tier.DISTROLESS)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("golang:1.26", "golang:1.26"),
        ("docker.io/bitnami/redis:7", "bitnami/redis:7"),
        ("gcr.io/distroless/static", "gcr.io/distroless/static:latest"),
        ("registry.example.com/library/x:1", "registry.example.com/library/x:1"),
    ],
)
def test_references_are_written_as_people_do(text: str, expected: str) -> None:
    """Docker Hub's host and `library/` are left out, other registries are not."""
    assert expected == Reference.parse(text).familiar


RUNTIME = KnownBase(
    reference="r.io/golden/run:1",
    name="golden",
    tier=Tier.DISTROLESS,
    family="golden",
    diff_ids=diff_ids(2),
)
INFERRED = Base(name="debian:12", family="debian", tier=Tier.FULL, evidence=Evidence.INFERRED)


def standing_on(base: Base, count: int = 3, toolchains: tuple[str, ...] = ()) -> ImageFacts:
    """Make facts of an image whose lowest layers may be a known base's."""
    layers = [replace(layer(number, 1), diff_id=one) for number, one in enumerate(diff_ids(count))]
    return image(*layers, base=base, toolchains=toolchains)


def test_policies_bases_are_named() -> None:
    """A known base that covers the lowest layers is proven, whatever was found before."""
    found = with_known(standing_on(INFERRED), [RUNTIME]).base

    assert found == Base(
        name="golden",
        family="golden",
        tier=Tier.DISTROLESS,
        evidence=Evidence.PROVEN,
        layers=2,
    )


@pytest.mark.parametrize(
    ("facts", "known"),
    [
        (standing_on(INFERRED), []),
        (standing_on(INFERRED, count=1), [RUNTIME]),
        (standing_on(replace(INFERRED, layers=3)), [RUNTIME]),
        (image(layer(1, 1), base=INFERRED), [RUNTIME]),
        (image(replace(layer(1, 1), diff_id=None), base=INFERRED), [RUNTIME]),
    ],
    ids=["none", "fewer layers", "a longer base", "other layers", "no diffIDs"],
)
def test_what_is_no_known_base_stays(facts: ImageFacts, known: list[KnownBase]) -> None:
    """What stands on no known base, or on a longer one, keeps the base that was found."""
    assert with_known(facts, known) is facts


def test_the_longest_known_base_wins() -> None:
    """Of several known bases the one that covers most is the base."""
    whole = replace(RUNTIME, name="whole", tier=None, family=None, diff_ids=diff_ids(3))
    found = with_known(standing_on(INFERRED), [RUNTIME, whole]).base

    assert (found.name, found.layers) == ("whole", 3)
    assert (found.tier, found.family) == (Tier.FULL, "debian")


def test_toolchains_make_a_known_base_a_builder() -> None:
    """A toolchain that the known base did not bring is left in the image."""
    added = standing_on(INFERRED, toolchains=("go 1.26",))
    brought = replace(RUNTIME, toolchains=("go 1.26",))

    assert with_known(added, [RUNTIME]).base.tier is Tier.BUILDER
    assert with_known(added, [brought]).base.tier is Tier.DISTROLESS


def test_false_claims_stay_false() -> None:
    """That an image stands on a known base does not make its other claims true."""
    false = replace(INFERRED, contradiction="it claims to be based on alpine")

    assert with_known(standing_on(false), [RUNTIME]).base.contradiction == false.contradiction
