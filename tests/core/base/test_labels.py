"""Distributions by the labels that their own build systems write, and by their packages' signs."""

from collections.abc import Mapping

import pytest

from slimgate.core.base import find_base, find_toolchains
from slimgate.core.images.facts import Base
from slimgate.core.images.oci import ImageConfig
from slimgate.core.images.tier import Tier
from tests.core.base.make import MB, config

ADD = "/bin/sh -c #(nop) ADD file:0a1b2c3d in / "
RED_HAT = {"vendor": "Red Hat, Inc."}


def inferred(given: ImageConfig, *mb: float) -> Base:
    """Find a base by what an image's config says."""
    sizes = tuple(int(one * MB) for one in mb) or (80 * MB,)
    return find_base(given, annotations={}, layer_sizes=sizes, unpacked_sizes=(None,) * len(sizes))


LABELS = [
    ("photon", {"name": "Photon OS x86_64/5.0 Base Image"}, ("photon", None, Tier.MINIMAL)),
    (
        "ubi",
        {**RED_HAT, "com.redhat.component": "ubi9-container", "name": "ubi9"},
        ("ubi", "ubi9/ubi", Tier.FULL),
    ),
    (
        "a child of ubi",
        {**RED_HAT, "com.redhat.component": "nodejs-20-ubi9-container", "name": "nodejs"},
        ("ubi", None, None),
    ),
    (
        "another image of Red Hat",
        {**RED_HAT, "com.redhat.component": "etcd", "name": "etcd"},
        (None, None, None),
    ),
    ("suse", {"org.opensuse.base.title": "BCI micro", "a": "bci-micro"},
     ("suse", None, Tier.MINIMAL)),
    (
        "ubi of another vendor",
        {"vendor": "Shop", "com.redhat.component": "ubi8-minimal-container", "name": "shop"},
        ("ubi", "ubi8/ubi-minimal", Tier.MINIMAL),
    ),
    (
        "ubi by its title",
        {"vendor": "Shop", "name": "shop",
         "io.k8s.display-name": "Red Hat Universal Base Image 8 Minimal"},
        ("ubi", "ubi8/ubi-minimal", Tier.MINIMAL),
    ),
    ("ubi by its tags", {"vendor": "Shop", "io.openshift.tags": "minimal rhel9"},
     ("ubi", "ubi9/ubi-minimal", Tier.MINIMAL)),
    ("some ubi by its tags", {"vendor": "Shop", "io.openshift.tags": "base rhel9"},
     ("ubi", None, None)),
    ("tags of its own", {"vendor": "Shop", "io.openshift.tags": "shop,minimal"},
     (None, None, None)),
    (
        "rhel 7",
        {**RED_HAT, "com.redhat.component": "rhel-server-container", "name": "rhel7",
         "io.k8s.display-name": "Red Hat Enterprise Linux 7"},
        ("rhel", "rhel7", Tier.FULL),
    ),
    (
        "rhel 7 atomic",
        {**RED_HAT, "com.redhat.component": "rhel7-atomic-container", "name": "rhel7-atomic"},
        ("rhel", "rhel7", Tier.MINIMAL),
    ),
    (
        "fedora of a new build",
        {f"org.opencontainers.image.{key}": value for key, value in
         (("name", "fedora"), ("vendor", "Fedora Project"), ("version", "42"))},
        ("fedora", "fedora:42", Tier.FULL),
    ),
    ("a name alone", {"name": "fedora"}, (None, None, None)),
]  # fmt: skip


@pytest.mark.parametrize(
    ("labels", "expected"), [case[1:] for case in LABELS], ids=[case[0] for case in LABELS]
)
def test_labels(
    labels: Mapping[str, str], expected: tuple[str | None, str | None, Tier | None]
) -> None:
    """A distribution's own labels name it; what only resembles them does not."""
    found = inferred(config(ADD, labels=labels))

    assert (found.family, found.name, found.tier) == expected


