"""The report for other programs: its fields are a promise."""

import json
from typing import Any

from slimgate.cli.check.reports.document import report_document
from slimgate.cli.check.reports.report import Report
from slimgate.cli.manifests.errors import InputError, InputsError
from slimgate.cli.shared.documents import json_text
from slimgate.core.wording.ways import DOCS
from tests.cli.check.reports.cases import EVIL, PART, REMEDY, report_of


async def _found(files: dict[str, str] | None = None, **more: Any) -> Any:
    return json.loads(json_text(report_document(await report_of(files, **more))))


async def test_fields() -> None:
    """Every field stands where docs/check.md says."""
    found = await _found(notes=("a note",))
    web, small, old, left = found["workloads"]

    assert {key: found[key] for key in ("schema", "status", "strict", "summary", "notes")} == {
        "schema": 1,
        "status": 1,
        "strict": False,
        "summary": "4 workloads, 3 images (1 not looked up): 1 denied, 1 warned, 2 within policy",
        "notes": ["a note"],
    }
    assert found["policies"] == [
        {"name": "default", "mode": "Enforce", "onUnknown": "Allow"},
        {"name": "later", "mode": "Audit", "onUnknown": "Allow"},
    ]
    assert [(w["effect"], w["verdict"], w["allowed"]) for w in found["workloads"]] == [
        ("deny", "deny", False),
        ("warn", "warn", True),
        ("allow", "allow", True),
        ("allow", "allow", True),
    ]
    assert (web["kind"], web["namespace"], web["name"]) == ("Pod", "shop", "web")
    assert (web["file"], web["line"]) == ("deploy/web.yaml", 1)
    assert web["message"].startswith('container "web": shop:fat pulls 120 MiB')
    assert small["message"] is None
    assert small["warnings"][0].startswith('slimgate: container "web": shop:soya pulls 6 MiB')
    assert web["policies"] == ["default", "later"]
    assert left["policies"] == []
    assert web["images"][1] == {
        "role": "container",
        "name": "gone",
        "reference": "gone:1",
        "line": 7,
        "judged": True,
        "error": "there is no such image",
    }
    assert left["images"][0]["judged"] is False
    assert old["excused"][0]["exception"] == {
        "namespace": "default",
        "name": "legacy",
        "reason": "being replaced",
        "expires": "2999-01-31T00:00:00+00:00",
    }


async def test_findings() -> None:
    """A finding holds its figures as numbers, and the words beside them."""
    found = await _found()
    finding = found["workloads"][0]["findings"][0]
    message = finding.pop("message")
    assert finding.pop("help") in REMEDY
    assert finding.pop("helpURL") == f"{DOCS}#toolchain"

    assert finding == {
        "policy": "default",
        "check": "pullSize",
        "outcome": "deny",
        "effect": "deny",
        "image": {"role": "container", "name": "web", "reference": "shop:fat"},
        "platform": "linux/amd64",
        "value": 120 * 2**20,
        "atLeast": False,
        "sizeEvidence": None,
        "limit": 100 * 2**20,
        "reason": None,
        "line": 6,
    }
    assert "pulls 120 MiB" in message


async def test_lower_bounds() -> None:
    """A value that may be larger is marked, says why, and stays a number of bytes."""
    found = await _found({"part.yaml": PART})
    keys = ("outcome", "effect", "value", "atLeast", "limit", "reason")
    findings = [
        tuple(finding[key] for key in keys)
        for finding in found["workloads"][0]["findings"]
        if finding["check"] == "pullSize"
    ]

    assert findings == [
        ("deny", "deny", 120 * 2**20, True, 100 * 2**20, "it was saved"),
        ("unknown", "warn", None, False, 100 * 2**20, "it was saved"),
        ("warn", "warn", 6 * 2**20, True, 5 * 2**20, "it was saved"),
    ]


async def test_images_once() -> None:
    """The facts about each image stand once, as `inspect -o json` prints them."""
    found = await _found()

    assert [(i["reference"], i["source"]) for i in found["images"]] == [
        ("shop:fat", "shop:fat"),
        ("shop:soya", "shop:soya"),
    ]
    assert found["images"][0]["platforms"][0]["pullBytes"] == 120 * 2**20


async def test_hostile_texts() -> None:
    """The text is plain ASCII, and reads back as what it was."""
    text = json_text(report_document(await report_of({"evil.yaml": EVIL})))

    assert text.isascii()
    assert all(line.isprintable() for line in text.splitlines())
    assert json.loads(text)["workloads"][0]["name"] == "[red]\x1b[2J\u202e\n::error::]]>&<\uffff"


def test_errors() -> None:
    """Where nothing was judged, the document says why, and where."""
    errors = [InputError("a.yaml", 2, "it is not YAML"), InputError("b", None, "it is a device")]
    found = report_document(Report.of_error(InputsError(errors)))

    assert (found["status"], found["summary"]) == (2, "nothing was judged")
    assert found["errors"] == [
        {"file": "a.yaml", "line": 2, "message": "it is not YAML"},
        {"file": "b", "line": None, "message": "it is a device"},
    ]
