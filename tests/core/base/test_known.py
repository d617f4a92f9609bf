"""Bases made of a reference and a config."""

import pytest

from slimgate.core.base import KnownBase
from slimgate.core.reference import Reference
from slimgate.core.tier import Tier
from tests.core.base.make import MB, config

GOLANG = config(
    "# debian.sh --arch 'amd64' out/ 'bookworm' '@1765152000'",
    "RUN /bin/sh -c apt-get install -y g++ gcc make # buildkit",
    env=("GOLANG_VERSION=1.26.1", "GOPATH=/go"),
)


def test_family_tier_and_toolchains_come_from_the_base_itself() -> None:
    """Without a policy's word, the base's own config tells."""
    base = KnownBase.of(Reference.parse("golang:1.26"), GOLANG, layer_sizes=(48 * MB, 90 * MB))

    assert base == KnownBase(
        reference="docker.io/library/golang:1.26",
        name="golang:1.26",
        tier=Tier.BUILDER,
        family="debian",
        diff_ids=GOLANG.diff_ids,
        toolchains=("gcc", "go 1.26.1"),
    )


def test_a_policys_words_win() -> None:
    """Name and tier are taken as the policy writes them."""
    base = KnownBase.of(Reference.parse("golang:1.26"), GOLANG, name="golden", tier=Tier.DISTROLESS)

    assert (base.name, base.tier) == ("golden", Tier.DISTROLESS)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("golang:1.26", "golang:1.26"),
        ("docker.io/bitnami/redis:7", "bitnami/redis:7"),
        ("gcr.io/distroless/static", "gcr.io/distroless/static:latest"),
        ("registry.example.com/library/x:1", "registry.example.com/library/x:1"),
    ],
)
def test_references_are_written_as_people_do(text: str, expected: str) -> None:
    """Docker Hub's host and `library/` are left out, other registries are not."""
    assert expected == Reference.parse(text).familiar
