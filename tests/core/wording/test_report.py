"""Verdicts as report results: every outcome, stable, within bounds, safe to print."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from slimgate.core.images.facts import Base, Digest, ImageFacts, Layer, Platform, Size
from slimgate.core.images.tier import Evidence, Tier
from slimgate.core.policies.exception import SlimException
from slimgate.core.policies.finding import Finding, Outcome, Subject
from slimgate.core.policies.policy import Limit, Limits, Policy
from slimgate.core.policies.verdict import Verdict, evaluate
from slimgate.core.wording.report import MAX_RESULTS, report_of
from slimgate.core.wording.ways import DOCS
from slimgate.core.workloads.workload import ImageUse, Role, Workload
from tests.core.make import inspection

SHA = Digest(f"sha256:{'a' * 64}")
USE = ImageUse(role=Role.CONTAINER, name="web", reference="r.example.com/shop:1.2")
IMAGE = ImageFacts(
    digest=SHA,
    media_type="m",
    platform=Platform("linux", "amd64"),
    layers=(
        Layer(
            digest=SHA,
            diff_id=None,
            media_type="tar",
            pull=Size.known(400),
            unpacked=Size.unknown("not read"),
        ),
    ),
    base=Base(name="golang:1.26", family="debian", tier=Tier.BUILDER, evidence=Evidence.PROVEN),
)
EXCEPTION = SlimException(
    namespace="team",
    name="legacy",
    reason="until the rewrite",
    expires=datetime(2027, 1, 31, 12, tzinfo=UTC),
    policies=("slim",),
)


def finding(check: str, outcome: Outcome, policy: str = "slim", **more: object) -> Finding:
    """Make a finding about the image."""
    fields: dict[str, object] = {"use": USE, "image": IMAGE, **more}
    return Finding(policy=policy, check=check, outcome=outcome, **fields)  # type: ignore[arg-type]


def verdict(
    *findings: Finding,
    excused: tuple[Finding, ...] = (),
    policies: tuple[str, ...] = ("slim",),
) -> Verdict:
    """Make a verdict on one workload."""
    workload = Workload(
        group="apps", kind="Deployment", namespace="team", name="web", images=(USE,)
    )
    return Verdict(
        subject=Subject(workload=workload, images={}),
        policies=tuple(Policy(name=name) for name in policies),
        findings=findings,
        excused=tuple((one, EXCEPTION) for one in excused),
    )


def results(one: Verdict) -> list[dict[str, object]]:
    """Return a report's results."""
    found = report_of(one)["results"]
    assert isinstance(found, list)
    return found


OUTCOMES = [
    (Outcome.DENY, "fail", "high", True),
    (Outcome.WARN, "warn", "medium", False),
    (Outcome.UNKNOWN, "error", "low", False),
]


@pytest.mark.parametrize(("outcome", "result", "severity", "scored"), OUTCOMES)
def test_outcomes(outcome: Outcome, result: str, severity: str, *, scored: bool) -> None:
    """Each outcome has its result; what is not known is an error, not a violation."""
    one = results(verdict(finding("pullSize", outcome, value=400, limit=300, reason="r")))[0]

    assert one["result"] == result
    assert one["severity"] == severity
    assert one["scored"] is scored
    assert one["rule"] == "pullSize"
    assert one["policy"] == "slim"
    assert one["source"] == "slimgate"


def test_message_is_the_usual_sentence() -> None:
    """A result says what a denial says of the image."""
    one = results(verdict(finding("pullSize", Outcome.DENY, value=400, limit=300)))[0]

    assert one["message"] == (
        'container "web": r.example.com/shop:1.2 pulls 400 B (linux/amd64), limit 300 B '
        "[policy slim, pullSize]; base golang:1.26 (Builder, Proven)"
    )


def test_properties() -> None:
    """Properties hold whole bytes, and the facts that dashboards group by; none is empty."""
    one = results(verdict(finding("pullSize", Outcome.DENY, value=400, limit=300)))[0]

    assert one["properties"] == {
        "valueBytes": "400",
        "limitBytes": "300",
        "role": "container",
        "container": "web",
        "image": "r.example.com/shop:1.2",
        "digest": SHA,
        "platform": "linux/amd64",
        "pullBytes": "400",
        "base": "golang:1.26",
        "baseFamily": "debian",
        "tier": "Builder",
        "evidence": "Proven",
        "help": "Build in a first stage and copy only what runs into the final one",
        "helpURL": "https://slimgate.dev/docs/slimming#toolchain",
    }


VALUES = [
    ("layers", 31, 30, {"value": "31", "limit": "30"}),
    ("growth", 55, 50, {"value": "55", "limit": "50"}),
    ("maxTier", Tier.BUILDER, Tier.SLIM, {"value": "Builder", "limit": "Slim"}),
    ("workloadPullSize", 9, 8, {"valueBytes": "9", "limitBytes": "8"}),
    ("falseClaim", "it claims alpine", None, {"value": "it claims alpine"}),
]


