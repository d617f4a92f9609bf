"""Proof before claim before inference, and what a false claim does."""

from dataclasses import replace

import pytest

from slimgate.core.base import KnownBase, find_base
from slimgate.core.images.facts import Base, Digest
from slimgate.core.images.oci import ImageConfig
from slimgate.core.images.tier import Evidence, Tier
from tests.core.base.make import MB, config, diff_ids

NAME = "org.opencontainers.image.base.name"
DIGEST = Digest(f"sha256:{'b' * 64}")
SLIM = "# debian.sh --arch 'amd64' out/ 'bookworm' '@1765152000'"
APP = config(SLIM, "COPY app /app # buildkit", "COPY conf /conf # buildkit")
SIZES = (28 * MB, MB, MB)


def _base(
    name: str,
    count: int,
    *,
    start: int = 0,
    tier: Tier | None = None,
    family: str | None = None,
    toolchains: tuple[str, ...] = (),
) -> KnownBase:
    return KnownBase(
        reference=f"registry.example.com/{name}",
        name=name,
        tier=tier,
        family=family,
        diff_ids=diff_ids(count, start),
        toolchains=toolchains,
    )


def _find(
    image: ImageConfig = APP,
    *,
    claimed: tuple[KnownBase, ...] = (),
    annotations: dict[str, str] | None = None,
) -> Base:
    return find_base(
        image, annotations=annotations or {}, layer_sizes=SIZES, unpacked_sizes=(), claimed=claimed
    )


def proven(name: str, layers: int, *families: str, tier: Tier | None = None) -> Base:
    """Make a claimed base of APP that the layers prove: nothing but its name is."""
    return Base(
        name=name,
        family=families[0] if families else None,
        tier=tier,
        evidence=Evidence.PROVEN,
        tier_inferred=tier is not None,
        family_inferred=bool(families),
        other_families=families[1:],
        looks_like="debian:bookworm-slim",
        layers=layers,
    )


def test_the_longest_claimed_base_is_proven() -> None:
    """Of several bases that an image stands on, the one nearest to it counts."""
    base = _find(claimed=(_base("os:1", 1), _base("team:1", 2, tier=Tier.DISTROLESS)))

    assert base == proven("team:1", 2, "debian", tier=Tier.SLIM)


def test_a_base_that_is_no_prefix_is_not_proven() -> None:
    """Longer than the image, other layers, or none at all: no proof."""
    base = _find(claimed=(_base("a:1", 4), _base("b:1", 1, start=7), _base("c:1", 0)))

    assert (base.evidence, base.name) == (Evidence.INFERRED, "debian:bookworm-slim")


def test_a_true_claim_is_proven() -> None:
    """A claimed base is proven by its layers; what its config says of itself is inferred."""
    base = _find(claimed=(_base("os:1", 1, family="debian", tier=Tier.SLIM),))

    assert base == proven("os:1", 1, "debian", tier=Tier.SLIM)
    assert (base.tier_evidence, base.family_evidence) == (Evidence.INFERRED, Evidence.INFERRED)


@pytest.mark.parametrize(
    ("history", "family", "expected"),
    [
        (SLIM, "alpine", ("debian", "alpine")),
        (SLIM, "scratch", ("debian",)),
        ("  ## Imported from -", "alpine", ("alpine",)),
        ("  ## Imported from -", "scratch", ()),
        ("COPY app /app # buildkit", "scratch", ()),
        ("COPY app /app # buildkit", "alpine", ("alpine",)),
    ],
)
def test_a_claimed_base_hides_no_family(
    history: str, family: str, expected: tuple[str, ...]
) -> None:
    """What the image itself looks like stands beside it, and no claimed base is the empty one."""
    base = _find(config(history, layers=1), claimed=(_base("mine:1", 1, family=family),))

    assert ((base.family,) if base.family else ()) + base.other_families == expected
    assert base.family_evidence is (Evidence.INFERRED if expected else None)
    assert base.tier is not Tier.SCRATCH


def test_a_claim_that_nobody_could_compare_is_only_claimed() -> None:
    """Its name is reported; family and tier stay what the image's own traces say."""
    base = _find(annotations={NAME: "gcr.io/distroless/static:nonroot"})

    assert base == Base(
        name="gcr.io/distroless/static:nonroot",
        family="debian",
        tier=Tier.SLIM,
        evidence=Evidence.CLAIMED,
        looks_like="debian:bookworm-slim",
        claims=("gcr.io/distroless/static:nonroot",),
    )


def test_a_claim_and_a_bare_history_do_not_agree_on_scratch() -> None:
    """Who names a base does not stand on nothing, so the tier is unknown."""
    image = config("COPY app /app # buildkit")

    base = _find(image, annotations={NAME: "gcr.io/distroless/static"})

    assert (base.tier, base.evidence, base.looks_like) == (None, Evidence.CLAIMED, None)


