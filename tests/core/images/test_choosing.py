"""Platforms by whatever name, and what runtimes may choose of an index for a node's.

The table of what runs where is that of containerd's own tests:
https://github.com/containerd/platforms/blob/main/compare_test.go
"""

from dataclasses import replace

import pytest

from slimgate.core.images.choosing import choose, offered
from slimgate.core.images.facts import Digest, Platform
from slimgate.core.images.oci import OCI_INDEX, OCI_MANIFEST, ZSTD, Descriptor, Index
from slimgate.core.images.platforms import normalized, runnable
from tests.core.make import AMD64, ARM64, digest

WINDOWS = Platform("windows", "amd64")
UNKNOWN = Platform("unknown", "unknown")
NODES = ("linux/amd64", "linux/arm64", "windows/amd64", "windows/arm")
ARMS = ("linux/arm", "linux/arm/v5", "linux/arm/v6", "linux/arm/v7", "linux/arm/v8")
RUNS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "linux/amd64": (
        ("linux/amd64", "linux/386", "linux/x86_64", "Linux/AMD64", "linux/x86-64", "linux/i386"),
        ("linux/amd64/v2", "linux/arm/v7", "linux/i686", *NODES[1:]),
    ),
    "linux/amd64/v2": (
        ("linux/amd64", "linux/amd64/v1", "linux/amd64/v2", "linux/386"),
        ("linux/amd64/v3", "linux/amd64/v4", "linux/arm/v7", *NODES[1:]),
    ),
    "linux/386": (("linux/386",), ("linux/arm/v7", *NODES)),
    "windows/amd64": (("windows/amd64",), ("linux/amd64", "linux/arm/v7", "linux/arm64")),
    "linux/arm/v8": (ARMS, ("linux/arm/v4", *NODES)),
    "linux/arm/v7": ((*ARMS[:4], "linux/armhf"), ("linux/arm/v4", ARMS[4], *NODES)),
    "linux/arm/v6": ((*ARMS[1:3], "linux/armel"), ("linux/arm", *ARMS[3:], *NODES)),
    "linux/arm/v5": (ARMS[1:2], ("linux/arm", "linux/arm/v4", *ARMS[2:], *NODES)),
    "linux/arm/v4": (("linux/arm/v4",), (*ARMS, *NODES)),
    "linux/arm64/v9": (
        (
            *ARMS, "linux/arm64", "linux/arm64/v8", "linux/arm64/v8.1", "linux/arm64/v8.5",
            "linux/arm64/v9", "linux/arm64/v9.0",
        ),
        ("linux/amd64", "linux/arm/v4", "windows/arm", "linux/arm64/v8.6"),
    ),
    "linux/arm64/v9.1": (
        ("linux/arm64/v9.1", "linux/arm64/v9", "linux/arm64/v8.6", "linux/arm64/v8"),
        ("linux/arm64/v9.2", "linux/arm64/v8.7"),
    ),
    "linux/arm64/v8.1": (
        (*ARMS, "linux/arm64", "linux/arm64/v8", "linux/arm64/v8.1"),
        ("linux/amd64", "linux/arm/v4", "linux/arm/v9", "linux/arm64/v9"),
    ),
    "linux/arm64": (
        (*ARMS, "linux/arm64", "linux/arm64/v8", "linux/arm64/8", "Linux/aarch64"),
        ("linux/amd64", "linux/arm/v4", "linux/arm/v9", "linux/arm64/v9", "linux/arm64/v8.1"),
    ),
}  # fmt: skip


def written(text: str) -> Platform:
    """Take a platform as it is written, as an index may have it."""
    system, architecture, *variant = text.split("/")
    return Platform(system, architecture, *variant)


@pytest.mark.parametrize("machine", RUNS)
def test_what_a_machine_runs(machine: str) -> None:
    """What containerd's tests say of each platform, and the same by other names."""
    runs, refuses = RUNS[machine]
    found = runnable(written(machine))

    assert [one for one in runs if normalized(written(one)) not in found] == []
    assert [one for one in refuses if normalized(written(one)) in found] == []


