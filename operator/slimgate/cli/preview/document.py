"""A preview for other programs: one document, whose fields docs/check.md describes."""

from typing import Final

from slimgate.cli.check.reports.document import finding_json
from slimgate.cli.preview.preview import Fate, Foreseen, Preview
from slimgate.cli.shared.documents import Document

SCHEMA: Final = 1


def preview_document(preview: Preview) -> Document:
    """Write the preview, the worst first."""
    return {
        "schema": SCHEMA,
        "policy": preview.policy.name,
        "mode": preview.policy.mode.value,
        "counts": {fate.label: preview.count(fate) for fate in reversed(Fate)},
        "workloads": [_workload(entry, preview.docs) for entry in preview.foreseen],
    }


def _workload(entry: Foreseen, docs: str) -> dict[str, object]:
    workload = entry.workload
    return {
        "kind": workload.kind,
        "namespace": workload.namespace,
        "name": workload.name,
        "outcome": entry.fate.label,
        "findings": [
            {**finding_json(finding, docs), "wouldBe": fate.label}
            for finding, fate in entry.findings
        ],
        "excused": [
            {**finding_json(finding, docs), "exception": f"{by.namespace}/{by.name}"}
            for finding, by in entry.verdict.excused
        ],
    }
