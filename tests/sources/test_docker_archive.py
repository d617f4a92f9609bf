"""Docker archives: no pull size, exact tar lengths, links and names inside the archive."""

import gzip
import io
import json
import tarfile
from collections.abc import Sequence
from pathlib import Path

import pytest

from slimgate.core.credentials.identity import ANONYMOUS
from slimgate.core.errors import DigestMismatchError, NotFoundError, UnsupportedError
from slimgate.core.images.facts import Platform
from slimgate.core.images.oci import Index, parse_document
from slimgate.core.images.source import parse_source
from slimgate.sources.opening import open_source
from tests.sources.images import Files, config_of, first_layer, read, refusal, sizes, tar_of

APP = tar_of({"app": b"x" * 5000})
EMPTY = bytes(1024)


def _write(
    path: Path, files: Files, *images: dict[str, object], links: Sequence[tarfile.TarInfo] = ()
) -> str:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, body in {**files, "manifest.json": json.dumps(images).encode()}.items():
            member = tarfile.TarInfo(name)
            member.size = len(body)
            archive.addfile(member, io.BytesIO(body))
        for link in links:
            archive.addfile(link)
    file = path / "image.tar"
    file.write_bytes(buffer.getvalue())
    return f"docker-archive:{file}"


def _image(config: str, layers: Sequence[str], *tags: str) -> dict[str, object]:
    return {"Config": config, "RepoTags": tags or None, "Layers": layers}


def _link(name: str, target: str, kind: bytes = tarfile.SYMTYPE) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.type = kind
    member.linkname = target
    return member


async def test_layers(tmp_path: Path) -> None:
    """Unpacked sizes are exact; of an uncompressed layer the pull size is honestly unknown."""
    files = {"c.json": config_of([APP, EMPTY]), "a/layer.tar": APP, "b/layer.tar": EMPTY}
    text = _write(tmp_path, files, _image("c.json", ["a/layer.tar", "b/layer.tar"]))
    ((document, manifest),) = await read(text)
    reading = await first_layer(text)

    assert [[(None, len(APP)), (None, len(EMPTY))]] == await sizes(text)
    assert document.synthetic
    assert manifest.may_run
    assert reading.pull is not None
    assert "not as a registry stores it" in str(reading.pull.reason)
    assert reading.contents is not None
    assert reading.contents.paths == {"app"}


async def test_compressed_layers(tmp_path: Path) -> None:
    """A layer that is stored compressed is pulled as it is."""
    stored = gzip.compress(APP)
    files = {"c.json": config_of([APP]), "a.tar.gz": stored}
    text = _write(tmp_path, files, _image("c.json", ["a.tar.gz"]))

    assert [[(len(stored), len(APP))]] == await sizes(text)


async def test_no_layers(tmp_path: Path) -> None:
    """An image from scratch with nothing in it has no layers."""
    text = _write(tmp_path, {"c.json": config_of([])}, _image("c.json", []))

    assert await sizes(text) == [[]]


@pytest.mark.parametrize(
    "link",
    [
        _link("b/layer.tar", "../a/layer.tar"),
        _link("b/layer.tar", "a/layer.tar", tarfile.LNKTYPE),
        _link("b/layer.tar", "../../../a/layer.tar"),
    ],
    ids=["symbolic", "hard", "beyond the root"],
)
async def test_links(tmp_path: Path, link: tarfile.TarInfo) -> None:
    """A layer that links to another is that other, and the archive's root is the end of the way."""
    files = {"c.json": config_of([APP, APP]), "a/layer.tar": APP}
    image = _image("c.json", ["a/layer.tar", "b/layer.tar"])
    text = _write(tmp_path, files, image, links=[link])

    assert [[(None, len(APP)), (None, len(APP))]] == await sizes(text)


@pytest.mark.parametrize("target", ["/etc/passwd", "../../etc/passwd", "layer.tar", ""])
async def test_links_elsewhere(tmp_path: Path, target: str) -> None:
    """A link out of the archive, or to itself, is a layer that is missing."""
    files = {"c.json": config_of([APP])}
    image = _image("c.json", ["a/layer.tar"])
    text = _write(tmp_path, files, image, links=[_link("a/layer.tar", target)])
    reading = await first_layer(text)

    assert await sizes(text) == [[(None, None)]]
    assert str(reading.unpacked.reason).endswith("lacks the layer's file")


