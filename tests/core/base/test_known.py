"""Bases made of a reference and a config."""

from dataclasses import replace

import pytest

from slimgate.core.base import KnownBase
from slimgate.core.base.known import with_known
from slimgate.core.images.facts import Base, ImageFacts
from slimgate.core.images.reference import Reference
from slimgate.core.images.tier import Evidence, Tier
from tests.core.base.make import MB, config, diff_ids
from tests.core.make import image, layer

GOLANG = config(
    "# debian.sh --arch 'amd64' out/ 'bookworm' '@1765152000'",
    "RUN /bin/sh -c apt-get install -y g++ gcc make # buildkit",
    env=("GOLANG_VERSION=1.26.1", "GOPATH=/go"),
)


def test_family_tier_and_toolchains_come_from_the_base_itself() -> None:
    """Without another's word, the base's own config tells."""
    base = KnownBase.of(Reference.parse("golang:1.26"), GOLANG, layer_sizes=(48 * MB, 90 * MB))

    assert base == KnownBase(
        reference="docker.io/library/golang:1.26",
        name="golang:1.26",
        tier=Tier.BUILDER,
        family="debian",
        diff_ids=GOLANG.diff_ids,
        toolchains=("gcc", "go 1.26.1"),
    )


def test_words_of_others_win() -> None:
    """Name and tier are taken as they are given."""
    base = KnownBase.of(Reference.parse("golang:1.26"), GOLANG, name="golden", tier=Tier.DISTROLESS)

    assert (base.name, base.tier) == ("golden", Tier.DISTROLESS)


RUNTIME = KnownBase(
    reference="r.io/golden/run:1",
    name="golden",
    tier=Tier.DISTROLESS,
    family="golden",
    diff_ids=diff_ids(2),
    base_image="run",
)
INFERRED = Base(name="debian:12", family="debian", tier=Tier.FULL, evidence=Evidence.INFERRED)


def standing_on(base: Base, count: int = 3, toolchains: tuple[str, ...] = ()) -> ImageFacts:
    """Make facts of an image whose lowest layers may be a known base's."""
    layers = [replace(layer(number, 1), diff_id=one) for number, one in enumerate(diff_ids(count))]
    return image(*layers, base=base, toolchains=toolchains)


def test_known_bases_are_named() -> None:
    """A known base that covers the lowest layers is proven, whatever was found before."""
    found = with_known(standing_on(INFERRED), [RUNTIME]).base

    assert found == Base(
        name="golden",
        family="golden",
        tier=Tier.DISTROLESS,
        evidence=Evidence.PROVEN,
        other_families=("debian",),
        layers=2,
        base_images=("run",),
    )


@pytest.mark.parametrize(
    ("facts", "known"),
    [
        (standing_on(INFERRED), []),
        (standing_on(INFERRED, count=1), [RUNTIME]),
        (image(layer(1, 1), base=INFERRED), [RUNTIME]),
        (image(replace(layer(1, 1), diff_id=None), base=INFERRED), [RUNTIME]),
    ],
    ids=["none", "fewer layers", "other layers", "no diffIDs"],
)
def test_what_is_no_known_base_stays(facts: ImageFacts, known: list[KnownBase]) -> None:
    """What is based on no known base keeps the base that was found."""
    assert with_known(facts, known) is facts


def test_the_longest_known_base_wins() -> None:
    """Of several known bases the one that covers most is the base, and the others count too."""
    whole = replace(RUNTIME, name="whole", tier=None, family=None, diff_ids=diff_ids(3))
    found = with_known(standing_on(INFERRED), [RUNTIME, whole]).base

    assert (found.name, found.layers) == ("whole", 3)
    assert (found.tier, found.tier_evidence) == (Tier.FULL, Evidence.INFERRED)
    assert (found.family, found.family_evidence) == ("golden", Evidence.PROVEN)
    assert (found.aliases, found.other_families) == (("golden",), ("debian",))


def test_toolchains_make_a_known_base_a_builder() -> None:
    """A toolchain that the known base did not bring is left in the image."""
    added = standing_on(INFERRED, toolchains=("go 1.26",))
    brought = replace(RUNTIME, toolchains=("go 1.26",))

    left, kept = with_known(added, [RUNTIME]).base, with_known(added, [brought]).base
    assert (left.tier, left.tier_evidence) == (Tier.BUILDER, Evidence.INFERRED)
    assert (kept.tier, kept.tier_evidence) == (Tier.DISTROLESS, Evidence.PROVEN)


def test_false_claims_stay_false() -> None:
    """That an image stands on a known base does not make its other claims true."""
    false = replace(INFERRED, contradiction="it claims to be based on alpine")

    assert with_known(standing_on(false), [RUNTIME]).base.contradiction == false.contradiction


