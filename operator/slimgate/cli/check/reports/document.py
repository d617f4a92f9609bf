"""For other programs: one document, whose fields docs/check.md describes and never change."""

from typing import Final

from slimgate.cli.check.judge import Judged
from slimgate.cli.check.reports.report import Report, remarks_on
from slimgate.cli.shared.documents import Document
from slimgate.core.errors import ImageError
from slimgate.core.images.facts import Inspection
from slimgate.core.images.facts_json import inspection_to_json
from slimgate.core.images.tier import Tier
from slimgate.core.json_object import JsonDocument
from slimgate.core.policies.finding import Finding
from slimgate.core.wording.render import describe
from slimgate.core.wording.ways import link, way_of
from slimgate.core.workloads.workload import ImageUse

SCHEMA: Final = 1


def report_document(report: Report) -> Document:
    """Write the report."""
    return {
        "schema": SCHEMA,
        "status": report.status,
        "strict": report.strict,
        "failOn": sorted(word.value for word in report.fail_on),
        "summary": report.summary,
        "policies": [
            {"name": policy.name, "mode": policy.mode.value, "onUnknown": policy.on_unknown.value}
            for policy in report.policies
        ],
        "workloads": [_workload(entry, report.docs) for entry in report.judged],
        "notJudged": [
            {
                "apiVersion": one.api_version,
                "kind": one.kind,
                "namespace": one.namespace or None,
                "name": one.name,
                "file": one.file,
                "line": one.line,
            }
            for one in report.others
        ],
        "images": _images(report),
        "notes": list(report.notes),
        "errors": [
            {"file": fault.file, "line": fault.line, "message": fault.message}
            for fault in report.faults
        ],
    }


def _workload(entry: Judged, docs: str) -> JsonDocument:
    placed, decision = entry.placed, entry.decision
    return {
        "kind": placed.workload.kind,
        "namespace": placed.workload.namespace,
        "name": placed.workload.name,
        "file": placed.file,
        "line": placed.line,
        "effect": entry.effect,
        "verdict": entry.verdict.outcome.label,
        "allowed": decision.allowed,
        "message": decision.message or None,
        "warnings": list(decision.warnings),
        "policies": [policy.name for policy in entry.verdict.policies],
        "images": [_image(entry, use) for use in placed.workload.images],
        "findings": [
            {**finding_json(finding, docs), "effect": remark.effect.label, "line": remark.line}
            for remark in remarks_on(entry)
            for finding in remark.findings
        ],
        "excused": [
            {
                **finding_json(finding, docs),
                "line": placed.line_of(finding.use),
                "exception": {
                    "namespace": by.namespace,
                    "name": by.name,
                    "reason": by.reason,
                    "expires": by.expires.isoformat(),
                },
            }
            for finding, by in entry.verdict.excused
        ],
    }


def _image(entry: Judged, use: ImageUse) -> JsonDocument:
    seen = entry.verdict.subject.images.get(use)
    return {
        **_use(use),
        "line": entry.placed.line_of(use),
        "judged": seen is not None,
        "error": str(seen) if isinstance(seen, ImageError) else None,
    }


def _images(report: Report) -> list[JsonDocument]:
    """Write the facts about each image once, by the reference that manifests name."""
    found: dict[str, JsonDocument] = {}
    for entry in report.judged:
        for use, seen in entry.verdict.subject.images.items():
            if isinstance(seen, Inspection):
                source = {"reference": use.reference, "source": seen.reference}
                found.setdefault(use.reference, {**inspection_to_json(seen), **source})
    return list(found.values())


def finding_json(finding: Finding, docs: str) -> JsonDocument:
    """Write a finding: bytes, counts, percent and tiers as the check's name says."""
    way = way_of(finding)
    return {
        "policy": finding.policy,
        "check": finding.check,
        "outcome": finding.outcome.label,
        "image": _use(finding.use) if finding.use else None,
        "platform": str(finding.image.platform) if finding.image else None,
        "value": _plain(finding.value),
        "atLeast": finding.at_least,
        "sizeEvidence": None if finding.size_evidence is None else finding.size_evidence.value,
        "limit": _plain(finding.limit),
        "reason": finding.reason,
        "message": describe(finding.use, [finding]),
        "help": way.sentence,
        "helpURL": link(way.section, docs),
    }


def _use(use: ImageUse) -> JsonDocument:
    return {"role": use.role.value, "name": use.name, "reference": use.reference}


def _plain(value: int | Tier | str | None) -> int | str | None:
    return value.label if isinstance(value, Tier) else value
