"""OCI layouts, in folders and archives: choosing an image, missing and wrong blobs."""

import gzip
import json
import lzma
import os
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from slimgate.core.credentials.identity import ANONYMOUS
from slimgate.core.errors import (
    DigestMismatchError,
    ImageError,
    NotFoundError,
    TooLargeError,
    UnsupportedError,
)
from slimgate.core.images.facts import LayerContents, Size
from slimgate.core.images.oci import Index, parse_document
from slimgate.core.images.source import parse_source
from slimgate.engine.ports import LayerReading
from slimgate.sources.opening import open_source
from tests.sources.images import (
    INDEX,
    MANIFEST,
    REF_NAME,
    Files,
    add_blob,
    add_image,
    descriptor,
    first_layer,
    read,
    refusal,
    set_index,
    sha,
    sizes,
    tar_of,
    write_folder,
)
from tests.support import zstd

APP = tar_of({"./app": b"x" * 5000, "etc/app.conf": b"y"})


def _path(entry: Mapping[str, object]) -> str:
    return f"blobs/{str(entry['digest']).replace(':', '/')}"


async def _found(text: str) -> list[object]:
    return [document.digest for document, _ in await read(text)]


def _named(name: str) -> dict[str, object]:
    return {"annotations": {REF_NAME: name}}


def _platform(architecture: str) -> dict[str, object]:
    return {"platform": {"os": "linux", "architecture": architecture}}


PACKED: Mapping[str, Callable[[bytes], bytes]] = {
    "plain": bytes,
    "gzip": gzip.compress,
    "xz": lzma.compress,
    "zstd": zstd.compress,
}