async def test_names(tmp_path: Path) -> None:
    """Among several images the name chooses, written as short as Docker allows."""
    files = {"1.json": config_of([APP]), "2.json": config_of([]), "a.tar": APP}
    images = [
        _image("1.json", ["a.tar"], "shop:1", "shop:latest"),
        _image("2.json", [], "r.io/x:2"),
    ]
    text = _write(tmp_path, files, *images)

    assert [[(None, len(APP))]] == await sizes(f"{text}:shop")
    assert [[(None, len(APP))]] == await sizes(f"{text}:docker.io/library/shop:1")
    assert await sizes(f"{text}:r.io/x:2") == [[]]


async def test_choices(tmp_path: Path) -> None:
    """A name that is missing or wrong is answered with the names there are."""
    files = {"1.json": config_of([]), "2.json": config_of([])}
    images = [_image("1.json", [], "shop:1"), _image("2.json", [], "shop:2")]
    text = _write(tmp_path, files, *images)
    unnamed, wrong = await refusal(text), await refusal(f"{text}:no")

    assert "holds 2 images: add :NAME to choose one of shop:1, shop:2" in str(unnamed)
    assert "holds no image named 'no'; it holds shop:1, shop:2" in str(wrong)
    assert isinstance(await refusal(_write(tmp_path, {})), NotFoundError)


async def test_platforms(tmp_path: Path) -> None:
    """Entries of the same name are one image for several platforms, as containerd writes it."""
    files = {"1.json": config_of([]), "2.json": config_of([], "arm64")}
    images = [_image("1.json", [], "shop:1"), _image("2.json", [], "shop:1")]
    sourced = parse_source(_write(tmp_path, files, *images))
    document = await open_source(sourced).document(sourced.reference, ANONYMOUS)
    index = parse_document(document.body, document.media_type)

    assert isinstance(index, Index)
    assert [Platform("linux", "amd64"), Platform("linux", "arm64")] == [
        entry.platform for entry in index.manifests
    ]


async def test_false_layers(tmp_path: Path) -> None:
    """A layer that is not the one its config names proves nothing, and is refused."""
    files = {"c.json": config_of([APP]), "a.tar": tar_of({"other": b""})}
    error = await refusal(_write(tmp_path, files, _image("c.json", ["a.tar"])))

    assert isinstance(error, DigestMismatchError)


@pytest.mark.parametrize(
    ("manifest", "message"),
    [
        (b"{}", "not of the form"),
        (b"[1]", "not of the form"),
        (b'[{"Config": 1}]', "not of the form"),
        (b'[{"Config": "c.json", "Layers": 1}]', "not of the form"),
        (b'[{"Config": "c.json", "Layers": [1]}]', "not of the form"),
        (b'[{"Config": "c.json", "Layers": []}]', "lacks the config"),
        (b'[{"Config": "manifest.json", "Layers": []}]', "is not an object"),
        (b'[{"Config": "config", "Layers": ["a"]}]', "lists 1 layers, but the config 0"),
        (b'[{"Config": "config", "Layers": [%s]}]' % b",".join([b'"a"'] * 1001), "more than 1000"),
        (b"[" * 100_000, "is not JSON"),
        (b"[1", "is not JSON"),
        (b"", "is not JSON"),
    ],
    ids=lambda value: str(value)[:40],
)
async def test_bad_manifests(tmp_path: Path, manifest: bytes, message: str) -> None:
    """A manifest.json of another form is refused in a sentence."""
    path = tmp_path / "image.tar"
    path.write_bytes(tar_of({"manifest.json": manifest, "config": config_of([])}))

    assert message in str(await refusal(f"docker-archive:{path}"))


async def test_older_than_manifests(tmp_path: Path) -> None:
    """An archive from before Docker 1.10 is named as such."""
    path = tmp_path / "image.tar"
    path.write_bytes(tar_of({"repositories": b"{}"}))
    error = await refusal(f"docker-archive:{path}")

    assert isinstance(error, UnsupportedError)
    assert "which Docker 1.10 and later write" in str(error)
