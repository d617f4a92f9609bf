"""Facts put together from documents and looks at layers, and the images that an index offers."""

from collections.abc import Mapping

import pytest

from slimgate.core.assemble import UNKNOWN_PLATFORM, LayerLook, coverage, facts_of, has_config
from slimgate.core.base import KnownBase
from slimgate.core.images.facts import NOT_ASKED, ImageFacts, LayerContents, Size, Wants
from slimgate.core.images.oci import OCI_MANIFEST, Manifest, parse_config
from slimgate.core.images.reference import Reference
from slimgate.core.images.tier import Evidence, Tier
from tests.core.make import ARM64
from tests.support import images
from tests.support.images import Image, layer

BASE = layer({"etc/os-release": b"ID=alpine\n"})
APP = layer({"app": b"app"})
HISTORY: list[Mapping[str, object]] = [
    {"created_by": "ADD rootfs", "created": "2026-01-01T00:00:00Z"},
    {"created_by": "ENV A=b", "empty_layer": True},
    {"created_by": "COPY app /"},
]


def manifest_of(image: Image, artifact_type: str | None = None) -> Manifest:
    """Read an image's manifest."""
    return Manifest(
        media_type=OCI_MANIFEST,
        config=image.config_descriptor,
        layers=tuple(one.descriptor for one in image.layers),
        annotations={},
        artifact_type=artifact_type,
    )


def looks_of(image: Image) -> list[LayerLook]:
    """Look at an image's layers for their pull sizes alone."""
    return [LayerLook(pull=Size.known(len(one.blob))) for one in image.layers]


def assemble(
    image: Image, *, config: bool = True, claimed: tuple[KnownBase, ...] = ()
) -> ImageFacts:
    """Put an image's facts together."""
    return facts_of(
        image.digest,
        manifest_of(image),
        looks_of(image),
        config=parse_config(image.config) if config else None,
        claimed=claimed,
    )


def test_a_manifest_alone() -> None:
    """It tells the layers and what they are to pull, and nothing of what they are made of."""
    facts = assemble(images.image([BASE, APP], history=HISTORY), config=False)

    assert facts.pull == Size.known(len(BASE.blob) + len(APP.blob))
    assert facts.platform == UNKNOWN_PLATFORM
    assert facts.unpacked == Size.unknown(NOT_ASKED)
    assert [(one.diff_id, one.created_by) for one in facts.layers] == [(None, None)] * 2


def test_a_config_tells_the_rest() -> None:
    """The platform, each layer's diffID and instruction; steps without a layer are passed over."""
    facts = assemble(images.image([BASE, APP], history=HISTORY, platform=ARM64))

    assert facts.platform == ARM64
    assert [one.diff_id for one in facts.layers] == [BASE.diff_id, APP.diff_id]
    assert [one.created_by for one in facts.layers] == ["ADD rootfs", "COPY app /"]


@pytest.mark.parametrize("history", [[], HISTORY[:2], [*HISTORY, {"created_by": "RUN more"}]])
def test_a_history_that_does_not_add_up(history: list[Mapping[str, object]]) -> None:
    """It names no instruction, since it can't be told which layer each of them made."""
    facts = assemble(images.image([BASE, APP], history=history))

    assert [one.created_by for one in facts.layers] == [None, None]


def test_diff_ids_that_do_not_add_up() -> None:
    """A config for another number of layers names none of them, and proves no base."""
    lying = images.image([BASE])
    image = images.image([BASE, APP])
    facts = facts_of(
        image.digest, manifest_of(image), looks_of(image), config=parse_config(lying.config)
    )

    assert [one.diff_id for one in facts.layers] == [None, None]
    assert facts.base.evidence is not Evidence.PROVEN


def test_an_artifact() -> None:
    """It is called by its type, or by that of its config, and stands on nothing."""
    image = images.image([BASE])
    config = parse_config(image.config)
    for name in ("application/vnd.example.model", None):
        manifest = manifest_of(image, name)
        facts = facts_of(image.digest, manifest, looks_of(image), config=config, artifact=name)
        assert facts.artifact_type == name
        assert (facts.unpacked.reason == facts.no_image) is (name is not None)
        assert (facts.platform == UNKNOWN_PLATFORM) is (name is not None)


def test_a_claimed_base_is_compared() -> None:
    """One that was found for a claim is proven by the layers."""
    config = parse_config(images.image([BASE]).config)
    base = KnownBase.of(Reference.parse("r.io/golden:1"), config, tier=Tier.SLIM)
    image = images.image(
        [BASE, APP], config={"Labels": {"org.opencontainers.image.base.name": "r.io/golden:1"}}
    )

    facts = assemble(image, claimed=(base,))

    assert (facts.base.name, facts.base.evidence) == ("r.io/golden:1", Evidence.PROVEN)


def test_contents_prove_that_an_image_stands_on_nothing() -> None:
    """Only where every layer was listed whole."""
    image = images.image([APP], history=[{"created_by": "COPY app / # buildkit"}])
    listed = LayerContents(paths=frozenset({"app"}))
    found = []
    for contents in (listed, None):
        look = LayerLook(pull=Size.known(9), unpacked=Size.measured(10_240), contents=contents)
        facts = facts_of(
            image.digest, manifest_of(image), [look], config=parse_config(image.config)
        )
        found.append(facts.base.evidence is Evidence.PROVEN)

    assert found == [True, False]


def test_whether_a_config_was_read() -> None:
    """Only a config tells diffIDs; what has no layers, or is no image, has none to tell."""
    image = images.image([BASE, APP])

    assert has_config(assemble(image))
    assert not has_config(assemble(image, config=False))
    assert has_config(assemble(images.image([]), config=False))
    assert has_config(facts_of(None, manifest_of(image), looks_of(image), artifact="a/b"))


def test_coverage() -> None:
    """Facts that were kept tell how much was asked for when they were made."""
    image = images.image([BASE])
    known = LayerLook(pull=Size.known(1), unpacked=Size.measured(2))
    failed = LayerLook(pull=Size.known(1), unpacked=Size.unknown("the registry was down"))
    config = parse_config(image.config)

    def made(look: LayerLook, *, whole: bool, kind: str | None = None) -> ImageFacts:
        settled = config if whole else None
        return facts_of(image.digest, manifest_of(image), [look], config=settled, artifact=kind)

    asked = LayerLook(pull=Size.known(1))
    assert coverage(made(asked, whole=False)) == Wants()
    assert coverage(made(asked, whole=True)) == Wants(config=True)
    assert coverage(made(known, whole=True)) == Wants(config=True, layers=True)
    assert coverage(made(failed, whole=True)) == Wants(config=True, layers=True)
    assert coverage(made(asked, whole=False, kind="a/b")) == Wants(config=True, layers=True)


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        (Size.estimated(1), "a"),
        (Size.unknown("lost"), "a"),
        (Size.unknown("it wraps", at_least=9), "a"),
        (Size.measured(1), None),
        (Size.unknown(NOT_ASKED), None),
    ],
)
def test_who_estimated(size: Size, expected: str | None) -> None:
    """The place that was asked, unless nothing rests on its word."""
    image = images.image([BASE, APP])
    looks = [
        LayerLook(pull=Size.known(1), unpacked=Size.measured(1)),
        LayerLook(pull=Size.known(1), unpacked=size),
    ]

    assert facts_of(image.digest, manifest_of(image), looks, place="a").estimated_by == expected
