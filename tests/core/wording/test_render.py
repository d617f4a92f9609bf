"""What users read of a verdict as a whole, word for word: denials, warnings, summaries."""

import unicodedata
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slimgate.core.errors import (
    UnavailableError,
)
from slimgate.core.images.facts import Base, Platform, Size
from slimgate.core.images.tier import Tier
from slimgate.core.policies.exception import SlimException
from slimgate.core.policies.finding import Finding, Outcome
from slimgate.core.policies.policy import BaseRules, Limit, Limits, Policy, TierLimit
from slimgate.core.policies.verdict import Verdict, evaluate
from slimgate.core.wording.render import by_use, denial, summary, warnings
from tests.core.make import (
    DENY,
    EVIL,
    MIB,
    SHA,
    SHOP,
    UNKNOWN,
    WARN,
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
EXEMPT = (
    "To exempt it, ask your platform team for a SlimException "
    "(https://slimgate.dev/docs/slimming#exception)."
)
DEFAULT = Policy(name="default", limits=Limits(pull_size=Limit(deny=300 * MIB)))


def test_denial() -> None:
    """A denial says everything that its reader needs, in one sentence an image."""
    text = denial(
        verdict(one(SHOP), DEFAULT).findings,
        [replace(DEFAULT, message="see https://wiki.example.com/slim")],
    )

    assert text == (
        'container "web": registry.example.com/shop:1.2 pulls 912 MiB (linux/amd64), limit 300 MiB '
        "[policy default, pullSize]; its largest layer pulls 640 MiB (RUN go build -o /shop .); "
        "base golang:1.26 (Builder, Proven). "
        "Build in a first stage and copy only what runs into the final one "
        f"(https://slimgate.dev/docs/slimming#toolchain). {EXEMPT} see https://wiki.example.com/slim"
    )


def test_denial_of_the_unknown() -> None:
    """Who can't be judged need not build anew: the message says what failed, and what helps."""
    down = verdict(subject({WEB: UnavailableError("the registry is down")}), DEFAULT)

    assert denial(down.findings, [DEFAULT]) == (
        'container "web": registry.example.com/shop:1.2 could not be judged '
        "[policy default, inspection]: the registry is down. Try again once the registry answers "
        f"(https://slimgate.dev/docs/slimming#registry). {EXEMPT}"
    )


def test_messages_are_said_once() -> None:
    """Two policies that say the same say it once."""
    policies = [Policy(name=name, message="ask us") for name in "ab"] + [Policy(name="c")]

    assert denial([finding("layers", DENY)], policies).endswith("#exception). ask us")


def many(count: int) -> list[Finding]:
    """Make a finding on each of many images."""
    places = (use(name=f"c{number:02}") for number in range(count))
    return [finding("inspection", UNKNOWN, at=place) for place in places]


def test_many_images() -> None:
    """Ten images are told one by one, the rest is counted."""
    assert "And" not in denial(many(10), [])
    assert ". And 2 more. Try again" in denial(many(12), [])
    assert "c10" not in denial(many(12), [])
    assert len(warnings(many(10))) == 10
    assert warnings(many(12))[10:] == ["slimgate: and 2 more"]


def test_the_worst_come_first() -> None:
    """A reader in a hurry sees what denies before what warns, image by image."""
    side, whole = use("proxy", "side"), None
    found = [
        finding("layers", WARN),
        finding("inspection", UNKNOWN, at=side),
        finding("growth", DENY),
        finding("workloadPullSize", WARN, at=whole),
    ]
    grouped = [(at, [f.check for f in group]) for at, group in by_use(found)]

    assert grouped == [
        (WEB, ["growth", "layers"]),
        (side, ["inspection"]),
        (whole, ["workloadPullSize"]),
    ]


LONG = f"registry.example.com/{'team/' * 20}shop:1.2@{SHA}"


def test_warnings_are_short() -> None:
    """A warning fits into its line, and a long reference does not push out what is wrong."""
    at = use(LONG, "n" * 63)
    (line,) = warnings(verdict(subject({at: inspection(SHOP)}), DEFAULT).findings)

    assert len(line) <= 200
    assert (
        f": registry.example.com/team/team/…{'a' * 32} pulls 912 MiB (linux/amd64), limit" in line
    )
    assert line.endswith("…")
    assert sum(map(len, warnings(many(50)))) < 4096 // 2


def test_messages_of_policies() -> None:
    """A warning ends with what policies want said, each once, whole, and not without end."""
    findings = verdict(one(SHOP), DEFAULT).findings

    def said(*messages: str) -> list[str]:
        policies = [replace(DEFAULT, message=message) for message in messages]
        return warnings(findings, policies)[1:]

    assert said("", "see the wiki", "see the wiki") == ["slimgate: see the wiki"]
    assert said("a" * 246) == ["slimgate: " + "a" * 246]
    assert said("a" * 247) == ["a" * 247]
    assert said("a" * 256) == ["a" * 256]
    assert len(said(*(f"{n}" * 256 for n in range(9)))) == 5


def test_warnings_leave_room_for_others() -> None:
    """However much is wrong and to be said, lines are never cut, and take what there is at most."""
    policies = [replace(DEFAULT, message=f"{number}" * 256) for number in range(9)]
    lines = warnings(many(50), policies)

    assert max(map(len, lines)) <= 256
    assert sum(map(len, lines)) < 4096


UNPACKED = Policy(name="p", limits=denying(unpacked_size=MIB))
BOTH = Policy(name="p", limits=Limits(pull_size=Limit(warn=MIB, deny=3 * MIB)))
TOGETHER = Policy(name="p", limits=denying(pull_size=MIB, workload_pull_size=MIB))
SUMMARIES = [
    ("nothing", verdict(subject({}), DEFAULT), "0 images within policy"),
    ("one", verdict(one(image(1)), DEFAULT), "1 image within policy"),
    ("two", verdict(subject({WEB: inspection(), use(name="b"): inspection()}), DEFAULT),
     "2 images within policy"),
    ("by an estimate",
     verdict(one(image(layer(1, 1, Size.estimated(1)))), UNPACKED),
     "1 image within policy (unpacked size estimated)"),
    ("over", verdict(one(SHOP), DEFAULT), "web: pulls 912 MiB (linux/amd64), limit 300 MiB"),
    ("of several policies",
     verdict(subject({WEB: UnavailableError("down")}), DEFAULT, replace(DEFAULT, name="b")),
     "web: could not be judged: down"),
    ("a part of it unknown, and for a long reason",
     verdict(one(image(2 * MIB, Size.unknown("because " * 100))), BOTH),
     ("web: pulls at least 2 MiB (linux/amd64), limit 1 MiB, "
      "could not be judged against limit 3 MiB (linux/amd64): "
      f"{('because ' * 100)[:146]}…")),
    ("of several images",
     verdict(subject({use("a", "a"): UnavailableError("down"), WEB: inspection(SHOP)}), TOGETHER),
     ("web: pulls 912 MiB (linux/amd64), limit 1 MiB; workload: pulls at least 912 MiB for "
      "all its images together, limit 1 MiB; a: could not be judged: down")),
]  # fmt: skip


@pytest.mark.parametrize(
    ("judged", "expected"), [c[1:] for c in SUMMARIES], ids=[c[0] for c in SUMMARIES]
)
def test_summary(judged: Verdict, expected: str) -> None:
    """The annotation says in short what is wrong where, or how much is right."""
    assert summary(judged) == expected


def test_summary_of_the_excused() -> None:
    """Exceptions show, as a number."""
    exception = SlimException(
        namespace="team-a",
        name="x",
        reason="r",
        expires=datetime.max.replace(tzinfo=UTC),
        policies=("default",),
    )

    assert summary(evaluate(one(SHOP), [DEFAULT], [exception], NOW)) == (
        "1 image within policy, 1 excused"
    )


def test_summaries_are_short_and_stable() -> None:
    """An annotation is cut at 256 characters, and says the same of the same."""
    places = {use(name=f"c{number}"): inspection(SHOP) for number in range(20)}
    text = summary(verdict(subject(places), DEFAULT))

    assert len(text) == 256
    assert text == summary(verdict(subject(places), DEFAULT))


UNSAFE = {"Cc", "Cf", "Co", "Cs", "Zl", "Zp"}


def hostile(text: str) -> Verdict:
    """Judge an image that says the same evil thing wherever it can."""
    facts = image(
        layer(1, 2 * MIB, Size.unknown(text), text),
        layer(2, 1, made=text),
        platform=Platform(text, text, text),
        base=Base(name=text, family=text, tier=Tier.FULL, contradiction=text),
        toolchains=(text, text),
    )
    policy = Policy(
        name="p",
        limits=denying(pull_size=1, unpacked_size=1, layers=1, layer_size=1, workload_pull_size=1),
        bases=BaseRules(allow=("scratch",), max_tier=TierLimit(deny=Tier.SLIM)),
    )
    places = subject(
        {
            use(text, text): inspection(facts),
            use("b", "b"): UnavailableError(text),
            use("c", "c"): inspection(replace(facts, base=Base(tier=Tier.FULL))),
        }
    )
    return verdict(places, policy)


@given(st.text(st.characters(), min_size=1, max_size=400) | st.just(EVIL) | st.just(EVIL * 100))
def test_hostile_images(text: str) -> None:
    """Nothing that an image says of itself acts on whoever reads of it."""
    judged = hostile(text)
    outlets = [denial(judged.findings, []), *warnings(judged.findings), summary(judged)]

    assert judged.outcome is Outcome.DENY
    for outlet in outlets:
        assert not {unicodedata.category(char) for char in outlet} & UNSAFE
        assert len(outlet) < 8_000
