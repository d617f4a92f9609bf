"""Bases by globs: names with their tags, families and scratch as words."""

from dataclasses import replace

import pytest

from slimgate.core.images.facts import UNKNOWN_BASE, Base
from slimgate.core.images.tier import Evidence, Tier
from slimgate.core.policies.checks.bases import BaseMatch, images, match, match_any
from slimgate.core.workloads.workload import Role
from tests.core.make import (
    AMD64,
    ARM64,
    GOLANG,
    WEB,
    image,
    inspection,
    subject,
    use,
)

SCRATCH = Base(name="scratch", family="scratch", tier=Tier.SCRATCH, evidence=Evidence.PROVEN)
STATIC = Base(name="gcr.io/distroless/static:nonroot", family="distroless", tier=Tier.DISTROLESS)
AGAINST = Base(
    name="r.io/mine:1",
    family="debian",
    evidence=Evidence.PROVEN,
    family_inferred=True,
    other_families=("alpine",),
    looks_like="debian:12",
    claims=("docker.io/library/node:22",),
)

MATCHES = [
    (GOLANG, "golang:1.26"),
    (GOLANG, "golang"),
    (GOLANG, "golang:*"),
    (GOLANG, "docker.io/library/golang"),
    (GOLANG, "docker.io/library/golang*"),
    (GOLANG, "debian"),
    (GOLANG, "deb*"),
    (STATIC, "gcr.io/distroless/*"),
    (STATIC, "gcr.io/**"),
    (STATIC, "gcr.io/distroless/static"),
    (STATIC, "distroless"),
    (SCRATCH, "scratch"),
    (Base(tier=Tier.SCRATCH), "scratch"),
    (Base(name="golden"), "golden"),
    (Base(name="golden"), "gold*"),
    (Base(name="golden:1", aliases=("r.io/mirror:1", "r.io/mirror:1.2")), "**/mirror:1.2"),
]

OTHERS = [
    (GOLANG, "golang:1.25"),
    (GOLANG, "scratch"),
    (GOLANG, "builder"),
    (GOLANG, "bitnami/golang*"),
    # Neither a family nor a name of a policy's own is a reference with a tag.
    (GOLANG, "**:latest"),
    (GOLANG, "docker.io/d*"),
    (GOLANG, "debian:*"),
    (GOLANG, "docker.io/library/debian*"),
    (Base(name="golden"), "**:latest"),
    (SCRATCH, "**:latest"),
    (Base(name="alpine:3.21", tier=Tier.MINIMAL), "scratch"),
    (UNKNOWN_BASE, "**"),
    (AGAINST, "alpine"),
    (AGAINST, "docker.io/library/debian"),
    (AGAINST, "docker.io/library/node"),
]


@pytest.mark.parametrize(("base", "glob"), MATCHES)
def test_matches(base: Base, glob: str) -> None:
    """A base is matched by its name in any form, its family, or `scratch`."""
    assert match(base, ("no", glob)) is not None


@pytest.mark.parametrize(("base", "glob"), OTHERS)
def test_others(base: Base, glob: str) -> None:
    """A base is matched by nothing that it is not."""
    assert match(base, (glob,)) is None


def test_images() -> None:
    """Every image and platform has a base, but what is only mounted runs none of it."""
    model = use("models/llama:1", "model", Role.VOLUME)
    both = inspection(image(platform=AMD64), image(platform=ARM64))

    found = [(at, facts.platform) for at, facts in images(subject({WEB: both, model: both}))]

    assert found == [(WEB, AMD64), (WEB, ARM64)]


@pytest.mark.parametrize(
    ("base", "glob", "expected"),
    [
        (GOLANG, "golang", Evidence.PROVEN),
        (GOLANG, "debian", Evidence.PROVEN),
        (replace(GOLANG, family_inferred=True), "debian", Evidence.INFERRED),
        (replace(GOLANG, family_inferred=True), "golang", Evidence.PROVEN),
        (replace(GOLANG, family="golang", family_inferred=True), "golang", Evidence.PROVEN),
        (replace(GOLANG, name="r.io/x:1", aliases=("golang:1",)), "golang", Evidence.PROVEN),
        (replace(GOLANG, evidence=Evidence.CLAIMED), "golang", Evidence.CLAIMED),
        (replace(GOLANG, evidence=Evidence.CLAIMED), "debian", Evidence.INFERRED),
        (replace(GOLANG, evidence=Evidence.INFERRED), "golang", Evidence.INFERRED),
        (Base(tier=Tier.SCRATCH, evidence=Evidence.CLAIMED), "scratch", Evidence.INFERRED),
        (SCRATCH, "scratch", Evidence.PROVEN),
        (
            replace(SCRATCH, tier_inferred=True, family=None, name="r.io/certs:1"),
            "scratch",
            Evidence.INFERRED,
        ),
    ],
)
def test_evidence_of_a_match(base: Base, glob: str, expected: Evidence) -> None:
    """A name may be claimed; a family is proven with its base, or inferred."""
    found = match(base, (glob,))

    assert found is not None
    assert found.evidence is expected


@pytest.mark.parametrize(
    ("glob", "expected"),
    [
        ("r.io/mine", BaseMatch("r.io/mine:1", Evidence.PROVEN)),
        ("debian", BaseMatch("debian", Evidence.INFERRED)),
        ("alpine", BaseMatch("alpine", Evidence.INFERRED)),
        ("docker.io/library/debian", BaseMatch("debian:12", Evidence.INFERRED)),
        ("node", BaseMatch("docker.io/library/node:22", Evidence.CLAIMED)),
        ("**", BaseMatch("r.io/mine:1", Evidence.PROVEN)),
        ("ubuntu", None),
    ],
)
def test_all_that_speaks_against_an_image(glob: str, expected: BaseMatch | None) -> None:
    """Other families and claims count for what is denied, and never for what is allowed."""
    assert match_any(AGAINST, (glob,)) == expected


def test_a_claim_that_is_false_speaks_against_nobody() -> None:
    """The layers disprove it, and onFalseClaim has the word."""
    assert match_any(replace(AGAINST, contradiction="it claims…"), ("node",)) is None
