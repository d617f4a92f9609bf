"""What users read of one image, word for word: what is wrong with it, and what helps."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from slimgate.core.errors import ImageError, NotFoundError
from slimgate.core.images.facts import UNKNOWN_BASE, Base, ImageFacts, Platform, Size, SizeEvidence
from slimgate.core.images.tier import Evidence, Tier
from slimgate.core.policies.finding import Subject
from slimgate.core.policies.policy import BaseRules, Limit, Limits, Policy, TierLimit
from slimgate.core.wording.render import by_use, describe
from slimgate.core.workloads.workload import ImageUse, Role
from tests.core.make import (
    ARM64,
    DENY,
    GOLANG,
    MIB,
    SHOP,
    UNKNOWN,
    WEB,
    denying,
    finding,
    image,
    inspection,
    layer,
    one,
    subject,
    use,
    verdict,
)

NOW = datetime(2026, 11, 25, tzinfo=UTC)


def said(given: Subject, *, limits: Limits | None = None, bases: BaseRules | None = None) -> str:
    """Describe what one policy finds of a workload's only image, without who it is."""
    policy = Policy(name="p", limits=limits or Limits(), bases=bases)
    ((at, found),) = by_use(verdict(given, policy).findings)
    return describe(at, found).partition("shop:1.2 ")[2]


UNPACKED = image(layer(1, 90, 1000 * MIB, "COPY a /"), layer(2, 100, 10, "COPY b /"))
BARE = replace(SHOP, base=UNKNOWN_BASE, layers=SHOP.layers[:1])
TOOLS = replace(BARE, toolchains=("gcc", "go 1.26"))
ZSTD = Size.unknown("zstd without length")
PART = image(
    layer(1, 5, ZSTD), layer(2, 5, 400 * MIB, "COPY a /"), layer(3, 5, 600 * MIB, "COPY b /")
)
MIXED = image(layer(1, 3 * MIB, made="COPY a /"), layer(2, 2 * MIB), base=GOLANG)
WRAPS = image(
    layer(1, 5, 400 * MIB, "COPY a /"),
    layer(2, 5, Size.unknown("it wraps", at_least=1127 * MIB), "COPY b /"),
)

FRAGMENTS = [
    ("unpacked size", UNPACKED, denying(unpacked_size=900 * MIB),
     ("unpacks to 1000 MiB (measured, linux/amd64), limit 900 MiB [policy p, unpackedSize]; "
      "its largest layer unpacks to 1000 MiB (COPY a /)")),
    ("an estimate", image(layer(1, MIB, Size.estimated(1000 * MIB))),
     denying(unpacked_size=900 * MIB),
     "unpacks to 1000 MiB (estimated, linux/amd64), limit 900 MiB [policy p, unpackedSize]"),
    ("an estimate where a measured size is wanted", image(layer(1, MIB, Size.estimated(14 * MIB))),
     Limits(unpacked_size=Limit(deny=900 * MIB, evidence=SizeEvidence.MEASURED)),
     ("could not be judged (linux/amd64) [policy p, unpackedSize]: "
      "14 MiB is an estimate, and the policy asks for a measured size")),
    ("layers", MIXED, denying(layers=1),
     ("has 2 layers (linux/amd64), limit 1 [policy p, layers]; "
      "its largest layer pulls 3 MiB (COPY a /); base golang:1.26 (Builder, Proven)")),
    ("layer size", MIXED, denying(layer_size=2 * MIB),
     ("has a layer of 3 MiB to pull (linux/amd64), limit 2 MiB [policy p, layerSize]; "
      "that layer is COPY a /; base golang:1.26 (Builder, Proven)")),
    ("layer size of an unknown step", image(3 * MIB), denying(layer_size=2 * MIB),
     "has a layer of 3 MiB to pull (linux/amd64), limit 2 MiB [policy p, layerSize]"),
    ("a single layer", BARE, denying(pull_size=MIB),
     "pulls 272 MiB (linux/amd64), limit 1 MiB [policy p, pullSize]"),
    ("toolchains", TOOLS, denying(pull_size=MIB),
     ("pulls 272 MiB (linux/amd64), limit 1 MiB [policy p, pullSize]; "
      "it still contains gcc, go 1.26")),
    ("one byte too many", image(300 * MIB + 1), denying(pull_size=300 * MIB),
     "pulls 314,572,801 B (linux/amd64), limit 314,572,800 B [policy p, pullSize]"),
    ("an unknown platform", image(2 * MIB, platform=Platform("unknown", "unknown")),
     denying(pull_size=MIB), "pulls 2 MiB, limit 1 MiB [policy p, pullSize]"),
    ("several checks", image(2 * MIB, 3 * MIB), denying(layers=1, pull_size=4 * MIB),
     ("pulls 5 MiB (linux/amd64), limit 4 MiB [policy p, pullSize]; "
      "has 2 layers (linux/amd64), limit 1 [policy p, layers]; its largest layer pulls 3 MiB")),
    ("empty layers", image(0, 0, 0), denying(layers=2),
     "has 3 layers (linux/amd64), limit 2 [policy p, layers]"),
    ("an unknown size", image(layer(1, 5, Size.unknown("zstd without length"))),
     denying(unpacked_size=1),
     "could not be judged (linux/amd64) [policy p, unpackedSize]: zstd without length"),
    ("a lower bound", PART, denying(unpacked_size=900 * MIB),
     ("unpacks to at least 1000 MiB (measured, linux/amd64), limit 900 MiB "
      "[policy p, unpackedSize]; its largest layer unpacks to 600 MiB (COPY b /)")),
    ("a lower bound of one layer", WRAPS, denying(unpacked_size=1200 * MIB),
     ("unpacks to at least 1.5 GiB (estimated, linux/amd64), limit 1.2 GiB "
      "[policy p, unpackedSize]; its largest layer unpacks to at least 1.1 GiB (COPY b /)")),
    ("a lower bound to the byte", image(layer(1, 5, ZSTD), layer(2, 5, 900 * MIB + 1)),
     denying(unpacked_size=900 * MIB),
     ("unpacks to at least 943,718,401 B (measured, linux/amd64), limit 943,718,400 B "
      "[policy p, unpackedSize]; its largest layer unpacks to 900 MiB")),
    ("a lower bound between two limits", PART,
     Limits(unpacked_size=Limit(warn=900 * MIB, deny=1536 * MIB)),
     ("unpacks to at least 1000 MiB (measured, linux/amd64), limit 900 MiB "
      "[policy p, unpackedSize]; could not be judged against limit 1.5 GiB (linux/amd64) "
      "[policy p, unpackedSize]: "
      "zstd without length; its largest layer unpacks to 600 MiB (COPY b /)")),
    ("a layer between two limits, another unknown", image(Size.unknown("lost"), 3 * MIB),
     Limits(layer_size=Limit(warn=2 * MIB, deny=4 * MIB)),
     ("has a layer of 3 MiB to pull (linux/amd64), limit 2 MiB [policy p, layerSize]; "
      "could not be judged against limit 4 MiB (linux/amd64) [policy p, layerSize]: lost")),
]  # fmt: skip


