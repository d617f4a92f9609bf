"""Where references are looked up: as written, mapped, or in the Docker engine."""

import pytest

from slimgate.cli.check.sources import Sources
from slimgate.cli.shared.forms import Origin
from slimgate.core.errors import InvalidReferenceError, SlimgateError
from slimgate.core.images.reference import Reference

DIGEST = f"sha256:{'a' * 64}"


@pytest.mark.parametrize(
    ("text", "maps", "origin", "expected"),
    [
        ("shop:1", [], Origin.REGISTRY, "shop:1"),
        ("shop:1", [], Origin.DOCKER, "docker://shop:1"),
        (f"shop@{DIGEST}", [], Origin.DOCKER, f"docker://shop@{DIGEST}"),
        ("oci:folder:1", [], Origin.DOCKER, "oci:folder:1"),
        ("shop:1", ["shop:1=oci:folder:1"], Origin.DOCKER, "oci:folder:1"),
        ("shop:1", ["docker.io/library/shop:1=oci:folder:1"], Origin.REGISTRY, "oci:folder:1"),
        ("docker.io/library/shop", ["shop=oci:f"], Origin.REGISTRY, "oci:f"),
        ("shop:2", ["shop:1=oci:folder:1"], Origin.REGISTRY, "shop:2"),
        ("IMAGE", ["IMAGE=oci:a=b:1"], Origin.REGISTRY, "oci:a=b:1"),
        (
            "shop:1",
            ["shop:1=mirror.example.com/shop:1"],
            Origin.DOCKER,
            "mirror.example.com/shop:1",
        ),
    ],
)
def test_sources(text: str, maps: list[str], origin: Origin, expected: str) -> None:
    """A map wins, by the reference as written or in full; then the place that it names itself."""
    assert Sources(maps, origin).of(text).text == expected


def test_bases() -> None:
    """Bases are mapped as images are, but never asked of the Docker engine."""
    sources = Sources(["golden:1=oci:golden"], Origin.DOCKER)
    first, second = (Reference.parse(f"golden:{number}") for number in (1, 2))

    assert str(sources.locate_base(first)) == "oci/golden"
    assert sources.locate_base(second) == second


def test_invalid() -> None:
    """What names no image raises the reader's own sentence."""
    with pytest.raises(InvalidReferenceError, match="not an image reference"):
        Sources().of("NOT AN IMAGE")


def test_exact_before_canonical() -> None:
    """Of two maps that both fit, the one that is written like the reference counts."""
    sources = Sources(["docker.io/library/shop:1=oci:a", "shop:1=oci:b"])

    assert sources.of("shop:1").text == "oci:b"
    assert sources.of("docker.io/library/shop:1").text == "oci:a"


def test_unused() -> None:
    """Maps that no reference asked for are known, since they are mostly mistyped."""
    sources = Sources(["shop:1=oci:a", "shop:2=oci:b"])
    sources.of("docker.io/library/shop:1")

    assert sources.unused() == ["shop:2"]


@pytest.mark.parametrize("entry", ["", "shop:1", "shop:1=", "=oci:a", "shop:1=oci:", "a=B C"])
def test_wrong_maps(entry: str) -> None:
    """A map without its two sides, or to nowhere, is refused."""
    with pytest.raises(SlimgateError):
        Sources([entry])
