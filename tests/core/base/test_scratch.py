"""What proves that an image stands on nothing, and what only suggests it (docs/adr/0002)."""

from dataclasses import replace

import pytest

from slimgate.core.base import KnownBase, find_base
from slimgate.core.base.scratch import has_shell
from slimgate.core.images.facts import Base, LayerContents, Platform
from slimgate.core.images.oci import ImageConfig
from slimgate.core.images.reference import Reference
from slimgate.core.images.tier import Evidence, Tier
from tests.core.base.make import MB, config, listing

SOYA = config(
    "COPY /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ # buildkit",
    "COPY /out/hello / # buildkit",
    '~ENTRYPOINT ["/hello"]',
)
CERTIFICATES = listing("etc", "etc/ssl/certs/ca-certificates.crt")
BINARY = listing("hello")
PROVEN = Base(
    name="scratch", family="scratch", tier=Tier.SCRATCH, evidence=Evidence.PROVEN, layers=0
)


def _find(
    image: ImageConfig, *contents: LayerContents | None, claimed: tuple[KnownBase, ...] = ()
) -> Base:
    return find_base(
        image,
        annotations={},
        layer_sizes=(MB // 5, 3 * MB)[: len(image.diff_ids)],
        unpacked_sizes=(),
        claimed=claimed,
        contents=contents,
    )


def test_layers_without_any_part_of_a_system_prove_scratch() -> None:
    """A static binary and its certificates, listed whole, stand on nothing."""
    assert _find(SOYA, CERTIFICATES, BINARY) == PROVEN


def test_history_does_not_matter_to_the_proof() -> None:
    """Contents prove scratch whatever the history says, or where there is none."""
    assert _find(config(layers=2), CERTIFICATES, BINARY) == PROVEN


@pytest.mark.parametrize(
    "path",
    [
        "etc/os-release",
        "usr/lib/os-release",
        "opt/rootfs/etc/os-release",
        "lib/apk/db/installed",
        "var/lib/dpkg/status",
        "var/lib/dpkg/status.d/base-files",
        "var/lib/rpm/Packages",
        "var/lib/rpmmanifest/container-manifest-1",
        "etc/photon-release",
        "usr/lib/sysimage/rpm/rpmdb.sqlite",
        "bin/sh",
        "usr/bin/bash",
        "busybox/busybox",
        "opt/x/bin/busybox",
        "lib64/ld-linux-x86-64.so.2",
        "lib/ld-musl-aarch64.so.1",
        "lib/x86_64-linux-gnu/libc.so.6",
        "lib/libc.musl-x86_64.so.1",
        "nix/store/abc-glibc-2.40/lib/x",
    ],
)
def test_any_part_of_a_system_disproves_scratch(path: str) -> None:
    """A shell, loader, C library, package database or os-release means that a system is there."""
    base = _find(SOYA, CERTIFICATES, listing("hello", path))

    assert base.tier is not Tier.SCRATCH


@pytest.mark.parametrize(
    "contents",
    [
        pytest.param((), id="no-layer-listed"),
        pytest.param((CERTIFICATES,), id="one-of-two-listed"),
        pytest.param((CERTIFICATES, None), id="one-too-large-to-list"),
        pytest.param((CERTIFICATES, listing("hello", complete=False)), id="one-cut"),
        pytest.param((CERTIFICATES, BINARY, BINARY), id="one-too-many"),
    ],
)
def test_less_than_every_layer_listed_whole_proves_nothing(
    contents: tuple[LayerContents | None, ...],
) -> None:
    """What was not seen may hold a system, so there is no proof."""
    assert _find(SOYA, *contents).evidence is not Evidence.PROVEN


def test_a_claimed_base_is_named_before_scratch() -> None:
    """Who claims a base of a few files stands on it, and its contents show no system all the same.

    What proves that would prove it without the claim, which is neither a gain nor a loss.
    """
    certificates = KnownBase.of(
        Reference.parse("registry.example.com/base/certs:1"),
        config("COPY certs /etc/ssl/certs/ # buildkit"),
    )

    base = _find(SOYA, CERTIFICATES, BINARY, claimed=(certificates,))

    assert base == replace(PROVEN, name="registry.example.com/base/certs:1", layers=1)


def test_windows_has_no_scratch() -> None:
    """The marks are those of Linux systems, so nothing is proven of other ones."""
    image = config(layers=1, platform=Platform("windows", "amd64"))

    assert _find(image, BINARY).evidence is not Evidence.PROVEN


@pytest.mark.parametrize(
    ("line", "tier"),
    [
        ("COPY app /app # buildkit", Tier.SCRATCH),
        ("COPY app /usr/bin/app # buildkit", Tier.SCRATCH),
        ("/bin/sh -c #(nop) COPY file:ab12 in / ", Tier.SCRATCH),
        ("COPY app /usr/bin/ # buildkit", Tier.SCRATCH),
        ("COPY bin /bin # buildkit", None),
        ("COPY bin/ /bin/ # buildkit", None),
        ("COPY rootfs/sbin /sbin/ # buildkit", None),
        ("COPY /usr/bin /usr/bin # buildkit", None),
        ("COPY tools/* /usr/bin/ # buildkit", None),
        ("COPY out/ /usr/sbin/ # buildkit", None),
        ("COPY /usr/local /usr/local # buildkit", None),
        ("COPY /usr/local /opt/local # buildkit", None),
        ("COPY app / # buildkit", None),
        ("COPY app . # buildkit", None),
        ("COPY app // # buildkit", None),
        ("COPY app /x/.. # buildkit", None),
        ("COPY rootfs/ / # buildkit", None),
        ("COPY usr /usr # buildkit", None),
        ("COPY libs /lib64 # buildkit", None),
        ("COPY /lib/ld-musl-x86_64.so.1 /x/ # buildkit", None),
        ("COPY /bin/sh /bin/sh # buildkit", None),
        ("/bin/sh -c #(nop) ADD file:ab12 in / ", None),
        ("/bin/sh -c #(nop) COPY dir:ab12 in / ", None),
        ("cp app /app", None),
    ],
)
def test_copies_of_less_than_a_root_suggest_scratch(line: str, tier: Tier | None) -> None:
    """An image of one large layer seems bare if the layer can't be a root filesystem."""
    base = find_base(config(line), annotations={}, layer_sizes=(9 * MB,), unpacked_sizes=())

    assert tier is base.tier


@pytest.mark.parametrize(
    ("line", "started", "tier"),
    [
        ("COPY /usr/local/bin/proxy / # buildkit", "/proxy", Tier.SCRATCH),
        ("COPY /usr/local/bin/proxy / # buildkit", "/sbin/init", None),
        ("COPY /out/bin / # buildkit", "/bin", None),
        ("COPY /proxy/ / # buildkit", "/proxy", None),
        ("COPY proxy etc / # buildkit", "/proxy", None),
        ("ADD proxy / # buildkit", "/proxy", None),
    ],
)
def test_what_is_started_where_it_was_copied_is_no_folder(
    line: str, started: str, tier: Tier | None
) -> None:
    """A copy onto the root may be a system, unless it is the program that the image starts."""
    image = config(line, entrypoint=(started,))
    base = find_base(image, annotations={}, layer_sizes=(30 * MB,), unpacked_sizes=())

    assert tier is base.tier


def test_a_layer_too_small_for_any_system_may_be_copied_onto_the_root() -> None:
    """`COPY hello /` of a few kilobytes is no root filesystem."""
    base = find_base(
        config("COPY hello / # buildkit"),
        annotations={},
        layer_sizes=(2_479,),
        unpacked_sizes=(13_256,),
    )

    assert (base.tier, base.evidence) == (Tier.SCRATCH, Evidence.INFERRED)


def test_a_config_without_layers_and_history_says_nothing() -> None:
    """A config that was cut off from its manifest is unknown, not scratch."""
    assert _find(config()) == Base()


def test_shells_are_known_where_programs_lie() -> None:
    """A script called sh in a data folder is no shell."""
    assert [
        has_shell(path) for path in ("bin/sh", "usr/local/bin/bash", "data/sh", "bin/shfmt")
    ] == [True, True, False, False]
