"""The way out: one that fits each cause, on the page that settings name, and whom to ask."""

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from slimgate.core.errors import (
    IMAGE_REASONS,
    DigestMismatchError,
    ImageError,
    InvalidReferenceError,
    NoPlatformError,
    NotFoundError,
    OverBudgetError,
    OverloadedError,
    RateLimitedError,
    RefusedAddressError,
    TooLargeError,
    UnauthorizedError,
    UnavailableError,
    UnsupportedError,
)
from slimgate.core.images.facts import Base, Gap, ImageFacts, Size
from slimgate.core.images.reference import Reference
from slimgate.core.images.tier import Evidence, Tier
from slimgate.core.policies.finding import Finding, Subject
from slimgate.core.policies.policy import (
    ExceptionRules,
    Limits,
    MinEvidence,
    OnFalseClaim,
    Policy,
    TierLimit,
)
from slimgate.core.policies.ways import OF_ERRORS, Section
from slimgate.core.wording.render import denial
from slimgate.core.wording.ways import DOCS, link, rollback, way_of, way_out
from slimgate.core.workloads.workload import Workload
from tests.core.make import (
    GOLANG,
    MIB,
    SHOP,
    WEB,
    denying,
    image,
    inspection,
    layer,
    one,
    standing,
    subject,
    use,
    verdict,
)

P = Section
PROVEN, INFERRED = Evidence.PROVEN, Evidence.INFERRED
DEBIAN = Base(name="debian:12", family="debian", tier=Tier.FULL, evidence=PROVEN, layers=1)
BARE = Base(name="scratch", tier=Tier.SCRATCH, evidence=PROVEN, layers=0)
DISTROLESS = Base(family="distroless", tier=Tier.DISTROLESS, evidence=INFERRED)
GUESSED = Base(family="debian", tier=Tier.FULL, evidence=INFERRED)
ROOT = layer(1, 30 * MIB, made="/bin/sh -c #(nop) ADD file:1 in / ")
MODEL = layer(2, 500 * MIB, made="COPY model.bin /models/ # buildkit")
JUNK = layer(3, 200 * MIB, made="RUN /bin/sh -c apt-get install -y texlive # buildkit")
ODD = layer(4, 200 * MIB, made="bazel build ...")
OPEN = layer(5, Size.unknown("no length"), Size.unknown("no length"))
CHART = replace(image(1, OPEN), artifact_type="application/x-model")
PULL, UNPACKED = denying(pull_size=MIB), denying(unpacked_size=MIB)
LIMITS: list[tuple[str, Limits, ImageFacts, Section, str]] = [
    ("a toolchain", PULL, SHOP, P.TOOLCHAIN, "first stage"),
    ("a model in a COPY", PULL, image(ROOT, MODEL, base=DEBIAN), P.LARGE_COPY, "mount models"),
    ("a model on a toolchain", PULL, image(ROOT, MODEL, base=GOLANG), P.LARGE_COPY, "mount models"),
    ("a model on nothing", PULL, image(MODEL, base=BARE), P.LARGE_COPY, "mount models"),
    ("a model to unpack", UNPACKED, image(ROOT, MODEL), P.LARGE_COPY, "mount models"),
    ("one layer", denying(layer_size=MIB), image(ROOT, MODEL), P.LARGE_COPY, "mount models"),
    ("a COPY beside a toolchain", PULL, replace(
        image(ROOT, replace(MODEL, pull=Size.known(20 * MIB)), base=GUESSED), toolchains=("go",)
    ), P.TOOLCHAIN, "first stage"),
    ("packages", PULL, image(ROOT, JUNK, base=GUESSED), P.LARGE_INSTALL, "same RUN"),
    ("a base that is proven", PULL, image(ODD, base=DEBIAN), P.LARGE_BASE, "slimmer base"),
    ("a base by its first layer", PULL, image(ROOT, base=GUESSED), P.LARGE_BASE, "slimmer base"),
    ("who knows", PULL, image(ROOT, ODD, base=GUESSED), P.LARGE_IMAGE, "inspect --layers"),
    ("layers", denying(layers=1), image(1, 2), P.MANY_LAYERS, "Join instructions"),
    ("a size that is unknown", UNPACKED, image(OPEN), P.UNKNOWN_SIZE, "gzip"),
    ("a pull size that is", PULL, image(OPEN), P.UNKNOWN_SIZE, "OCI layout"),
    ("an artifact", UNPACKED, CHART, P.ARTIFACT, "is an artifact"),
]  # fmt: skip
ALLOW, FORBID = standing(allow=("gold/**", "alpine")), standing(deny=("distroless", "busybox"))
WEAK = standing(deny=("debian",), min_evidence=MinEvidence(deny=PROVEN))
UNREAD, LOST = Base(unread="down"), Base(unchecked="down", claims=("gold/a:1",))
LIAR = replace(GUESSED, claims=("gold/a:1",), contradiction="it claims to be based on gold/a:1")
STRICT = standing(allow=("debian",), on_false_claim=OnFalseClaim.DENY)