@pytest.mark.parametrize(
    ("machine", "expected"),
    [
        ("linux/amd64/v3", "amd64/v3 amd64/v2 amd64 386"),
        ("linux/arm/v7", "arm/v7 arm/v6 arm/v5"),
        ("linux/arm64", "arm64 arm/v8 arm/v7 arm/v6 arm/v5"),
        ("linux/arm64/v8.2", "arm64/v8.2 arm64/v8.1 arm64 arm/v8 arm/v7 arm/v6 arm/v5"),
        ("linux/s390x", "s390x"),
    ],
)  # fmt: skip
def test_what_is_best(machine: str, expected: str) -> None:
    """The order in which containerd prefers what a machine runs."""
    found = [str(one).removeprefix("linux/") for one in runnable(written(machine))]

    assert found == expected.split()


@pytest.mark.parametrize("variant", ["v99999999999", "v999", "v\u0662", "x", "v9.99"])
def test_variants_of_nowhere(variant: str) -> None:
    """A made-up variant runs itself, and makes no list that never ends."""
    for architecture in ("amd64", "arm", "arm64"):
        assert len(runnable(Platform("linux", architecture, variant))) < 16


def arm(variant: str | None) -> Platform:
    """Make a 32-bit ARM platform."""
    return Platform("linux", "arm", variant)


def entry(number: int, platform: Platform | None, **annotations: str) -> Descriptor:
    """Make an entry of an index."""
    known = {"type": "vnd.docker.reference.type", "zstd": ZSTD}
    named = {known[key]: text for key, text in annotations.items()}
    return Descriptor(
        media_type=OCI_MANIFEST,
        digest=digest(number),
        size=number,
        platform=platform,
        annotations=named,
    )


def asking(one: Descriptor, *features: str, version: str | None = None) -> Descriptor:
    """Have an entry ask for more than a platform's name says."""
    return replace(one, os_features=bool(features), os_version=version)


