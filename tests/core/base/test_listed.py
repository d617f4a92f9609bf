"""A lowest layer that was small enough to list tells more than the config."""

import pytest

from slimgate.core.base import find_base
from slimgate.core.images.facts import LayerContents
from slimgate.core.images.oci import ImageConfig
from slimgate.core.images.tier import Tier
from tests.core.base.make import config, listing

IMPORT = config("  ## Imported from -")
APKO = config("apko  ## Title by Vendor", entrypoint=("/usr/bin/git",))
ADDED = config("ADD alpine-minirootfs-3.22.1-x86_64.tar.gz / # buildkit")


@pytest.mark.parametrize(
    ("image", "layer", "family", "tier"),
    [
        pytest.param(
            IMPORT, listing("etc/alpine-release", "lib/apk/db/installed", "bin/busybox"),
            "alpine", Tier.MINIMAL, id="alpine",
        ),
        pytest.param(IMPORT, listing("bin/busybox", "bin/sh"), "busybox", Tier.MINIMAL,
                     id="busybox"),
        pytest.param(
            IMPORT, listing("etc/os-release", "var/lib/dpkg/status.d/base-files"),
            None, Tier.DISTROLESS, id="packages-without-a-shell",
        ),
        pytest.param(
            APKO, listing("lib/apk/db/installed", "bin/busybox"), None, Tier.MINIMAL,
            id="apko-with-a-shell",
        ),
        pytest.param(APKO, listing("usr/lib/apk/db/installed", "usr/bin/git"), None,
                     Tier.DISTROLESS, id="apko-without-one"),
        pytest.param(
            config("COPY /rootfs / # buildkit"), listing("lib/apk/db/installed", "usr/bin/git"),
            None, None, id="an-apk-database-by-hand",
        ),
        pytest.param(
            APKO, listing("usr/lib/apk/db/installed", "etc/apk/keys/wolfi-signing.rsa.pub"),
            "wolfi", Tier.DISTROLESS, id="apko-with-the-key-of-wolfi",
        ),
        pytest.param(
            config("COPY /rootfs / # buildkit", "COPY /app /app # buildkit"),
            listing("var/lib/chisel/manifest.wall", "usr/lib/os-release"),
            "ubuntu", Tier.DISTROLESS, id="chiselled-below-what-is-not-listed",
        ),
        pytest.param(
            IMPORT, listing("var/lib/rpmmanifest/container-manifest-1", "etc/azurelinux-release"),
            "azurelinux", Tier.DISTROLESS, id="rpm-without-a-manager",
        ),
        pytest.param(
            IMPORT, listing("var/lib/rpmmanifest/container-manifest-1", "usr/bin/bash"),
            None, Tier.MINIMAL, id="rpm-without-a-manager-but-a-shell",
        ),
        pytest.param(
            ADDED, listing("bin/busybox", "bin/sh"), "busybox", Tier.MINIMAL,
            id="the-layer-over-its-name",
        ),
        pytest.param(IMPORT, listing("bin/busybox", complete=False), None, None, id="cut"),
        pytest.param(IMPORT, listing("etc/os-release", "bin/sh"), None, None, id="some-system"),
    ],
)  # fmt: skip
def test_contents_are_believed_over_words(
    image: ImageConfig, layer: LayerContents, family: str | None, tier: Tier | None
) -> None:
    """What was seen in the layer stands against what the config tells of it."""
    base = find_base(image, annotations={}, layer_sizes=(), unpacked_sizes=(), contents=(layer,))

    assert (family, tier) == (base.family, base.tier)