def tiers(deny: Tier, *denied: str, allow: tuple[str, ...] = ()) -> Policy:
    """Make a policy that limits tiers and may deny bases by name."""
    return standing(deny=denied, allow=allow, max_tier=TierLimit(deny=deny))


BASES: list[tuple[str, Policy, Base, set[tuple[Section, str]]]] = [
    ("denied for being distroless", FORBID, DISTROLESS, {(P.BASE, "denies distroless, busybox")}),
    ("not allowed", ALLOW, GUESSED, {(P.BASE, "one of gold/**, alpine")}),
    ("one of many", standing(allow=tuple("abcdefg")), GUESSED,
     {(P.BASE, "a, b, c, d, e and 2 more")}),
    ("one of five", standing(allow=tuple("abcde")), GUESSED, {(P.BASE, "a, b, c, d, e")}),
    ("allowed if proven", standing(allow=("debian",)), GUESSED, {(P.PROOF, "unsquashed")}),
    ("denied if proven", WEAK, GUESSED, {(P.PROOF, "BaseImage")}),
    ("unknown", FORBID, Base(), {(P.UNKNOWN_BASE, "org.opencontainers.image.base.name")}),
    ("unknown where some are allowed", ALLOW, Base(), {(P.UNKNOWN_BASE, "BaseImage")}),
    ("not read", FORBID, UNREAD, {(P.REGISTRY, "Try again")}),
    ("claimed, and not looked up", ALLOW, LOST, {(P.UNKNOWN_CLAIM, "can look up")}),
    ("a false claim", STRICT, LIAR,
     {(P.FALSE_CLAIM, "Correct the label"), (P.PROOF, "unsquashed")}),
    ("what may be one", standing(on_false_claim=OnFalseClaim.DENY), LOST,
     {(P.UNKNOWN_CLAIM, "can look up")}),
    ("a tier", tiers(Tier.SLIM), DEBIAN,
     {(P.TIER, "on scratch, distroless, alpine or debian-slim")}),
    ("a tier without what is denied", tiers(Tier.SLIM, "distroless", "alpine*"), GUESSED,
     {(P.TIER, "on scratch or debian-slim")}),
    ("a tier with all denied", tiers(Tier.SCRATCH, "scratch"), GUESSED,
     {(P.TIER, "a base of tier Scratch at most")}),
    ("a tier of what is allowed", tiers(Tier.SLIM, allow=("debian",)), DEBIAN,
     {(P.BASE, "one of debian and is of tier Slim at most")}),
    ("a toolchain", tiers(Tier.FULL), GOLANG, {(P.TOOLCHAIN, "into the final one")}),
    ("a toolchain under a lower limit", tiers(Tier.DISTROLESS), GOLANG,
     {(P.TOOLCHAIN, "onto scratch or distroless")}),
    ("a tier that is unknown", tiers(Tier.SLIM), Base(), {(P.UNKNOWN_BASE, "BaseImage")}),
]  # fmt: skip
PLATFORMS = Gap(message="no image", reason="not_found", no_platform=True)
DOWN = Gap(message="down", reason="unavailable")
ERRORS: list[tuple[ImageError, Section]] = [
    (ImageError("failed"), P.BUSY),
    (InvalidReferenceError("malformed"), P.REFERENCE),
    (NotFoundError("gone"), P.NOT_FOUND),
    (NoPlatformError("not for arm64"), P.PLATFORM),
    (UnauthorizedError("no"), P.LOGIN),
    (RateLimitedError("later"), P.REGISTRY),
    (UnavailableError("down"), P.REGISTRY),
    (OverloadedError("busy"), P.BUSY),
    (OverBudgetError("too much"), P.BUSY),
    (RefusedAddressError("private"), P.ADDRESS),
    (TooLargeError("huge"), P.BROKEN_IMAGE),
    (DigestMismatchError("other"), P.BROKEN_IMAGE),
    (UnsupportedError("odd"), P.BROKEN_IMAGE),
]
CROWD = Workload(
    kind="Pod", namespace="a", name="b", images=tuple(use(name=f"c{n}") for n in range(513))
)
POD = Policy(name="p", limits=denying(workload_pull_size=MIB))
GROWN = Policy(name="p", limits=denying(growth=1))
BEFORE, AFTER = inspection(image(1)), inspection(image(9))
OTHERS: list[tuple[str, Policy, Subject, Section]] = [
    ("a pod", POD, one(SHOP), P.LARGE_POD),
    ("a pod with what is not found", POD, subject({WEB: NotFoundError("gone")}), P.NOT_FOUND),
    ("growth", GROWN, subject({WEB: AFTER}, {WEB: BEFORE}), P.GROWTH),
    ("growth from what is unknown", GROWN, subject({WEB: AFTER}, {WEB: NotFoundError("gone")}),
     P.GROWTH),
    ("a gap", ALLOW, subject({WEB: replace(inspection(), gaps=(PLATFORMS,))}), P.PLATFORM),
    ("another gap", ALLOW, subject({WEB: replace(inspection(), gaps=(DOWN,))}), P.REGISTRY),
    ("an artifact's base", FORBID, one(CHART), P.ARTIFACT),
    ("an artifact's tier", standing(max_tier=TierLimit(deny=Tier.SLIM)), one(CHART), P.ARTIFACT),
    ("too many images", ALLOW, subject({}, workload=CROWD), P.MANY_IMAGES),
    ("a namespace that is not known", ALLOW,
     replace(subject({}), undecided={"default": UnavailableError("down")}), P.BUSY),
    ("a BaseImage that is not found", FORBID,
     replace(one(image(1)), missing_bases={Reference.parse("gold/a:1"): NotFoundError("gone")}),
     P.UNKNOWN_BASE),
]  # fmt: skip