def test_a_known_base_without_a_family_proves_none() -> None:
    """What the image looks like is inferred, whatever it is proven to be based on."""
    found = with_known(standing_on(INFERRED), [replace(RUNTIME, family=None)]).base

    assert (found.family, found.family_evidence) == ("debian", Evidence.INFERRED)


SCRATCH = Base(
    name="scratch", family="scratch", tier=Tier.SCRATCH, evidence=Evidence.PROVEN, layers=0
)


@pytest.mark.parametrize("word", [Tier.SCRATCH, None])
@pytest.mark.parametrize(
    ("base", "tier", "evidence"),
    [
        (SCRATCH, Tier.SCRATCH, Evidence.PROVEN),
        (replace(SCRATCH, evidence=Evidence.INFERRED), Tier.SCRATCH, Evidence.INFERRED),
        (INFERRED, Tier.FULL, Evidence.INFERRED),
    ],
)
def test_a_bare_base_makes_no_image_bare(
    word: Tier | None, base: Base, tier: Tier, evidence: Evidence
) -> None:
    """Anybody can put a system on a base of certificates: the whole image has to be proven."""
    bare = replace(RUNTIME, tier=word, family="scratch")

    found = with_known(standing_on(base), [bare]).base

    assert (found.name, found.tier, found.tier_evidence) == ("golden", tier, evidence)
    assert (found.family, found.family_evidence) == (base.family, evidence)


def test_of_a_bare_base_alone_nothing_is_proven() -> None:
    """Where the image tells nothing, the BaseImage's word is all there is, and no proof."""
    bare = replace(RUNTIME, tier=Tier.SCRATCH, family="scratch")

    found = with_known(standing_on(Base()), [bare]).base

    assert (found.tier, found.tier_evidence) == (Tier.SCRATCH, Evidence.INFERRED)
    assert (found.family, found.family_evidence) == ("scratch", Evidence.INFERRED)


def test_a_system_on_a_bare_base_is_of_no_known_tier() -> None:
    """What a BaseImage says of its few files is not said of a system that was put on them."""
    bare = replace(RUNTIME, tier=Tier.SCRATCH, family="scratch")

    found = with_known(standing_on(replace(INFERRED, tier=None)), [bare]).base

    assert (found.tier, found.family) == (None, "debian")


CLAIMED = Base(
    name="mine:1",
    tier=Tier.DISTROLESS,
    evidence=Evidence.PROVEN,
    tier_inferred=True,
    claims=("r.io/mine:1",),
)


@pytest.mark.parametrize(
    ("own", "known", "expected"),
    [
        (Tier.DISTROLESS, Tier.BUILDER, Tier.BUILDER),
        (Tier.FULL, Tier.DISTROLESS, Tier.DISTROLESS),
        (Tier.FULL, None, Tier.FULL),
        (None, Tier.SLIM, Tier.SLIM),
        (None, None, None),
    ],
)
@pytest.mark.parametrize("layers", [1, 2, 3])
def test_a_claim_changes_no_known_tier(
    own: Tier | None, known: Tier | None, expected: Tier | None, layers: int
) -> None:
    """Who builds on a known base can push another that lies, or says the truth, and claim it."""
    facts = standing_on(replace(CLAIMED, tier=own, tier_inferred=own is not None, layers=layers))
    found = with_known(facts, [replace(RUNTIME, tier=known)]).base

    assert (found.tier, found.tier_inferred) == (expected, known is None and own is not None)
    assert (found.layers, found.base_images) == (max(2, layers), ("run",))


@pytest.mark.parametrize(
    ("layers", "names"),
    [(1, ["golden", "mine:1"]), (2, ["golden", "mine:1"]), (3, ["mine:1", "golden"])],
)
def test_a_claim_takes_no_name_away(layers: int, names: list[str]) -> None:
    """What the layers prove is so whatever else they prove; the longest base comes first."""
    found = with_known(standing_on(replace(CLAIMED, layers=layers)), [RUNTIME]).base

    assert [found.name, *found.aliases] == names
    assert (found.family, found.family_evidence) == ("golden", Evidence.PROVEN)


def test_names_of_all_that_is_proven() -> None:
    """A glob may match any of them: those of other BaseImages, and the claimed one too."""
    others = [
        replace(RUNTIME, name="r.io/other:1", base_image="other"),
        replace(RUNTIME, name="r.io/os:1", base_image="os", diff_ids=diff_ids(1)),
    ]
    found = with_known(standing_on(replace(CLAIMED, layers=2)), [RUNTIME, *others]).base

    assert (found.name, found.aliases) == ("golden", ("r.io/other:1", "r.io/os:1", "mine:1"))
    assert (found.base_images, found.claims) == (("run", "other", "os"), ("r.io/mine:1",))