@pytest.mark.parametrize(("check", "value", "limit", "expected"), VALUES)
def test_units(check: str, value: object, limit: object, expected: dict[str, str]) -> None:
    """Only what is bytes is called bytes; a workload's finding names no container."""
    one = finding(check, Outcome.DENY, value=value, limit=limit, use=None, image=None)

    found = results(verdict(one))[0]["properties"]
    assert isinstance(found, dict)
    assert found.pop("help")
    assert str(found.pop("helpURL")).startswith(f"{DOCS}#")
    assert found == expected


def test_lower_bounds() -> None:
    """A value that may be larger is marked as such, and none that is exact."""
    exact = finding("unpackedSize", Outcome.DENY, value=400, limit=300)
    bound = replace(exact, at_least=True, reason="zstd")
    told = [one["properties"] for one in results(verdict(exact, bound))]
    marks = [(one["valueBytes"], one.get("atLeast")) for one in told if isinstance(one, dict)]

    assert marks == [("400", None), ("400", "true")]


def test_pass() -> None:
    """A policy that has nothing to say passes, and one that has does not pass as well."""
    found = results(
        verdict(finding("layers", Outcome.WARN, value=2, limit=1), policies=("slim", "soya"))
    )

    assert [(one["policy"], one["result"]) for one in found] == [("slim", "warn"), ("soya", "pass")]
    assert found[1]["message"] == "all images are within the policy"
    assert "rule" not in found[1]
    assert "properties" not in found[1]


def test_how_sizes_are_known() -> None:
    """A result says so of what it is about, and one that passes if it rests on an estimate."""
    layer = replace(IMAGE.layers[0], unpacked=Size.estimated(400))
    seen = inspection(replace(IMAGE, layers=(layer,)))
    subject = Subject(workload=Workload(group="", kind="Pod", namespace="a", name="b"), images={})
    limits = [Limits(unpacked_size=Limit(deny=100)), Limits(unpacked_size=Limit(deny=500))]
    policies = [Policy(name=f"p{number}", limits=one) for number, one in enumerate(limits)]
    judged = evaluate(replace(subject, images={USE: seen}), policies, [], EXCEPTION.expires)
    found, passed = results(judged)

    properties = found["properties"]
    assert isinstance(properties, dict)
    assert (properties["sizeEvidence"], properties["unpackedEvidence"]) == ("Estimated",) * 2
    assert "unpacks to 400 B (estimated, linux/amd64), limit 100 B" in str(found["message"])
    assert passed["message"] == "all images are within the policy (unpacked size estimated)"


def test_skip_names_the_exception() -> None:
    """What is excused is skipped, by whom and until when; its policy does not pass besides."""
    excused = finding("pullSize", Outcome.DENY, value=400, limit=300)
    found = results(verdict(excused=(excused,)))

    assert [one["result"] for one in found] == ["skip"]
    assert str(found[0]["message"]).startswith(
        "excused by SlimException legacy until 2027-01-31 (until the rewrite): container"
    )
    properties = found[0]["properties"]
    assert isinstance(properties, dict)
    assert properties["exception"] == "legacy"
    assert found[0]["scored"] is False


def test_no_policy() -> None:
    """Without a policy there is nothing to report."""
    assert report_of(verdict(policies=())) == {
        "summary": {"fail": 0, "error": 0, "warn": 0, "skip": 0, "pass": 0},
        "results": [],
    }


def test_bounded() -> None:
    """A report fits into an object: the worst results stay, and the summary counts them all."""
    many = [finding("layers", Outcome.WARN, value=2, limit=1) for _ in range(MAX_RESULTS)]
    worst = finding("pullSize", Outcome.DENY, value=400, limit=300)

    report = report_of(verdict(*many, worst))

    assert report["summary"] == {
        "fail": 1, "error": 0, "warn": MAX_RESULTS, "skip": 0, "pass": 0,
    }  # fmt: skip
    found = report["results"]
    assert isinstance(found, list)
    assert len(found) == MAX_RESULTS
    assert found[0]["result"] == "fail"


def test_hostile_texts() -> None:
    """What an image says reaches no report unescaped or at any length."""
    use = ImageUse(role=Role.CONTAINER, name="a\x1b[31m", reference="x\n" + "y" * 10_000)
    image = ImageFacts(
        digest=None,
        media_type="m",
        platform=Platform("linux", "amd64"),
        layers=(),
        base=Base(name="evil\u202e" * 300),
    )
    one = finding("base", Outcome.DENY, use=use, image=image, value="v\r\n" * 10_000)

    found = results(verdict(one, excused=(one,)))
    texts = [str(entry["message"]) for entry in found]
    for entry in found:
        properties = entry["properties"]
        assert isinstance(properties, dict)
        texts += properties.values()

    assert not any(char in text for text in texts for char in "\x1b\n\r\u202e")
    assert max(map(len, texts)) <= 5_000
