"""Verdicts as report results: every outcome, stable, within bounds, safe to print."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from slimgate.core.images.facts import Base, Size
from slimgate.core.images.tier import Tier
from slimgate.core.json_object import mapping_at, objects_at
from slimgate.core.policies.exception import SlimException
from slimgate.core.policies.finding import Finding, Outcome
from slimgate.core.policies.policy import Limit, Limits, Policy
from slimgate.core.policies.verdict import Verdict
from slimgate.core.wording.report import MAX_RESULTS, report_of
from slimgate.core.wording.ways import DOCS
from tests.core.make import GOLANG, WEB, digest, image, layer, subject, use, verdict
from tests.core.make import one as one_image

IMAGE = image(layer(1, 400, Size.unknown("not read")), base=GOLANG)
EXCEPTION = SlimException(
    namespace="team",
    name="legacy",
    reason="until the rewrite",
    expires=datetime(2027, 1, 31, 12, tzinfo=UTC),
    policies=("slim",),
)


def finding(check: str, outcome: Outcome, policy: str = "slim", **more: object) -> Finding:
    """Make a finding about the image."""
    fields: dict[str, object] = {"use": WEB, "image": IMAGE, **more}
    return Finding(policy=policy, check=check, outcome=outcome, **fields)  # type: ignore[arg-type]


PULL = finding("pullSize", Outcome.DENY, value=400, limit=300)


def results(
    *findings: Finding, excused: tuple[Finding, ...] = (), policies: tuple[str, ...] = ("slim",)
) -> list[dict[str, Any]]:
    """Return the results of a report on one workload."""
    verdict = Verdict(
        subject=subject({}),
        policies=tuple(Policy(name=name) for name in policies),
        findings=findings,
        excused=tuple((one, EXCEPTION) for one in excused),
    )
    found: Any = report_of(verdict)["results"]
    return list(found)


OUTCOMES = [
    (Outcome.DENY, "fail", "high", True),
    (Outcome.WARN, "warn", "medium", False),
    (Outcome.UNKNOWN, "error", "low", False),
]


@pytest.mark.parametrize(("outcome", "result", "severity", "scored"), OUTCOMES)
def test_outcomes(outcome: Outcome, result: str, severity: str, *, scored: bool) -> None:
    """Each outcome has its result; what is not known is an error, not a violation."""
    one = results(finding("pullSize", outcome, value=400, limit=300, reason="r"))[0]

    assert (one["result"], one["severity"], one["scored"]) == (result, severity, scored)
    assert (one["rule"], one["policy"], one["source"]) == ("pullSize", "slim", "slimgate")


def test_message_is_the_usual_sentence() -> None:
    """A result says what a denial says of the image."""
    assert results(PULL)[0]["message"] == (
        'container "web": registry.example.com/shop:1.2 pulls 400 B (linux/amd64), limit 300 B '
        "[policy slim, pullSize]; base golang:1.26 (Builder, Proven)"
    )


def test_properties() -> None:
    """Properties hold whole bytes, and the facts that dashboards group by; none is empty."""
    assert results(PULL)[0]["properties"] == {
        "valueBytes": "400",
        "limitBytes": "300",
        "role": "container",
        "container": "web",
        "image": "registry.example.com/shop:1.2",
        "digest": digest(99),
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

    found = results(one)[0]["properties"]
    assert found.pop("help")
    assert str(found.pop("helpURL")).startswith(f"{DOCS}#")
    assert found == expected


def test_lower_bounds() -> None:
    """A value that may be larger is marked as such, and none that is exact."""
    exact = finding("unpackedSize", Outcome.DENY, value=400, limit=300)
    bound = replace(exact, at_least=True, reason="zstd")
    told = [one["properties"] for one in results(exact, bound)]
    marks = [(one["valueBytes"], one.get("atLeast")) for one in told]

    assert marks == [("400", None), ("400", "true")]


def test_pass() -> None:
    """A policy that has nothing to say passes, and one that has does not pass as well."""
    warned = finding("layers", Outcome.WARN, value=2, limit=1)
    found = results(warned, policies=("slim", "soya"))

    assert [(one["policy"], one["result"]) for one in found] == [("slim", "warn"), ("soya", "pass")]
    assert found[1]["message"] == "all images are within the policy"
    assert not {"rule", "properties"} & found[1].keys()


def test_how_sizes_are_known() -> None:
    """A result says so of what it is about, and one that passes if it rests on an estimate."""
    limits = [Limits(unpacked_size=Limit(deny=100)), Limits(unpacked_size=Limit(deny=500))]
    policies = [Policy(name=f"p{number}", limits=one) for number, one in enumerate(limits)]
    judged = verdict(one_image(image(layer(1, 400, Size.estimated(400)))), *policies)
    found, passed = objects_at(report_of(judged), "results")

    properties = mapping_at(found, "properties")
    assert (properties["sizeEvidence"], properties["unpackedEvidence"]) == ("Estimated",) * 2
    assert "unpacks to 400 B (estimated, linux/amd64), limit 100 B" in str(found["message"])
    assert passed["message"] == "all images are within the policy (unpacked size estimated)"


def test_skip_names_the_exception() -> None:
    """What is excused is skipped, by whom and until when; its policy does not pass besides."""
    (found,) = results(excused=(PULL,))

    assert (found["result"], found["scored"]) == ("skip", False)
    assert str(found["message"]).startswith(
        "excused by SlimException legacy until 2027-01-31 (until the rewrite): container"
    )
    assert found["properties"]["exception"] == "legacy"


def test_no_policy() -> None:
    """Without a policy there is nothing to report."""
    assert report_of(verdict(subject({}))) == {
        "summary": {"fail": 0, "error": 0, "warn": 0, "skip": 0, "pass": 0},
        "results": [],
    }


def test_bounded() -> None:
    """A report fits into an object: the worst results stay, and the summary counts them all."""
    many = tuple(finding("layers", Outcome.WARN, value=2, limit=1) for _ in range(MAX_RESULTS))
    report = report_of(Verdict(subject=subject({}), findings=(*many, PULL)))

    assert report["summary"] == {
        "fail": 1, "error": 0, "warn": MAX_RESULTS, "skip": 0, "pass": 0,
    }  # fmt: skip
    found = [*objects_at(report, "results")]
    assert len(found) == MAX_RESULTS
    assert found[0]["result"] == "fail"


def test_hostile_texts() -> None:
    """What an image says reaches no report unescaped or at any length."""
    evil = image(base=Base(name="evil\u202e" * 300))
    at = use("x\n" + "y" * 10_000, "a\x1b[31m")
    one = finding("base", Outcome.DENY, use=at, image=evil, value="v\r\n" * 10_000)

    found = results(one, excused=(one,))
    texts = [str(entry["message"]) for entry in found]
    texts += [text for entry in found for text in entry["properties"].values()]

    assert not any(char in text for text in texts for char in "\x1b\n\r\u202e")
    assert max(map(len, texts)) <= 5_000
