"""Bases by globs: names with their tags, families and scratch as words."""

import pytest

from slimgate.core.checks.bases import images, matches, unsettled
from slimgate.core.errors import UnavailableError
from slimgate.core.finding import Subject
from slimgate.core.image import UNKNOWN_BASE, Base
from slimgate.core.policy import Match, NamedBase
from slimgate.core.reference import Reference
from slimgate.core.tier import Evidence, Tier
from slimgate.core.workload import Role
from tests.core.make import (
    AMD64,
    ARM64,
    GOLANG,
    WEB,
    image,
    inspection,
    limiting,
    standing,
    subject,
    use,
)

SCRATCH = Base(name="scratch", family="scratch", tier=Tier.SCRATCH, evidence=Evidence.PROVEN)
STATIC = Base(name="gcr.io/distroless/static:nonroot", family="distroless", tier=Tier.DISTROLESS)

MATCHES = [
    (GOLANG, "golang:1.26"),
    (GOLANG, "golang"),
    (GOLANG, "golang:*"),
    (GOLANG, "docker.io/library/golang"),
    (GOLANG, "docker.io/library/golang*"),
    (GOLANG, "debian"),
    (GOLANG, "deb*"),
    (STATIC, "gcr.io/distroless/*"),
    (STATIC, "gcr.io/distroless/static"),
    (STATIC, "distroless"),
    (SCRATCH, "scratch"),
    (Base(tier=Tier.SCRATCH), "scratch"),
    (Base(name="golden"), "golden"),
    (Base(name="golden"), "gold*"),
]

OTHERS = [
    (GOLANG, "golang:1.25"),
    (GOLANG, "scratch"),
    (GOLANG, "builder"),
    (GOLANG, "bitnami/golang*"),
    # Neither a family nor a name of a policy's own is a reference with a tag.
    (GOLANG, "*:latest"),
    (GOLANG, "debian:*"),
    (GOLANG, "docker.io/library/debian*"),
    (Base(name="golden"), "*:latest"),
    (SCRATCH, "*:latest"),
    (Base(name="alpine:3.21", tier=Tier.MINIMAL), "scratch"),
    (UNKNOWN_BASE, "*"),
]


@pytest.mark.parametrize(("base", "glob"), MATCHES)
def test_matches(base: Base, glob: str) -> None:
    """A base is matched by its name in any form, its family, or `scratch`."""
    assert matches(base, ("no", glob))


@pytest.mark.parametrize(("base", "glob"), OTHERS)
def test_others(base: Base, glob: str) -> None:
    """A base is matched by nothing that it is not."""
    assert not matches(base, (glob,))


def test_images() -> None:
    """Every image and platform stands on a base, but what is only mounted runs none of it."""
    model = use("models/llama:1", "model", Role.VOLUME)
    both = inspection(image(platform=AMD64), image(platform=ARM64))
    given = subject({WEB: both, model: both, use("other", "o", Role.INIT): both})
    policy = standing(deny=("x",), match=Match(images=("*/shop", "models/*")))

    found = [(at, facts.platform) for at, facts in images(policy, given)]

    assert found == [(WEB, AMD64), (WEB, ARM64)]


GO = Reference.parse("registry.example.com/golden/go:1.26")
OTHER = Reference.parse("registry.example.com/golden/c:1")
DOWN = UnavailableError("the registry is down")
NAMING = standing(allow=("golden",), known=(NamedBase(reference=GO),))


@pytest.mark.parametrize(
    ("missing", "evidence", "expected"),
    [
        ({}, None, None),
        ({OTHER: DOWN}, None, None),
        ({GO: DOWN}, Evidence.PROVEN, None),
        ({GO: DOWN}, Evidence.INFERRED, "a base that the policy names is not known: the registry"),
        ({GO: DOWN}, None, "a base that the policy names is not known: the registry is down"),
    ],
    ids=["none", "another", "proven", "inferred", "unknown"],
)
def test_unsettled(
    missing: dict[Reference, UnavailableError], evidence: Evidence | None, expected: str | None
) -> None:
    """While a base that the policy names is missing, only what is proven is settled."""
    facts = image(base=Base(name="x", evidence=evidence))
    given = Subject(
        workload=subject({}).workload, images={WEB: inspection(facts)}, missing_bases=missing
    )

    found = unsettled(NAMING, given, facts)

    assert (found or "").startswith(expected or "")
    assert (found is None) == (expected is None)


def test_policies_without_bases() -> None:
    """A policy that names no base is never unsettled."""
    facts = image()
    given = Subject(workload=subject({}).workload, images={}, missing_bases={GO: DOWN})

    assert unsettled(limiting(), given, facts) is None
    assert unsettled(standing(deny=("x",)), given, facts) is None