Offers = list[Descriptor]
PLAIN = [entry(1, AMD64), entry(2, ARM64), entry(3, arm("v7")), entry(4, WINDOWS)]
I386 = Platform("linux", "386")
CHOICES: list[tuple[str, Offers, Platform | None, list[int]]] = [
    ("one", PLAIN, ARM64, [2]),
    ("none", PLAIN, Platform("linux", "s390x"), []),
    ("all", PLAIN, None, [1, 2, 3, 4]),
    ("all of equals", [entry(1, AMD64), entry(2, AMD64)], AMD64, [1, 2]),
    ("the same twice", [entry(1, AMD64), entry(1, ARM64)], None, [1]),
    ("a variant", [entry(1, arm("v6")), entry(2, arm("v7"))], arm("v7"), [2]),
    ("no variant offered", [entry(1, arm(None))], arm("v7"), [1]),
    ("a lesser variant", [entry(1, arm("v5")), entry(2, arm("v6"))], arm("v7"), [2]),
    ("another variant", [entry(1, arm("v8"))], arm("v7"), []),
    ("each that an arm may be", [entry(1, arm("v5")), entry(2, arm("v7"))], arm(None), [2, 1]),
    (
        "what newer amd64 machines run",
        [entry(1, Platform("linux", "amd64", "v3")), entry(2, AMD64)],
        AMD64,
        [2, 1],
    ),
    (
        "arm64's own variant",
        [entry(1, Platform("linux", "arm64", "v9")), entry(2, Platform("linux", "arm64", "v8"))],
        ARM64,
        [2],
    ),
    ("another name", [entry(1, Platform("linux", "x86_64")), entry(2, AMD64)], AMD64, [1, 2]),
    ("no system", [entry(1, Platform("", "amd64")), entry(2, AMD64)], AMD64, [1, 2]),
    ("an older system", [entry(1, I386)], AMD64, [1]),
    ("none older", [entry(1, I386), entry(2, AMD64)], AMD64, [2]),
    ("32 bits on arm64", [entry(1, arm("v5")), entry(2, arm("v6"))], ARM64, [2]),
    ("an entry without platform", [entry(1, None)], AMD64, [1]),
    ("a platform before none", [entry(1, None), entry(2, AMD64)], AMD64, [2]),
    ("CRI-O finds no 386", [entry(1, None), entry(2, I386)], AMD64, [2, 1]),
    ("CRI-O reads no names", [entry(1, None), entry(2, Platform("Linux", "amd64"))], AMD64, [2, 1]),
    ("CRI-O reads variants", [
        entry(1, None), entry(2, Platform("linux", "amd64", "v1")),
    ], AMD64, [2, 1]),
    ("the variant that all of arm64 have", [
        entry(1, None), entry(2, Platform("linux", "arm64", "v8")),
    ], ARM64, [2]),
    ("a feature that runtimes may look at", [
        asking(entry(1, AMD64), "any"), entry(2, I386), entry(3, None),
    ], AMD64, [1, 2]),
    ("a feature beside no platform", [
        asking(entry(1, AMD64), "any"), entry(2, None),
    ], AMD64, [1, 2]),
    ("a feature that a node may have, beside one that it lacks", [
        asking(entry(1, AMD64), "none"), asking(entry(2, I386), "erofs"), entry(3, I386),
    ], AMD64, [1, 2, 3]),
    ("a variant that older runtimes pass over", [
        entry(1, arm("v7")), entry(2, Platform("linux", "arm64", "v8.0")),
    ], ARM64, [2, 1]),
    ("a variant that none reads", [
        entry(1, arm("v7")), entry(2, Platform("linux", "arm64", "8.0")),
    ], ARM64, [1]),
    ("a capital of Turkish", [
        entry(1, Platform("l\u0130nux", "amd64")), entry(2, AMD64),
    ], AMD64, [1, 2]),
    ("another capital of Turkish", [entry(1, Platform("linux", "\u0130386"))], AMD64, [1]),
    ("a feature beside none", [asking(entry(1, AMD64), "any"), entry(2, AMD64)], AMD64, [1, 2]),
    ("a version that a node may lack", [
        asking(entry(1, WINDOWS), version="10.0.1"), entry(2, None),
    ], WINDOWS, [1, 2]),
    ("a version that no Linux looks at", [
        asking(entry(1, AMD64), version="1"), entry(2, I386), entry(3, None),
    ], AMD64, [1]),
    ("CRI-O likes zstd", [
        entry(1, Platform("linux", "AMD64")), entry(2, AMD64), entry(3, AMD64, zstd="true"),
    ], AMD64, [1, 3, 2]),
    ("attestations", [entry(1, UNKNOWN), entry(2, None, type="x"), entry(3, AMD64)], None, [3]),
    ("nothing else", [entry(1, UNKNOWN), entry(2, None, type="x")], AMD64, [2]),
    ("a fat image that calls itself another", [entry(1, AMD64, type="x")], AMD64, [1]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("offers", "wanted", "expected"), [one[1:] for one in CHOICES], ids=[one[0] for one in CHOICES]
)
def test_choices(offers: Offers, wanted: Platform | None, expected: list[int]) -> None:
    """All that some runtime may choose, that first which one is known to choose."""
    index = Index(media_type=OCI_INDEX, manifests=tuple(offers), annotations={})

    assert [one.digest for one in choose(index, wanted)] == [
        Digest(digest(number)) for number in expected
    ]


def test_offers_are_named_alike() -> None:
    """What an index has is named in one way, and only once."""
    offers = [entry(1, Platform("Linux", "x86_64")), entry(2, AMD64), entry(3, None)]
    index = Index(media_type=OCI_INDEX, manifests=tuple(offers), annotations={})

    assert offered(index) == ["linux/amd64"]
