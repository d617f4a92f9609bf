"""No form of a report hands on what could do harm where it is read, whoever wrote the text."""

import io
from dataclasses import replace
from xml.etree.ElementTree import fromstring

import pytest
from rich.console import Console

from slimgate.cli.check.reports.report import Report
from slimgate.cli.check.reports.table import report_table
from slimgate.cli.check.reports.writing import form_text
from slimgate.cli.manifests.errors import InputError, InputsError
from slimgate.cli.shared.forms import CheckOutput
from slimgate.core.errors import SettingsError
from tests.cli.check.reports.cases import EVIL, MANIFESTS, report_of

BAD = "a\x1b[31m\r\n::error::\u202e\x9b2J\u2028\x7f\udcffz"


def evil(report: Report) -> Report:
    """Put the bad text wherever a report takes one from outside."""
    policies = [replace(policy, message=BAD) for policy in report.policies]
    judged = [
        replace(
            entry,
            verdict=replace(
                entry.verdict,
                excused=tuple(
                    (finding, replace(by, name=BAD, reason=BAD))
                    for finding, by in entry.verdict.excused
                ),
            ),
        )
        for entry in report.judged
    ]
    return replace(report, policies=policies, judged=judged)


async def reports() -> list[Report]:
    """Make a report of verdicts, and one of faults."""
    files = {f"{BAD}.yaml": EVIL.replace("\\uffff", ""), f"/{BAD}/x.yaml": MANIFESTS}
    verdicts = evil(await report_of(files, notes=(BAD,)))
    errors = [InputError(BAD, 1, BAD), InputError(BAD, None, BAD)]
    return [verdicts, *map(Report.of_error, (InputsError(errors), SettingsError(BAD)))]


@pytest.mark.parametrize("form", [form for form in CheckOutput if not form.is_table])
async def test_forms_for_programs(form: CheckOutput) -> None:
    """Every line is printable and can be written, and so is every text in XML."""
    for report in await reports():
        text = form_text(report, form)
        assert all(line.isprintable() for line in text.split("\n"))
        assert text.encode("utf-8")
        if form is CheckOutput.GITHUB:
            assert not any(line.startswith("::error::") for line in text.split("\n"))
            assert "%0A" not in text
        if form is CheckOutput.JUNIT:
            root = fromstring(text)  # noqa: S314 - our own document
            texts = [value for one in root.iter() for value in (*one.attrib.values(), one.text)]
            assert all(line.isprintable() for one in texts for line in (one or "").split("\n"))


async def test_tables() -> None:
    """What is printed for people has no control characters but ends of lines."""
    for report in await reports():
        file = io.StringIO()
        Console(file=file, width=1000).print(report_table(report, wide=True))
        assert all(line.isprintable() for line in file.getvalue().split("\n"))
        assert all(fault.sentence.isprintable() for fault in report.faults)