def test_a_false_claim_is_named_and_falls_back_to_inference() -> None:
    """The layers disprove the claim, and nothing of it is believed."""
    false = _base("distroless/static:1", 2, start=50, family="distroless", tier=Tier.DISTROLESS)

    base = _find(claimed=(false,), annotations={NAME: "registry.example.com/distroless/static:1"})

    assert base == Base(
        name="debian:bookworm-slim",
        family="debian",
        tier=Tier.SLIM,
        evidence=Evidence.INFERRED,
        claims=("registry.example.com/distroless/static:1",),
        contradiction="it claims to be based on distroless/static:1, but its lowest layers are not "
        "that base's",
    )


def test_a_false_claim_falls_back_to_proof() -> None:
    """What another claim says is still proven, and the contradiction still reported."""
    base = _find(claimed=(_base("os:1", 1), _base("other:1", 1, start=50)))

    assert (base.name, base.evidence, bool(base.contradiction)) == ("os:1", Evidence.PROVEN, True)


def test_a_claimed_name_is_printed_safely() -> None:
    """Control characters do not reach the sentence."""
    false = replace(_base("x", 1, start=50), name="x\x1b[31m")

    base = _find(claimed=(false,))

    assert base.contradiction is not None
    assert base.contradiction.isprintable()


@pytest.mark.parametrize(
    ("reference", "family", "tier", "contradicted"),
    [
        ("debian:bookworm-slim", "debian", Tier.SLIM, False),
        (f"debian@{DIGEST}", "debian", Tier.SLIM, True),
        ("debian:bookworm-slim", "debian", Tier.DISTROLESS, True),
        ("debian:bookworm-slim", "alpine", Tier.FULL, True),
        ("debian:bookworm-slim", None, None, True),
    ],
)
def test_a_moved_tag_is_no_lie(
    reference: str, family: str | None, tier: Tier | None, *, contradicted: bool
) -> None:
    """A tag may point at a newer build; a digest, another family or a slimmer tier is a lie."""
    base = _find(
        claimed=(
            KnownBase(
                reference=reference, name="x", tier=tier, family=family, diff_ids=diff_ids(1, 50)
            ),
        ),
        annotations={NAME: reference},
    )

    assert contradicted is (base.contradiction is not None)
    assert base.evidence is Evidence.INFERRED


@pytest.mark.parametrize(
    ("own", "expected"),
    [(Tier.SCRATCH, Tier.SLIM), (Tier.DISTROLESS, Tier.SLIM), (Tier.FULL, Tier.FULL)],
)
def test_a_claim_never_makes_an_image_slimmer(own: Tier, expected: Tier) -> None:
    """Who builds an image can also push a base whose config lies, and claim it."""
    base = _find(claimed=(_base("mine:1", 2, tier=own),))

    assert (base.tier, base.evidence) == (expected, Evidence.PROVEN)
    assert base.tier_evidence is Evidence.INFERRED


def test_a_claimed_base_does_not_prove_scratch() -> None:
    """That a claimed base looks bare is an inference, however well the layers match."""
    image = config("COPY app /app # buildkit", layers=1)

    base = _find(image, claimed=(_base("bare:1", 1, tier=Tier.SCRATCH),))

    assert (base.tier, base.evidence) == (None, Evidence.PROVEN)


@pytest.mark.parametrize("own", [(), ("gcc",)])
def test_a_claimed_base_excuses_no_toolchain(own: tuple[str, ...]) -> None:
    """Whether the image or a base that it claims brought it, a toolchain makes a builder."""
    image = config(SLIM, "RUN /bin/sh -c apt-get install -y gcc # buildkit")

    base = _find(image, claimed=(_base("mine:1", 1, tier=Tier.DISTROLESS, toolchains=own),))

    assert (base.tier, base.tier_evidence) == (Tier.BUILDER, Evidence.INFERRED)


@pytest.mark.parametrize(
    ("base", "expected"),
    [
        (Base(tier=Tier.FULL, evidence=Evidence.PROVEN), Evidence.PROVEN),
        (Base(tier=Tier.FULL, evidence=Evidence.PROVEN, tier_inferred=True), Evidence.INFERRED),
        (Base(tier=Tier.FULL, evidence=Evidence.CLAIMED), Evidence.INFERRED),
        (Base(tier=Tier.FULL, evidence=Evidence.INFERRED), Evidence.INFERRED),
        (Base(name="a", evidence=Evidence.PROVEN), None),
    ],
)
def test_evidence_of_tiers(base: Base, expected: Evidence | None) -> None:
    """Nobody claims a tier, and of a proven base it may still be inferred."""
    assert base.tier_evidence is expected


def test_nothing_known_is_an_honest_unknown() -> None:
    """A base without any trace has no name, family, tier or evidence."""
    assert _find(config("  ## Imported from -")) == Base()
