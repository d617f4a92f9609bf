"""Every form in files that a real containerd wrote: OCI archive, OCI layout, docker archive."""

import tarfile
from pathlib import Path

import pytest

from tests.sizes.conftest import Shop, form
from tests.sizes.containerd import Containerd
from tests.sizes.forms import NAMES, Form
from tests.sizes.looking import look
from tests.support.images import AMD64, OCI_LAYER

pytestmark = [pytest.mark.lab, pytest.mark.node, pytest.mark.registry]


@pytest.mark.parametrize("name", NAMES)
async def test_sizes_in_files(
    name: str, shop: Shop, containerd: Containerd, tmp_path: Path
) -> None:
    """Whatever holds the layers, what is known of both sizes is the same to the byte."""
    reference = shop.reference(name)
    containerd.pull(reference)
    archive = containerd.export(reference, tmp_path / "exported.tar")
    with tarfile.open(archive) as tar:
        tar.extractall(tmp_path / "layout", filter="data")
    for text in (
        f"oci-archive:{archive}",
        f"oci:{tmp_path / 'layout'}",
        f"docker-archive:{archive}",
    ):
        found = await look(text, platforms=(AMD64,))
        assert (text, found.pull) == (text, [pull_sizes(form(name))])
        assert (text, found.unpacked) == (text, form(name).unpacked[:1])


def pull_sizes(made: Form) -> list[int | None]:
    """Tell what is known: not whether plain tars were ever packed, where Docker may have saved."""
    return [
        None if one.layer.media_type == OCI_LAYER else len(one.layer.blob)
        for one in made.platforms[0]
    ]