@pytest.mark.parametrize(
    "text",
    [
        "name=Photon OS x86_64 vendor=VMware",
        'name=Photon OS x86_64 vendor="VM',
        "stray name=Photon OS x86_64",
        "name='Photon OS x86_64'",
    ],
    ids=["without quotes", "half a quote", "a stray word", "quoted"],
)
def test_label_steps(text: str) -> None:
    """Labels are read off the steps of the base too, however builders have written them."""
    found = inferred(config(f"~/bin/sh -c #(nop)  LABEL {text}", ADD))

    assert found.family == "photon"


def test_the_first_label_is_the_base() -> None:
    """A build that overwrites the base's labels, right after its only layer, hides it not."""
    ubi = 'name=ubi9/ubi-micro vendor="Red Hat, Inc." com.redhat.component=ubi9-micro-container'
    own = {"name": "shop", "vendor": "Shop", "com.redhat.component": "shop-container"}
    text = " ".join(f"{key}={value}" for key, value in own.items())
    found = inferred(config(ADD, f"~LABEL {ubi}", f"~LABEL {text}", labels=own))

    assert (found.name, found.tier) == ("ubi9/ubi-micro", Tier.MINIMAL)


@pytest.mark.parametrize(
    ("mb", "tier"), [(40, Tier.SLIM), (90, Tier.FULL), (60, None)], ids=["slim", "full", "neither"]
)
def test_oracle(mb: int, tier: Tier | None) -> None:
    """Oracle's maintainer names the family, and the size of its root the tier."""
    maintainer = "~/bin/sh -c #(nop)  MAINTAINER Oracle Linux Product Team <ol@example.com>"
    found = inferred(config(maintainer, ADD), mb)

    assert (found.family, found.tier) == ("oraclelinux", tier)


def test_wolfi() -> None:
    """Wolfi's base has a shell, though its recipe names no entrypoint."""
    labels = {
        "org.opencontainers.image.vendor": "Chainguard",
        "dev.chainguard.image.title": "wolfi-base",
    }
    found = inferred(config("apko  ## wolfi-base by Chainguard", labels=labels))

    assert (found.family, found.name, found.tier) == (
        "wolfi",
        "chainguard/wolfi-base",
        Tier.MINIMAL,
    )


def test_children_of_wolfi() -> None:
    """Without a history of its own, an image that calls a shell may have brought it along."""
    labels = {
        "org.opencontainers.image.vendor": "Chainguard",
        "dev.chainguard.image.title": "nginx",
    }
    found = inferred(config(labels=labels, entrypoint=("/init", "sh"), layers=1))

    assert (found.family, found.tier) == ("wolfi", None)


@pytest.mark.parametrize(
    ("title", "expected"),
    [("go", ("go",)), ("gcc-glibc", ("gcc",)), ("dotnet-sdk", ("dotnet-sdk",)), ("nginx", ())],
)
def test_toolchains_by_title(title: str, expected: tuple[str, ...]) -> None:
    """An image that is made for a toolchain says so by its title."""
    labels = {"dev.chainguard.image.title": title}

    assert find_toolchains(config("apko", labels=labels)) == expected


def test_endless_removals_cost_little() -> None:
    """Who removes very many packages after installing very many has removed none."""
    many = " ".join(f"p{number}" for number in range(1_999))
    few = " ".join(f"q{number}" for number in range(11))
    line = f"RUN /bin/sh -c apt-get install -y gcc {many} && apt-get purge -y gcc {few} # buildkit"

    assert find_toolchains(config(ADD, line)) == ("gcc",)


def test_very_many_removals_cost_little() -> None:
    """Past what one instruction may have compared, its removals remove nothing more."""
    many = " ".join(f"p{number}" for number in range(1_999))
    removals = f"{'apt-get purge q; ' * 99}apt-get purge gcc"
    line = f"RUN /bin/sh -c apt-get install -y gcc {many}; {removals}"

    assert find_toolchains(config(ADD, line)) == ("gcc",)
