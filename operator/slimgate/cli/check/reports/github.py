"""For GitHub Actions: workflow commands that put remarks beside the lines of a pull request.

https://docs.github.com/actions/reference/workflow-commands-for-github-actions
"""

from collections.abc import Mapping
from typing import Final

from slimgate.cli.check.judge import FindingEffect
from slimgate.cli.check.reports.report import Report, file_text, plain, relative

_COMMANDS: Final[Mapping[FindingEffect, str]] = {
    FindingEffect.DENY: "error",
    FindingEffect.UNKNOWN: "error",
    FindingEffect.WARN: "warning",
    FindingEffect.AUDIT: "notice",
}


def report_github(report: Report) -> str:
    """Write one command a remark, the worst first, since GitHub shows ten of each kind a step."""
    lines = [
        _command(
            _COMMANDS[remark.effect],
            remark.with_help(report.docs),
            **_place(remark.file, remark.line),
            title=f"slimgate: {remark.effect.label}",
        )
        for remark in report.remarks
    ]
    lines += [
        _command("error", fault.message, **_place(fault.file, fault.line), title="slimgate")
        for fault in report.faults
    ]
    lines += [_command("notice", note, title="slimgate") for note in map(plain, report.notes)]
    lines += [*report.advice, report.summary]
    return "".join(f"{line}\n" for line in lines)


def _place(file: str | None, line: int | None) -> dict[str, str]:
    named = {} if file is None else {"file": file_text(relative(file))}
    return named if line is None else {**named, "line": str(line)}


def _command(name: str, message: str, **properties: str) -> str:
    written = ",".join(f"{key}={_property(value)}" for key, value in properties.items())
    return f"::{name} {written}::{_data(message)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
