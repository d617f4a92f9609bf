"""Real archives that real tools wrote (docker, containerd, kaniko, eStargz's converter)."""

from pathlib import Path

import pytest

from slimgate.core.credentials.identity import ANONYMOUS
from slimgate.core.images.oci import parse_config
from slimgate.core.images.source import parse_source
from slimgate.sources.opening import open_source
from tests.sources.images import read, sizes

ARCHIVES = Path(__file__).parents[3] / "shared" / "images" / "archives"

pytestmark = pytest.mark.skipif(
    not ARCHIVES.exists(), reason="shared/images/archives is not beside this checkout"
)

FOURTEEN = [
    1369600, 8192, 3072, 9216, 9216, 9216, 9216, 9728, 8704, 2048, 5632, 8704, 9216, 8704
]  # fmt: skip
SIZES = [
    ("oci-archive", "containerd-busybox-attestation.tar", "arm64", [(1844697, 4280320)]),
    ("docker-archive", "containerd-busybox-attestation.tar", "arm64", [(1844697, 4280320)]),
    ("oci-archive", "docker-hello-world.tar", "amd64", [(None, 14848)]),
    ("docker-archive", "docker-hello-world.tar", "amd64", [(None, 14848)]),
    ("docker-archive", "docker-14-layers.tar", "amd64", [(None, size) for size in FOURTEEN]),
    ("docker-archive", "docker-alpine-3.11.tar.gz", "amd64", [(None, 5861888)]),
    ("docker-archive", "kaniko-busybox.tar", "amd64", [(268, 4608)]),
    ("oci-archive", "oci-estargz.tar", "arm64", [(4496, 14848)]),
    ("oci-archive", "oci-gzip.tar", "arm64", [(4132, 12800)]),
    ("oci-archive", "oci-uncompressed.tar", "arm64", [(12800, 12800)]),
]


@pytest.mark.parametrize(("kind", "file", "architecture", "expected"), SIZES)
async def test_sizes(
    kind: str, file: str, architecture: str, expected: list[tuple[int | None, int]]
) -> None:
    """Each layer's sizes are those that `tar tv` and `zcat | wc -c` give; attestations are left."""
    text = f"{kind}:{ARCHIVES / file}"
    sourced = parse_source(text)
    ((_, manifest),) = await read(text)
    config = await open_source(sourced).config(sourced.reference, manifest.config, ANONYMOUS)

    assert [expected] == await sizes(text)
    assert architecture == parse_config(config).platform.architecture


async def test_names() -> None:
    """The names that the archives give their images choose them."""
    busybox = ARCHIVES / "containerd-busybox-attestation.tar"
    texts = [
        f"oci-archive:{busybox}:v3",
        f"oci-archive:{busybox}:docker.io/foo/bar:v3",
        f"docker-archive:{busybox}:foo/bar:v3",
        f"docker-archive:{ARCHIVES / 'docker-14-layers.tar'}:dive-test",
        f"docker-archive:{ARCHIVES / 'kaniko-busybox.tar'}:kaniko-busybox:latest",
    ]

    assert [1] * len(texts) == [len(await read(text)) for text in texts]
