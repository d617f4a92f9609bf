"""A report in every form that was asked for: one printed, others written to files."""

import sys
from collections.abc import Callable, Iterable
from pathlib import Path

import typer

from slimgate.cli.check.reports.report import Report
from slimgate.cli.shared.exits import USAGE
from slimgate.cli.shared.forms import CheckOutput
from slimgate.cli.shared.outputs import spare, why_not_writable
from slimgate.cli.shared.values import unknown_word
from slimgate.core.errors import SettingsError
from slimgate.core.text import printable


class Writer:
    """Prints a report, and writes it to the files of --report, which it tries at once."""

    def __init__(
        self, output: CheckOutput, wanted: Iterable[str], inputs: Callable[[], Iterable[str]]
    ) -> None:
        """Read `FORM=FILE` entries; SettingsError for a wrong one, or one of the files to read.

        A file that can't be written is said at once, and again by the exit status, but stops
        nobody from seeing the verdict.
        """
        self._output = output
        self._failed = False
        entries = [_wanted(text) for text in wanted]
        spare("--report", [file for _, file in entries], inputs)
        self._files = [entry for entry in entries if self._try(entry[1])]

    @property
    def is_for_people(self) -> bool:
        """Whether nothing but tables was asked for, so that an error needs no document."""
        return self._output.is_table and not self._files

    def write(self, report: Report) -> int:
        """Print it, write it, and return the exit status."""
        if report.faults:
            for fault in report.faults:
                typer.echo(f"error: {fault.sentence}", err=True)
        if not (report.faults and self._output.is_table):
            _print(report, self._output)
        for form, file in self._files:
            try:
                Path(file).write_text(form_text(report, form), encoding="utf-8")
            except OSError as err:
                self._complain(file, err.strerror)
        return report.status or (USAGE if self._failed else 0)

    def _try(self, file: str) -> bool:
        if why := why_not_writable(file):
            self._complain(file, why)
        return why is None

    def _complain(self, file: str, why: str | None) -> None:
        self._failed = True
        typer.echo(f"error: --report {printable(file)}: {why}", err=True)


def form_text(report: Report, form: CheckOutput) -> str:
    """Write a report in a form for programs; each is loaded only where it is wanted."""
    match form:
        case CheckOutput.SARIF:
            from slimgate.cli.check.reports.sarif import report_sarif  # noqa: PLC0415

            return report_sarif(report)
        case CheckOutput.GITHUB:
            from slimgate.cli.check.reports.github import report_github  # noqa: PLC0415

            return report_github(report)
        case CheckOutput.JUNIT:
            from slimgate.cli.check.reports.junit import report_junit  # noqa: PLC0415

            return report_junit(report)
    from slimgate.cli.check.reports.document import report_document  # noqa: PLC0415
    from slimgate.cli.shared.documents import json_text, yaml_text  # noqa: PLC0415

    document = report_document(report)
    return yaml_text(document) if form is CheckOutput.YAML else json_text(document)


def _wanted(text: str) -> tuple[CheckOutput, str]:
    form, _, file = text.partition("=")
    known = [one.value for one in CheckOutput if not one.is_table]
    if not file:
        raise SettingsError(
            f"--report {printable(text, 128)!r}: write FORM=FILE, as in junit=slimgate.xml"
        )
    if form not in known:
        raise SettingsError(unknown_word("--report", form, known))
    if file == "-":
        raise SettingsError(f"--report {form}=-: name a file; -o {form} prints it")
    return CheckOutput(form), file


def _print(report: Report, output: CheckOutput) -> None:
    if not output.is_table:
        sys.stdout.write(form_text(report, output))
        return
    from slimgate.cli.check.reports.table import report_table  # noqa: PLC0415 - it loads rich
    from slimgate.cli.shared.screen import screen, show  # noqa: PLC0415

    show(screen(), report_table(report, wide=output is CheckOutput.WIDE))