@pytest.fixture(params=["oci", "plain", "gzip", "xz", "zstd"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> "Place":
    """Give each way to keep a layout."""
    return Place(request.param, tmp_path)


class Place:
    """Writes a layout as a folder, an archive or a compressed archive."""

    def __init__(self, kind: str, folder: Path) -> None:
        self.kind = kind
        self.folder = folder

    def write(self, files: Files) -> str:
        """Write the layout and return its sourced reference."""
        if self.kind == "oci":
            return f"oci:{write_folder(files, self.folder / 'layout')}"
        path = self.folder / "layout.tar"
        path.write_bytes(PACKED[self.kind](tar_of(files)))
        return f"oci-archive:{path}"


async def test_only_image(place: Place) -> None:
    """The only image of a layout needs no name; its sizes are exact, its paths listed."""
    files: Files = {}
    set_index(files, add_image(files, [APP, b""]))
    text = place.write(files)
    stored = [len(gzip.compress(tar, mtime=0)) for tar in (APP, b"")]
    contents = LayerContents(paths=frozenset({"app", "etc/app.conf"}))
    reading = LayerReading(unpacked=Size.measured(len(APP)), contents=contents)

    assert [[(stored[0], len(APP)), (stored[1], 0)]] == await sizes(text)
    assert await first_layer(text) == reading


@pytest.mark.parametrize(
    ("saved", "gzipped", "pull"),
    [(True, False, None), (False, False, len(APP)), (True, True, len(gzip.compress(APP, mtime=0)))],
)
async def test_what_the_docker_engine_saved(
    place: Place, pull: int | None, *, saved: bool, gzipped: bool
) -> None:
    """Plain layers may be packed in a registry, unless it was no engine that wrote them."""
    files: Files = {"manifest.json": b"[]"} if saved else {}
    set_index(files, add_image(files, [APP], gzipped=gzipped))

    assert [[(pull, len(APP))]] == await sizes(place.write(files))


async def test_missing_layers(place: Place) -> None:
    """Without its layers an image still gives its manifest, config and pull sizes."""
    files: Files = {}
    set_index(files, add_image(files, [APP], with_layers=False))
    text = place.write(files)
    reading = await first_layer(text)

    assert [[(len(gzip.compress(APP, mtime=0)), None)]] == await sizes(text)
    assert reading.unpacked.reason == f"{text.partition(':')[2]} lacks the layer's blob"


async def test_names(place: Place) -> None:
    """Among several images a name or a digest chooses."""
    files: Files = {}
    one = add_image(files, [APP], more=_named("one"))
    two = add_image(files, [b""], more=_named("r.io/two:2"))
    set_index(files, one, two)
    text = place.write(files)

    assert await _found(f"{text}:one") == [one["digest"]]
    assert await _found(f"{text}:r.io/two:2") == [two["digest"]]
    assert await _found(f"{text}@{two['digest']}") == [two["digest"]]


async def test_choices(place: Place) -> None:
    """A name that is missing or wrong is answered with the names there are."""
    files: Files = {}
    plain = add_image(files, [])
    set_index(files, add_image(files, [APP], more=_named("one")), plain)
    text = place.write(files)

    unnamed, wrong = await refusal(text), await refusal(f"{text}:three")

    choices = f"one, @{plain['digest']}"
    assert "holds 2 images: add :NAME or @DIGEST to choose one of " + choices in str(unnamed)
    assert f"holds no image named 'three'; it holds {choices}" in str(wrong)


async def test_platforms_side_by_side(place: Place) -> None:
    """Entries of one name for different platforms are one image; attestations are none."""
    files: Files = {}
    amd = add_image(files, [APP], more=_platform("amd64"))
    arm = add_image(files, [b""], architecture="arm64", more=_platform("arm64"))
    attestation = add_image(files, [b"sbom"], more=_platform("unknown"))
    attestation["platform"] = {"os": "unknown", "architecture": "unknown"}
    set_index(files, amd, arm, attestation)
    text = place.write(files)
    sourced = parse_source(text)
    top = await open_source(sourced).document(sourced.reference, ANONYMOUS)

    assert [amd["digest"], arm["digest"]] == await _found(text)
    assert top.synthetic
    assert isinstance(parse_document(top.body, top.media_type), Index)


SIGNATURE = "application/vnd.dev.cosign.simplesigning.v1+json"
BESIDE: dict[str, dict[str, object]] = {
    "a signature": {"layers": [descriptor(SIGNATURE, b"{}")]},
    "an SBOM": {
        "artifactType": "application/spdx+json",
        "config": descriptor("application/vnd.oci.empty.v1+json", b"{}"),
        "layers": [descriptor("application/spdx+json", b"{}")],
    },
    "a SOCI index": {
        "artifactType": "application/vnd.amazon.soci.index.v2+json",
        "config": descriptor("application/vnd.amazon.soci.index.v2+json", b"{}"),
        "layers": [descriptor("application/octet-stream", b"ztoc")],
    },
    "a referrer that looks like an image": {"subject": descriptor(MANIFEST, b"{}")},
    "files that somebody pushed": {
        "artifactType": "application/x-files",
        "config": descriptor("application/vnd.oci.empty.v1+json", b"{}"),
    },
}


@pytest.mark.parametrize("kind", BESIDE)
async def test_what_lies_beside_an_image(place: Place, kind: str) -> None:
    """Signatures, SBOMs and the like are not what anybody means, but have names and digests."""
    files: Files = {}
    image, other = add_image(files, [APP]), add_image(files, [b"other"])
    path = _path(other)
    body = json.dumps({**json.loads(files[path]), **BESIDE[kind]}).encode()
    add_blob(files, body)
    beside = descriptor(MANIFEST, body)
    referrers = {"schemaVersion": 2, "manifests": [{**beside, "artifactType": "x/y"}]}
    add_blob(files, json.dumps(referrers).encode())
    set_index(files, beside, image, descriptor(INDEX, json.dumps(referrers).encode()))
    text = place.write(files)

    assert await _found(text) == [image["digest"]]
    assert await _found(f"{text}@{beside['digest']}") == [beside["digest"]]


async def test_two_versions_of_windows(place: Place) -> None:
    """They are one image, as in an index of a registry."""
    files: Files = {}
    entries = [
        add_image(
            files,
            [version.encode()],
            more={"platform": {"os": "windows", "architecture": "amd64", "os.version": version}},
        )
        for version in ("10.0.17763.1", "10.0.20348.1")
    ]
    set_index(files, *entries)

    found = await _found(place.write(files))
    assert found == [entry["digest"] for entry in entries]


async def test_an_export_of_one_platform(place: Place) -> None:
    """Who asks for another platform is told which one is there."""
    files: Files = {}
    entries = [
        add_image(files, [name.encode()], architecture=name, more=_platform(name))
        for name in ("amd64", "arm64")
    ]
    inner = json.dumps({"schemaVersion": 2, "manifests": entries}).encode()
    add_blob(files, inner)
    set_index(files, descriptor(INDEX, inner))
    del files[_path(entries[0])]

    assert str(await refusal(place.write(files))).endswith("; it holds the image for linux/arm64")


async def test_a_layer_of_another_size(place: Place) -> None:
    """Runtimes refuse it, so it is broken."""
    files: Files = {}
    entry = add_image(files, [APP])
    path = _path(entry)
    manifest = json.loads(files[path])
    manifest["layers"][0]["size"] += 1
    body = json.dumps(manifest).encode()
    add_blob(files, body)
    set_index(files, descriptor(MANIFEST, body))

    assert "the image is broken" in str(await refusal(place.write(files)))


async def test_nested_index(place: Place) -> None:
    """An index within the layout is the image, as containerd and skopeo write it."""
    files: Files = {}
    inner = {"schemaVersion": 2, "manifests": [add_image(files, [APP], more=_platform("amd64"))]}
    body = json.dumps(inner).encode()
    add_blob(files, body)
    media_type = "application/vnd.oci.image.index.v1+json"
    set_index(files, descriptor(media_type, body) | _named("latest"))
    text = place.write(files)
    (document, _), *rest = await read(text)

    assert not rest
    assert not document.synthetic


async def test_wrong_blobs(place: Place) -> None:
    """Bytes that are not what their digest names are refused, documents and layers alike."""
    for body in (APP, b"{}"):
        files: Files = {}
        entry = add_image(files, [APP])
        set_index(files, entry)
        layer = f"blobs/{sha(gzip.compress(APP, mtime=0)).replace(':', '/')}"
        manifest = _path(entry)
        files[layer if body == APP else manifest] = body

        assert isinstance(await refusal(place.write(files)), DigestMismatchError)


async def test_missing_documents(place: Place) -> None:
    """A layout without its manifest, or without any image, says so."""
    files: Files = {}
    entry = add_image(files, [])
    set_index(files, entry)
    del files[_path(entry)]
    missing = await refusal(place.write(files))
    set_index(files)
    empty = await refusal(place.write(files))

    assert "lacks the blob sha256:" in str(missing)
    assert str(empty).endswith("holds no image")


@pytest.mark.parametrize(
    ("body", "error", "message"),
    [
        (b"{}", UnsupportedError, "no config or no layers"),
        (b"[]", UnsupportedError, "not an object"),
        (b"{", UnsupportedError, "not JSON"),
        (b'{"manifests": 1}', UnsupportedError, "not a list"),
        (b"[" * 30_000, ImageError, "the document is"),
        (b"{" + b" " * 2**22, TooLargeError, "is larger than"),
    ],
    ids=lambda value: str(value)[:20],
)
async def test_bad_index(place: Place, body: bytes, error: type[ImageError], message: str) -> None:
    """An index.json that is none is refused in a sentence."""
    found = await refusal(place.write({"index.json": body}))

    assert isinstance(found, error)
    assert message in str(found)


async def test_no_layout(tmp_path: Path) -> None:
    """Paths that hold no layout are told apart, with what to write instead."""
    archive = tmp_path / "x.tar"
    archive.write_bytes(tar_of({"a": b""}))
    (tmp_path / "index.json").mkdir()

    assert "does not exist" in str(await refusal(f"oci:{tmp_path}/nope"))
    assert "write oci-archive:FILE" in str(await refusal(f"oci:{archive}"))
    assert "no index.json" in str(await refusal(f"oci-archive:{archive}"))
    assert "write oci:FOLDER" in str(await refusal(f"oci-archive:{tmp_path}"))
    assert isinstance(await refusal(f"oci-archive:{tmp_path}/nope"), NotFoundError)
    assert "not a regular file" in str(await refusal(f"oci:{tmp_path}"))


async def test_pipes_are_refused(tmp_path: Path) -> None:
    """A pipe in place of a blob does not hold the reader."""
    os.mkfifo(tmp_path / "index.json")

    assert "not a regular file" in str(await refusal(f"oci:{tmp_path}"))


async def test_linked_blobs(tmp_path: Path) -> None:
    """Blobs that are links, as build tools make them, are read and checked."""
    files: Files = {}
    set_index(files, add_image(files, [APP]))
    layout = write_folder(files, tmp_path / "layout")
    (layout / "blobs").rename(tmp_path / "elsewhere")
    (layout / "blobs").symlink_to(tmp_path / "elsewhere")

    assert [[(len(gzip.compress(APP, mtime=0)), len(APP))]] == await sizes(f"oci:{layout}")


async def test_sha512(place: Place) -> None:
    """Blobs named by sha512 are found and checked."""
    files: Files = {}
    entry = add_image(files, [])
    manifest = files.pop(_path(entry))
    entry["digest"] = sha(manifest, "sha512")
    files[_path(entry)] = manifest
    set_index(files, entry)

    assert await _found(place.write(files)) == [entry["digest"]]
