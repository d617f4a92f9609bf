"""For GitLab and other CI servers: JUnit XML, one test case an image."""

import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from typing import Final
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from slimgate.cli.check.judge import FindingEffect, Judged
from slimgate.cli.check.reports.report import (
    Fault,
    Remark,
    Report,
    excuses,
    file_text,
    plain,
    relative,
    remarks_on,
)
from slimgate.core.workloads.workload import ImageUse

_IMAGES: Final = "images"
_ELEMENTS: Final = {FindingEffect.DENY: "failure", FindingEffect.UNKNOWN: "error"}
_ILLEGAL: Final = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 can't hold, even as a character reference: https://www.w3.org/TR/xml/#charsets"""


def report_junit(report: Report) -> str:
    """Write one suite a file; denials are failures, failed look-ups errors, the rest passes."""
    root = Element("testsuites", name="slimgate")
    for file, entries in groupby(report.judged, key=lambda entry: entry.placed.file):
        name = _IMAGES if file is None else _file(file)
        suite = SubElement(root, "testsuite", name=_legal(name))
        for entry in entries:
            suite.extend(_cases(entry, report.docs))
        _count(suite, [suite])
    if report.faults:
        suite = SubElement(root, "testsuite", name="errors")
        suite.extend(map(_fault, report.faults))
        _count(suite, [suite])
    if report.notes:
        notes = SubElement(root, "testsuite", name="notes")
        _output(notes, report.notes)
        _count(notes, [notes])
    _count(root, root)
    indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{tostring(root, encoding="unicode")}\n'


def _cases(entry: Judged, docs: str) -> Iterator[Element]:
    remarks = _by_use(entry)
    if not entry.placed.workload.images:
        yield _case(entry, "no image", [], docs, skipped="no container names an image")
        return
    for use in dict.fromkeys(entry.placed.workload.images):
        is_judged = use in entry.verdict.subject.images
        yield _case(
            entry,
            f"{use.role.value} {use.name or use.reference}",
            remarks.get(use, []),
            docs,
            skipped=None if is_judged else "no policy applies to it",
        )
    if any(policy.limits.workload_pull_size for policy in entry.verdict.policies):
        yield _case(entry, "all images together", remarks.get(None, []), docs)


def _by_use(entry: Judged) -> Mapping[ImageUse | None, list[Remark]]:
    remarks: dict[ImageUse | None, list[Remark]] = {}
    for remark in remarks_on(entry):
        remarks.setdefault(remark.use, []).append(remark)
    return remarks


def _case(
    entry: Judged, name: str, remarks: list[Remark], docs: str, *, skipped: str | None = None
) -> Element:
    placed = entry.placed
    title = _IMAGES if placed.file is None else placed.title
    case = Element("testcase", classname=_legal(title), name=_legal(name))
    if placed.file is not None:
        case.set("file", _legal(_file(placed.file)))
    if skipped is not None:
        SubElement(case, "skipped", message=skipped)
    for remark in remarks:
        if remark.effect in _ELEMENTS:
            _problem(case, remark, docs)
    passed = [f"{r.effect.label}: {r.message}" for r in remarks if r.effect not in _ELEMENTS]
    if passed or (excused := excuses(entry)):
        _output(case, passed or excused)
    return case


def _problem(case: Element, remark: Remark, docs: str) -> None:
    checks = ", ".join(dict.fromkeys(finding.check for finding in remark.findings))
    kind = _ELEMENTS[remark.effect]
    problem = SubElement(case, kind, type=_legal(checks), message=_legal(remark.message))
    problem.text = _legal(_placed(remark.with_help(docs), remark.file, remark.line))


def _fault(fault: Fault) -> Element:
    case = Element("testcase", classname="slimgate", name=_legal(fault.file or "input"))
    said = _placed(fault.message, fault.file, fault.line)
    SubElement(case, "error", type="input", message=_legal(fault.message)).text = _legal(said)
    return case


def _placed(message: str, file: str | None, line: int | None) -> str:
    if file is None:
        return message
    return f"{_file(file)}{'' if line is None else f':{line}'}: {message}"


def _file(file: str) -> str:
    return file_text(relative(file))


def _output(parent: Element, lines: Iterable[str]) -> None:
    SubElement(parent, "system-out").text = "\n".join(map(_legal, lines))


def _count(element: Element, suites: Iterable[Element]) -> None:
    suites = list(suites)
    for name, tag in (
        ("tests", "testcase"),
        ("failures", "failure"),
        ("errors", "error"),
        ("skipped", "skipped"),
    ):
        element.set(name, str(sum(1 for suite in suites for _ in suite.iter(tag))))


def _legal(text: str) -> str:
    return _ILLEGAL.sub(lambda char: char[0].encode("unicode_escape").decode("ascii"), plain(text))
