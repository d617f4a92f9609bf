"""A preview for other programs: one JSON object, whose fields docs/check.md describes."""

import json
from typing import Final

from slimgate.cli.previews.preview import Fate, Foreseen, Preview
from slimgate.cli.reports.json_report import finding_json

SCHEMA: Final = 1


def preview_json(preview: Preview) -> str:
    """Write the preview; what is not plain ASCII is escaped, since texts come from strangers."""
    document = {
        "schema": SCHEMA,
        "policy": preview.policy.name,
        "mode": preview.policy.mode.value,
        "counts": {fate.label: preview.count(fate) for fate in reversed(Fate)},
        "workloads": [_workload(entry) for entry in preview.foreseen],
    }
    return json.dumps(document, indent=2).replace("\x7f", "\\u007f") + "\n"


def _workload(entry: Foreseen) -> dict[str, object]:
    workload = entry.workload
    return {
        "kind": workload.kind,
        "namespace": workload.namespace,
        "name": workload.name,
        "outcome": entry.fate.label,
        "findings": [
            {**finding_json(finding), "wouldBe": fate.label} for finding, fate in entry.findings
        ],
        "excused": [
            {**finding_json(finding), "exception": f"{by.namespace}/{by.name}"}
            for finding, by in entry.verdict.excused
        ],
    }
