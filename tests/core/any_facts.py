"""Facts of any kind, for property tests."""

from dataclasses import replace

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from slimgate.core.images.facts import Base, DiffID, Digest, ImageFacts, Layer, Platform, Size
from slimgate.core.images.tier import Evidence, Tier

_TEXTS = st.text(max_size=30)
_DIGESTS = st.text("0123456789abcdef", min_size=64, max_size=64).map(lambda t: f"sha256:{t}")
_COUNTS = st.integers(0, 2**63 - 1)


def any_facts(texts: SearchStrategy[str] = _TEXTS) -> SearchStrategy[ImageFacts]:
    """Make facts whose texts are some of these; of three layers at most."""
    some = st.none() | texts.filter(bool)
    bases = st.builds(
        Base,
        name=some,
        family=some,
        tier=st.none() | st.sampled_from(Tier),
        evidence=st.none() | st.sampled_from(Evidence),
        layers=st.none() | st.integers(0, 100),
        contradiction=some,
        unchecked=some,
        tier_inferred=st.booleans(),
        family_inferred=st.booleans(),
        looks_like=some,
        other_families=st.lists(texts, max_size=2).map(tuple),
        claims=st.lists(texts, max_size=3).map(tuple),
    ).map(_consistent)
    return st.builds(
        ImageFacts,
        digest=st.none() | _DIGESTS.map(Digest),
        media_type=texts,
        platform=st.builds(Platform, texts, texts, some),
        layers=st.lists(_layers(texts), max_size=3).map(tuple),
        base=bases,
        toolchains=st.lists(texts, max_size=3).map(tuple),
        created=some,
        artifact_type=some,
    )


def _consistent(base: Base) -> Base:
    """Say only of a proven base that its tier or its family, if it has them, are inferred.

    And always how far it reaches.
    """
    proven = base.evidence is Evidence.PROVEN
    return replace(
        base,
        tier_inferred=base.tier_inferred and proven and base.tier is not None,
        family_inferred=base.family_inferred and proven and base.family is not None,
        layers=base.layers or 0 if proven else base.layers,
    )


def _layers(texts: SearchStrategy[str]) -> SearchStrategy[Layer]:
    return st.builds(
        Layer,
        digest=st.none() | _DIGESTS.map(Digest),
        diff_id=st.none() | _DIGESTS.map(DiffID),
        media_type=texts,
        pull=_COUNTS.map(Size.known) | texts.map(Size.unknown),
        unpacked=(
            _COUNTS.map(Size.measured)
            | _COUNTS.map(Size.estimated)
            | st.builds(lambda reason, least: Size.unknown(reason, at_least=least), texts, _COUNTS)
        ),
        created_by=st.none() | texts.filter(bool),
    )