@pytest.mark.parametrize(
    ("facts", "given", "expected"), [c[1:] for c in FRAGMENTS], ids=[c[0] for c in FRAGMENTS]
)
def test_limits(facts: ImageFacts, given: Limits, expected: str) -> None:
    """Every size says which it is, and figures of two kinds are never set against one another."""
    assert said(one(facts), limits=given) == expected


CLAIM = "it claims to be based on alpine:3.21, but its lowest layers are not that base's"
CLAIMED = replace(GOLANG, evidence=Evidence.CLAIMED)

STANDING = [
    ("not allowed", GOLANG, BaseRules(allow=("scratch",)),
     ("is based on golang:1.26 (Builder, Proven), which the policy does not allow "
      "[policy p, base]")),
    ("not proven", CLAIMED, BaseRules(allow=("golang",)),
     ("is based on golang:1.26 (Builder, Claimed), which the policy allows only if Proven "
      "[policy p, base]")),
    ("unknown", UNKNOWN_BASE, BaseRules(allow=("scratch",)),
     "could not be judged (linux/amd64) [policy p, base]: its base is unknown"),
    ("tier denied", replace(GOLANG, tier=Tier.FULL), BaseRules(max_tier=TierLimit(deny=Tier.SLIM)),
     ("is of tier Full (Proven), limit Slim [policy p, maxTier]; "
      "base golang:1.26 (Full, Proven)")),
    ("tier warned of", GOLANG, BaseRules(max_tier=TierLimit(warn=Tier.FULL)),
     ("is of tier Builder (Proven), limit Full [policy p, maxTier]; "
      "base golang:1.26 (Builder, Proven)")),
    ("a false claim", Base(name="golang:1.26", contradiction=CLAIM), BaseRules(deny=("x",)),
     ("claims to be based on alpine:3.21, but its lowest layers are not that base's "
      "[policy p, falseClaim]; base golang:1.26")),
]  # fmt: skip


@pytest.mark.parametrize(
    ("base", "bases", "expected"), [c[1:] for c in STANDING], ids=[c[0] for c in STANDING]
)
def test_bases(base: Base, bases: BaseRules, expected: str) -> None:
    """What an image stands on is told with its tier and the evidence for it."""
    assert said(one(image(base=base)), bases=bases) == expected


def test_growth() -> None:
    """Growth is told against what runs now."""
    given = subject({WEB: inspection(image(151))}, {WEB: inspection(image(100))})

    assert said(given, limits=denying(growth=50)) == (
        "pulls 51% more than the image that runs now (linux/amd64), limit 50% [policy p, growth]"
    )


