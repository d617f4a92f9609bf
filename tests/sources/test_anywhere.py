"""One source for all places: what is at hand needs no registry, and nothing that it claims does."""

from pathlib import Path

import pytest

from slimgate.core.credentials.identity import ANONYMOUS
from slimgate.core.errors import UnavailableError
from slimgate.core.images.facts import Wants
from slimgate.core.images.reference import Reference
from slimgate.core.images.source import local_source, parse_source
from slimgate.core.images.tier import Evidence
from slimgate.core.policies.base_image import parse_base_image
from slimgate.engine.inspector import Inspector, Question
from slimgate.sources.anywhere import Anywhere
from tests.engine.cluster import base_image
from tests.engine.shelf import Shelf, tiny
from tests.sources.images import Files, Json, add_image, set_index, tar_of, write_folder

CLAIM = {"org.opencontainers.image.base.name": "registry.test/golden:1"}
DOWN = UnavailableError("down")


def _named(name: str) -> Json:
    return {"annotations": {"org.opencontainers.image.ref.name": name}}


def _question(text: str) -> Question:
    return Question(parse_source(text).reference, ANONYMOUS, (), Wants(config=True), text)


@pytest.fixture
def layout(tmp_path: Path) -> str:
    """Make a layout of two images, of which the second is the first and a layer more."""
    files: Files = {}
    base, app = tar_of({"base": b"base"}), tar_of({"app": b"app"})
    set_index(
        files,
        add_image(files, [base], more=_named("base")),
        add_image(files, [base, app], more=_named("app"), annotations=CLAIM),
    )
    return f"oci:{write_folder(files, tmp_path / 'layout')}"


async def test_what_is_at_hand_asks_no_registry(layout: str) -> None:
    """Two images of one layout are told apart, and a claim of either is left as it is."""
    shelf = Shelf()
    shelf.faults["registry.test"] = DOWN
    inspector = Inspector(Anywhere(shelf))
    base = await inspector.inspect(_question(f"{layout}:base"))
    app = await inspector.inspect(_question(f"{layout}:app"))

    assert [len(one.images[0].layers) for one in (base, app)] == [1, 2]
    assert app.images[0].base.evidence is Evidence.CLAIMED
    assert shelf.count() == {}
    await inspector.close()


async def test_images_of_registries() -> None:
    """All else is asked of the registry."""
    shelf = Shelf()
    shelf.put("registry.test/shop:1", tiny("shop"))
    inspector = Inspector(Anywhere(shelf))

    assert (await inspector.inspect(_question("registry.test/shop:1"))).images
    await inspector.close()


async def test_a_base_that_is_at_hand(layout: str) -> None:
    """A BaseImage may be looked up elsewhere, and keeps its name."""
    image = parse_base_image(base_image("registry.test/golden:1"))
    there = parse_source(f"{layout}:base").reference
    inspector = Inspector(Anywhere(Shelf()), locate_base=lambda _: there)
    await inspector.bases.refresh([image], ())
    found = await inspector.inspect(_question(f"{layout}:app"))

    assert found.images[0].base.name == "registry.test/golden:1"
    assert found.images[0].base.evidence is Evidence.PROVEN
    await inspector.close()


@pytest.mark.parametrize("text", ["oci:a/b:1", "oci-archive:x.tar:r.io/a:1", "docker://shop@x:1"])
def test_local_references(text: str) -> None:
    """A local image's reference leads back to where it lies; no registry's does."""
    sourced = parse_source(text)

    assert local_source(sourced.reference) == sourced
    assert local_source(Reference.parse("oci/a/b:1")) is None
