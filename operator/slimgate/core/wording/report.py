"""A verdict as the results of a policy report, in the JSON that both report APIs share.

openreports.io/v1alpha1 and wgpolicyk8s.io/v1alpha2 name these fields alike. Results bear no times,
so that a report changes only when what it says does.
"""

from collections import Counter
from collections.abc import Iterator
from typing import Final

from slimgate.core.images.facts import ImageFacts
from slimgate.core.images.tier import Tier
from slimgate.core.json_object import JsonDocument
from slimgate.core.policies.checks import CHECKS
from slimgate.core.policies.checks.check import Unit
from slimgate.core.policies.exception import SlimException
from slimgate.core.policies.finding import Finding, Outcome
from slimgate.core.policies.verdict import Verdict
from slimgate.core.text import printable
from slimgate.core.wording import render
from slimgate.core.wording.ways import DOCS, link, way_of

SOURCE: Final = "slimgate"
MAX_RESULTS: Final = 500
"""About 1 KB each; an object may take 1.5 MiB."""

_CATEGORY: Final = "Image slimness"
_WORST_FIRST: Final = ("fail", "error", "warn", "skip", "pass")
_MESSAGE_LENGTH: Final = 1024
_BY_OUTCOME: Final = {
    Outcome.DENY: ("fail", "high"),
    Outcome.WARN: ("warn", "medium"),
    Outcome.UNKNOWN: ("error", "low"),
}


def report_of(verdict: Verdict, docs: str = DOCS) -> JsonDocument:
    """Write `results`, the worst first, and `summary`, which counts those left out, too.

    `docs` is the page that says what helps.
    """
    results = sorted(
        _results(verdict, docs), key=lambda result: _WORST_FIRST.index(str(result["result"]))
    )
    count = Counter(str(result["result"]) for result in results)
    return {
        "summary": {name: count[name] for name in _WORST_FIRST},
        "results": results[:MAX_RESULTS],
    }


def _results(verdict: Verdict, docs: str) -> Iterator[JsonDocument]:
    for finding in verdict.findings:
        result, severity = _BY_OUTCOME[finding.outcome]
        yield _result(
            finding.policy,
            result,
            severity,
            render.describe(finding.use, [finding]),
            rule=finding.check,
            properties={**_properties(finding), **_help(finding, docs)},
        )
    for finding, exception in verdict.excused:
        yield _result(
            finding.policy,
            "skip",
            "info",
            f"{_leave(exception)}: {render.describe(finding.use, [finding])}",
            rule=finding.check,
            properties={**_properties(finding), "exception": exception.name},
        )
    spoken = {finding.policy for finding in verdict.findings}
    spoken |= {finding.policy for finding, _ in verdict.excused}
    for policy in verdict.policies:
        if policy.name not in spoken:
            yield _result(
                policy.name,
                "pass",
                "info",
                f"all images are within the policy{render.by_estimate(verdict, [policy])}",
            )


def _result(
    policy: str,
    result: str,
    severity: str,
    message: str,
    *,
    rule: str | None = None,
    properties: dict[str, str] | None = None,
) -> JsonDocument:
    return {
        "source": SOURCE,
        "policy": policy,
        **({"rule": rule} if rule else {}),
        "category": _CATEGORY,
        "severity": severity,
        "result": result,
        "scored": result in {"pass", "fail"},
        "message": printable(message, _MESSAGE_LENGTH),
        **({"properties": properties} if properties else {}),
    }


def _help(finding: Finding, docs: str) -> dict[str, str]:
    way = way_of(finding)
    return {"help": printable(way.sentence, 512), "helpURL": link(way.section, docs)}


def _leave(exception: SlimException) -> str:
    until = exception.expires.date().isoformat()
    return (
        f"excused by SlimException {printable(exception.name, 253)} until {until} "
        f"({printable(exception.reason)})"
    )


def _properties(finding: Finding) -> dict[str, str]:
    """Write what a dashboard may want to sort and sum by; sizes are whole bytes."""
    unit = "Bytes" if CHECKS[finding.check].unit is Unit.BYTES else ""
    texts = {
        f"value{unit}": _text(finding.value),
        f"limit{unit}": _text(finding.limit),
        "atLeast": "true" if finding.at_least else None,
        "sizeEvidence": finding.size_evidence.value if finding.size_evidence else None,
    }
    if finding.use is not None:
        texts |= {
            "role": finding.use.role.value,
            "container": finding.use.name,
            "image": finding.use.reference,
        }
    if finding.image is not None:
        texts |= _facts(finding.image)
    return {key: printable(text, 512) for key, text in texts.items() if text}


def _facts(image: ImageFacts) -> dict[str, str | None]:
    base = image.base
    return {
        "digest": image.digest,
        "platform": str(image.platform),
        "pullBytes": _text(image.pull.bytes),
        "unpackedBytes": _text(image.unpacked.bytes),
        "unpackedEvidence": image.unpacked.evidence.value if image.unpacked.evidence else None,
        "base": base.name,
        "baseFamily": base.family,
        "tier": _text(base.tier),
        "evidence": base.evidence.value if base.evidence else None,
    }


def _text(value: int | Tier | str | None) -> str | None:
    if isinstance(value, Tier):
        return value.label
    return None if value is None else str(value)
