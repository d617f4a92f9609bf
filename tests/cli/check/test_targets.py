"""What an argument of `slimgate check` names: a manifest, an image, or neither."""

from pathlib import Path

import pytest

from slimgate.cli.check.targets import placed_image, sort_targets
from slimgate.core.errors import SettingsError
from slimgate.core.workloads.workload import ImageUse, Role


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make a folder with files, and work in it."""
    for name in ("deploy", "nginx"):
        (tmp_path / name).mkdir()
    for name in ("web.yaml", "shop:1.2", "plain"):
        (tmp_path / name).touch()
    monkeypatch.chdir(tmp_path)


MANIFESTS = [
    "-", "deploy", "deploy/", "nginx", "web.yaml", "plain", "shop:1.2", "./gone", "../gone",
    "/gone", "gone.yaml", "gone.yml", "gone.json", "gone/", "~/gone",
]  # fmt: skip
IMAGES = [
    "shop:1.3", "registry.example.com/shop", "localhost/shop", "team/shop:1", "oci:deploy",
    "alpine@sha256:" + "a" * 64, "docker-archive:web.yaml", "docker://shop", "oci-archive:x.tar:1",
]  # fmt: skip


@pytest.mark.parametrize("name", [*MANIFESTS, *IMAGES])
def test_names(name: str) -> None:
    """What exists, or can only be a path, is a manifest; a tag, digest or prefix makes an image."""
    is_image = name in IMAGES
    found = sort_targets([name], by_flags_alone=not is_image)

    assert (found.manifests, found.images) == (([], [name]) if is_image else ([name], []))


@pytest.mark.parametrize("name", ["alpine", "team/shop"])
def test_bare_names(name: str) -> None:
    """A bare name is an image for limits on the command line; beside a policy it may be a path."""
    assert sort_targets([name], by_flags_alone=True).images == [name]
    with pytest.raises(SettingsError) as caught:
        sort_targets([name], by_flags_alone=False)

    assert str(caught.value) == (
        f"{name}: there is no such file or folder; if it is an image, write its tag too, as in "
        f"{name}:latest"
    )


@pytest.mark.parametrize("name", ["https://x/y.yaml", "http://x", "HTTPS://x", "oci://x/y:1"])
def test_urls(name: str) -> None:
    """A URL is neither, and the sentence says what to do instead."""
    with pytest.raises(SettingsError, match=r"is a URL: write an image without https://, and"):
        sort_targets([name], by_flags_alone=True)


@pytest.mark.parametrize("name", ["A B", "", "x:y:z", "\x1b[2J", "docker-daemon:x"])
def test_neither(name: str) -> None:
    """What is neither is refused in one line that is safe to print."""
    with pytest.raises(SettingsError, match="there is no such file or folder, and ") as caught:
        sort_targets([name], by_flags_alone=True)

    assert str(caught.value).isprintable()


def test_an_image_as_a_workload() -> None:
    """An image is judged as a Pod with nothing else in it, and is called by its reference."""
    placed = placed_image("registry.example.com/team/shop:1.2", "team")
    workload = placed.workload

    assert (workload.kind, workload.namespace, workload.name) == ("Pod", "team", "shop")
    assert workload.images == (
        ImageUse(role=Role.IMAGE, name="", reference="registry.example.com/team/shop:1.2"),
    )
    assert (placed.file, placed.line, placed.title) == (
        None, None, "registry.example.com/team/shop:1.2"
    )  # fmt: skip