def ways(given: Subject, policy: Policy) -> set[tuple[Section, str]]:
    """Judge, and tell what helps against each finding."""
    found = verdict(given, policy).findings
    assert found
    return {(way.section, way.sentence) for way in map(way_of, found)}


@pytest.mark.parametrize(
    ("limits", "facts", "place", "words"), [row[1:] for row in LIMITS], ids=[r[0] for r in LIMITS]
)
def test_limits(limits: Limits, facts: ImageFacts, place: Section, words: str) -> None:
    """What is too large gets the advice that makes it smaller, by what makes it large."""
    ((found, sentence),) = ways(one(facts), Policy(name="p", limits=limits))

    assert (found, words in sentence) == (place, True)


@pytest.mark.parametrize(
    ("policy", "base", "expected"), [row[1:] for row in BASES], ids=[row[0] for row in BASES]
)
def test_bases(policy: Policy, base: Base, expected: set[tuple[Section, str]]) -> None:
    """Rules on bases name the bases that are allowed, denied or slim enough."""
    found = ways(one(image(1, base=base)), policy)

    assert {place for place, _ in found} == {place for place, _ in expected}
    for place, words in expected:
        assert words in dict(found)[place]
        assert " 0 more" not in dict(found)[place]


@pytest.mark.parametrize(("error", "place"), ERRORS, ids=lambda value: type(value).__name__)
def test_errors(error: ImageError, place: Section) -> None:
    """Each reason why an image could not be looked up has its own advice."""
    assert {place} == {place for place, _ in ways(subject({WEB: error}), ALLOW)}


@pytest.mark.parametrize(
    ("policy", "given", "place"), [row[1:] for row in OTHERS], ids=[row[0] for row in OTHERS]
)
def test_workloads(policy: Policy, given: Subject, place: Section) -> None:
    """So has what is wrong with a workload as a whole."""
    assert place in {place for place, _ in ways(given, policy)}


def test_a_base_that_may_be_a_lost_one() -> None:
    """Nothing is wrong with the image then, and whoever asks is told to wait."""
    lost = {Reference.parse("gold/a:1"): NotFoundError("gone")}
    ((_, sentence),) = ways(replace(one(image(1)), missing_bases=lost), FORBID)

    assert sentence.startswith("Try again once the base can be looked up")


def test_every_cause_has_its_section() -> None:
    """All places that a link may lead to are headings of the page, in their order."""
    page = Path("docs/slimming.md").read_text(encoding="utf-8")
    helps = re.findall(r"^### (.+)$", page, re.MULTILINE)

    assert [heading.lower().replace(" ", "-") for heading in helps] == list(Section)