def test_growth_on_one_platform() -> None:
    """The limit that is open is a percentage, as the one that is broken."""
    lost = image(Size.unknown("lost"), platform=ARM64)
    before = inspection(image(100), image(100, platform=ARM64))
    given = subject({WEB: inspection(image(151), lost)}, {WEB: before})

    assert said(given, limits=Limits(growth=Limit(warn=50, deny=80))) == (
        "pulls 51% more than the image that runs now (linux/amd64), limit 50% [policy p, growth]; "
        "could not be judged against limit 80% (linux/arm64) [policy p, growth]: lost"
    )


def test_an_open_tier() -> None:
    """A tier that can't be judged while a base is missing is set against no size."""
    open_tier = replace(finding("maxTier", UNKNOWN), limit=Tier.FULL, reason="down")

    assert describe(WEB, [open_tier]).endswith(
        "could not be judged [policy default, maxTier]: down"
    )


@pytest.mark.parametrize(
    ("others", "expected"), [({}, ""), ({use("b", "b"): NotFoundError("gone")}, "at least ")]
)
def test_the_workload_as_a_whole(others: dict[ImageUse, ImageError], expected: str) -> None:
    """What is too much only together is told of the workload, whatever else may come to it."""
    policy = Policy(name="p", limits=denying(workload_pull_size=MIB))
    found = verdict(subject({WEB: inspection(SHOP), **others}), policy).findings

    assert describe(None, [one for one in found if one.use is None]) == (
        f"the workload pulls {expected}912 MiB for all its images together, limit 1 MiB "
        "[policy p, workloadPullSize]"
    )


@pytest.mark.parametrize("role", Role)
def test_roles(role: Role) -> None:
    """A sentence says what kind of place names the image."""
    at = use(role=role)

    assert describe(at, [finding("inspection", UNKNOWN, at=at)]).startswith(f'{role.value} "web": ')


def test_platforms_are_told_once() -> None:
    """What holds on every platform, or for several policies, is one clause with many marks."""
    seen = inspection(image(base=GOLANG), image(base=GOLANG, platform=ARM64))
    policies = [
        Policy(name=name, bases=BaseRules(max_tier=TierLimit(deny=Tier.FULL)))
        for name in ("a", "b")
    ]
    ((_, found),) = by_use(verdict(subject({WEB: seen}), *policies).findings)

    assert len(found) == 4
    assert describe(WEB, found).count("is of tier Builder") == 1
    assert "[policy a, maxTier; policy b, maxTier]" in describe(WEB, found)


def test_context_is_of_the_image_that_violates() -> None:
    """The largest layer is that of the platform whose sum is told."""
    small = image(layer(1, 1, made="COPY small /"), layer(2, 1))
    large = image(layer(3, 2 * MIB, made="COPY large /"), layer(4, 1), platform=ARM64)
    given = subject({WEB: inspection(small, large)})

    text = said(given, limits=denying(layers=1, pull_size=MIB))

    assert text.startswith("pulls 2 MiB (linux/arm64), limit 1 MiB")
    assert text.endswith("; its largest layer pulls 2 MiB (COPY large /)")


CLAIMED = Base(
    name="r.io/mine:1",
    family="debian",
    evidence=Evidence.PROVEN,
    family_inferred=True,
    other_families=("alpine",),
    aliases=("golden/bad:1",),
)


@pytest.mark.parametrize(
    ("denied", "expected"),
    [
        ("r.io/mine", "r.io/mine:1 (Proven)"),
        ("golden/bad", "r.io/mine:1 (Proven), that is on golden/bad:1 (Proven)"),
        ("debian", "r.io/mine:1 (Proven) of family debian (Inferred)"),
        ("alpine", "r.io/mine:1 (Proven), that is on alpine (Inferred)"),
    ],
)
def test_what_of_a_base_is_denied(denied: str, expected: str) -> None:
    """The name that users know comes first, and then what the policy speaks of."""
    text = said(one(image(base=CLAIMED)), bases=BaseRules(deny=(denied,)))

    assert text.startswith(f"is based on {expected}, which the policy does not allow")


@pytest.mark.parametrize(
    ("check", "expected"),
    [
        ("pullSize", "pulls ?, limit ?"),
        ("maxTier", "is of a tier above the limit"),
        ("base", "is based on something unknown, which the policy does not allow"),
        ("inspection", "could not be judged [policy default, inspection]: for no known"),
    ],
)
def test_findings_without_values(check: str, expected: str) -> None:
    """A finding that lacks a value is told as far as it goes."""
    outcome = UNKNOWN if check == "inspection" else DENY

    assert describe(WEB, [finding(check, outcome)]).partition("shop:1.2 ")[2].startswith(expected)
