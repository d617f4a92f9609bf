"""For code scanning: SARIF 2.1.0, within GitHub's limits.

https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
https://docs.github.com/code-security/code-scanning/integrating-with-code-scanning/sarif-support-for-code-scanning
"""

import hashlib
import json
import os
from collections import Counter
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import PurePosixPath
from typing import Final
from urllib.parse import quote

from slimgate.cli.check.judge import FindingEffect
from slimgate.cli.check.reports.report import Fault, Remark, Report, count, plain, relative
from slimgate.cli.shared.exits import VIOLATED, WITHIN
from slimgate.core.json_object import JsonDocument
from slimgate.core.policies.checks import CHECKS
from slimgate.core.policies.finding import Finding
from slimgate.core.text import printable
from slimgate.core.wording.render import describe
from slimgate.core.wording.ways import link, way_of, way_text
from slimgate.core.workloads.workload import Workload

_SCHEMA: Final = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
MAX_RESULTS: Final = 5000
"""GitHub keeps no more of a run; which ones is our choice then, not its."""
_LEVELS: Final[Mapping[FindingEffect, str]] = {
    FindingEffect.DENY: "error",
    FindingEffect.UNKNOWN: "warning",
    FindingEffect.WARN: "warning",
    FindingEffect.AUDIT: "note",
}
_RULES: Final = tuple(CHECKS)


def report_sarif(report: Report) -> str:
    """Write one run with one result a finding, the worst first."""
    seen: Counter[str] = Counter()
    results = [
        _result(remark, finding, seen, report.docs)
        for remark in report.remarks
        for finding in remark.findings
    ]
    notes = [*map(plain, report.notes)]
    if len(results) > MAX_RESULTS:
        notes.append(f"{count(len(results) - MAX_RESULTS, 'result')} left out: too many for SARIF")
    document = {
        "$schema": _SCHEMA,
        "version": "2.1.0",
        "runs": [_run(report, results[:MAX_RESULTS], [*notes, report.summary])],
    }
    return json.dumps(document, indent=2).replace("\x7f", "\\u007f") + "\n"


def _run(report: Report, results: list[JsonDocument], notes: list[str]) -> JsonDocument:
    return {
        "tool": {
            "driver": {
                "name": "slimgate",
                "informationUri": report.docs,
                "semanticVersion": version("slimgate"),
                "rules": [_rule(name, report.docs) for name in _RULES],
            }
        },
        "invocations": [
            {
                "executionSuccessful": report.status in {WITHIN, VIOLATED},
                "exitCode": report.status,
                "toolExecutionNotifications": [
                    *({"level": "error", **_fault(fault)} for fault in report.faults),
                    *({"level": "note", "message": {"text": note}} for note in notes),
                ],
            }
        ],
        "columnKind": "unicodeCodePoints",
        "results": results,
    }


def _fault(fault: Fault) -> JsonDocument:
    said: JsonDocument = {"message": {"text": fault.message}}
    place = _physical(fault.file, fault.line)
    return {**said, "locations": [place]} if place else said


def _physical(file: str | None, line: int | None) -> JsonDocument:
    if file is None:
        return {}
    region = {} if line is None else {"region": {"startLine": line}}
    return {"physicalLocation": {"artifactLocation": {"uri": _uri(file)}, **region}}


def _rule(name: str, docs: str) -> JsonDocument:
    about = CHECKS[name]
    page = link(about.section, docs)
    return {
        "id": _rule_id(name),
        "name": name[0].upper() + name[1:],
        "shortDescription": {"text": about.title},
        "fullDescription": {"text": f"{about.title}. {about.advice}"},
        "help": {"text": about.advice, "markdown": f"{about.advice}\n\n[Slimming images]({page})"},
        "helpUri": page,
        "defaultConfiguration": {"level": "error"},
        "properties": {"tags": ["container-image", "slimgate"], "precision": "very-high"},
    }


def _result(remark: Remark, finding: Finding, seen: Counter[str], docs: str) -> JsonDocument:
    workload = remark.workload
    uri = "" if remark.file is None else _uri(remark.file)
    fingerprint = _fingerprint(uri, finding, workload)
    seen[fingerprint] += 1
    return {
        "ruleId": _rule_id(finding.check),
        "ruleIndex": _RULES.index(finding.check),
        "level": _LEVELS[remark.effect],
        "message": {
            "text": f"{describe(finding.use, [finding])}. {way_text(way_of(finding), docs)}."
        },
        "locations": [
            {
                **_physical(remark.file, remark.line),
                "logicalLocations": [{"fullyQualifiedName": _name(finding, workload)}],
            }
        ],
        "partialFingerprints": {"primaryLocationLineHash": f"{fingerprint}:{seen[fingerprint]}"},
    }


def _fingerprint(uri: str, finding: Finding, workload: Workload) -> str:
    """Hash what stays when lines move and tags change: the same fault stays the same alert."""
    parts = (uri, _name(finding, workload), finding.policy, finding.check)
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def _name(finding: Finding, workload: Workload) -> str:
    use = finding.use
    if use is not None and not use.name:
        return printable(use.reference, 1024)
    part = f"/{use.role.value}/{use.name}" if use is not None else ""
    return printable(f"{workload.kind}/{workload.namespace}/{workload.name}{part}", 1024)


def _uri(file: str) -> str:
    path = PurePosixPath(relative(file))
    return path.as_uri() if path.is_absolute() else quote(os.fsencode(path))


def _rule_id(check: str) -> str:
    return f"slimgate/{check}"