def test_every_section_is_reached() -> None:
    """Each of them is reached by a cause above, or by what every denial and rollback says."""
    listed = {row[3] for row in LIMITS} | {place for row in BASES for place, _ in row[3]}
    listed |= {place for _, place in ERRORS} | {row[3] for row in OTHERS}
    listed |= {P.MANY_EXCEPTIONS}  # tests/core/policies/test_excuses.py
    by_itself = {P.UNKNOWN, P.EXCEPTION, P.ROLLBACK}

    assert listed | by_itself == set(Section)
    assert not listed & by_itself
    assert set(OF_ERRORS) == set(IMAGE_REASONS)


WIKI = "https://wiki.example.com/slim"
RULES = Policy(name="rules", limits=PULL, message="ask #slim")
TAIL = f"To exempt it, ask your platform team for a SlimException ({WIKI}#exception)."


def said(findings: list[Finding], *policies: Policy) -> str:
    """Write the way out of findings."""
    return way_out(findings, policies or [RULES], WIKI)


def found_in(images: Mapping[str, ImageFacts | ImageError], *policies: Policy) -> list[Finding]:
    """Judge a workload of some images."""
    seen = {
        use(name=name): one if isinstance(one, ImageError) else inspection(one)
        for name, one in images.items()
    }
    return list(verdict(subject(seen), *policies).findings)


def test_each_cause_is_answered_once() -> None:
    """A denial of several images says what helps each, the bases first, at the settings' page."""
    found = found_in(
        {"a": SHOP, "b": image(ROOT, MODEL, base=DEBIAN), "c": SHOP, "d": NotFoundError("gone")},
        RULES,
    )
    expected = (
        "Check the image's name and tag, and that it has been pushed ("
        f"{WIKI}#not-found). Build in a first stage and copy only what runs into the final one "
        f"({WIKI}#toolchain). Copy only what runs, and mount models and data instead of building "
        f"them in ({WIKI}#large-copy). {TAIL}"
    )

    assert said(found) == expected
    assert denial(found, [RULES], WIKI).count(WIKI) == 4
    assert denial(found, [RULES], WIKI).endswith(f"{TAIL} ask #slim")


def test_limits_do_not_contradict_rules_on_bases() -> None:
    """Of one image and section the rule on bases has the word, and the unknown is left out."""
    both = replace(tiers(Tier.SCRATCH), limits=denying(pull_size=MIB, unpacked_size=MIB))
    found = found_in({"a": replace(SHOP, layers=(*SHOP.layers, OPEN))}, both)

    assert said(found) == (
        f"Build in a first stage and copy only what runs onto scratch ({WIKI}#toolchain). {TAIL}"
    )


def test_a_denial_stays_short() -> None:
    """However many causes there are, four are answered."""
    found = found_in({str(number): error for number, (error, _) in enumerate(ERRORS)}, ALLOW)

    assert said(found).count(WIKI) == 5


def test_who_may_exempt() -> None:
    """Nobody is sent to ask for an exception that a policy does not allow, or that is nobody's."""
    strict = replace(RULES, name="strict", exceptions=ExceptionRules(allowed=False))
    found = found_in({"a": NotFoundError("gone")}, RULES)

    assert said(found, RULES, strict).endswith("). No exception is allowed from policy strict.")
    assert way_out(found, [], WIKI).endswith(f"{WIKI}#not-found).")


def test_places_of_every_denial() -> None:
    """Without a setting the page is slimgate's own; a rollback leads there, too."""
    assert link(P.EXCEPTION, DOCS) in denial(found_in({"a": SHOP}, RULES), [RULES])
    assert rollback(DOCS).endswith(f": {DOCS}#rollback")


def test_messages_of_unknown_sizes() -> None:
    """What the page says of each message about an unknown size is said of one that there is."""
    page = Path("docs/slimming.md").read_text(encoding="utf-8")
    rows = page.partition("### Unknown size\n")[2].partition("\n### ")[0]
    quoted = re.findall(r"`([^`]+)`", "\n".join(re.findall(r"^\| (`.*?) \|", rows, re.MULTILINE)))
    code = "".join(path.read_text() for path in Path("operator/slimgate").rglob("*.py"))

    assert len(quoted) > 5
    assert [words for words in quoted if words not in code] == []
