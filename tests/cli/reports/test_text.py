"""The report for people, word for word."""

import io

import pytest
from rich.console import Console

from slimgate.cli.reports.report import Report
from slimgate.cli.reports.text import report_text
from slimgate.core.render import REMEDY
from tests.cli.reports.cases import EVIL, report_of

TEXT = f"""\
deploy/web.yaml
  deny     pod shop/web
           line 6: container "web": shop:fat pulls 120 MiB (linux/amd64), limit 100 MiB \
[policy default, pullSize]; its largest layer pulls 90 MiB (RUN go build); base go:1.26 \
(Builder, Proven); it still contains go
           line 7: unknown: container "gone": gone:1 could not be judged \
[policy default, inspection; policy later, inspection]: there is no such image
           line 1: unknown: the workload could not be judged \
[policy default, workloadPullSize]: there is no such image
           line 6: audit: container "web": shop:fat has 2 layers (linux/amd64), limit 1 \
[policy later, layers]; its largest layer pulls 90 MiB (RUN go build); base go:1.26 \
(Builder, Proven); it still contains go
  warn     pod shop/small
           line 14: container "web": shop:soya pulls 6 MiB (linux/amd64), limit 5 MiB \
[policy default, pullSize]; base static (Distroless, Proven)
  allow    pod default/old: 1 image within policy, 2 excused
           excused by SlimException default/legacy until 2999-01-31: being replaced

left.yaml
  allow    pod kube-system/left: no policy applies to it

{REMEDY}
policy default: see https://wiki.example.com/100%
note: something was left out
4 workloads, 3 images (1 not looked up): 1 denied, 1 warned, 2 within policy
"""


def _printed(report: Report, *, width: int = 1000, terminal: bool = False) -> str:
    file = io.StringIO()
    console = Console(
        file=file,
        width=width,
        force_terminal=terminal,
        markup=False,
        highlight=False,
        _environ={"TERM": "xterm"},
    )
    console.print(report_text(report))
    return "".join(f"{line.rstrip()}\n" for line in file.getvalue().splitlines())


async def test_text() -> None:
    """Workloads stand under their files, the worst finding first, and the last line sums up."""
    assert _printed(await report_of(notes=("something was left out",))) == TEXT


async def test_strict() -> None:
    """Under --strict the last line says so."""
    last = _printed(await report_of(strict=True)).splitlines()[-1]

    assert last == (
        "4 workloads, 3 images (1 not looked up): 1 denied, 1 warned, 2 within policy "
        "(strict: every mode as Enforce)"
    )


async def test_nothing() -> None:
    """Without workloads there is still a last line."""
    assert _printed(await report_of({})) == "0 workloads, 0 images: 0 within policy\n"


async def test_narrow_terminals() -> None:
    """On a terminal long lines are wrapped under their beginning, and words are coloured."""
    shown = _printed(await report_of(), width=60, terminal=True)
    lines = shown.splitlines()

    assert "\x1b[1;31mdeny   \x1b[0m" in lines[1]
    assert lines[2].startswith('           line 6: container "web": shop:fat')
    assert lines[3].startswith("           ")
    assert not lines[3].startswith("            ")


@pytest.mark.parametrize("name", ["evil.yaml", "e\x1b[2J\u202e.yaml"])
async def test_hostile_texts(name: str) -> None:
    """Escapes, newlines, direction changes and markup are shown, not obeyed."""
    shown = _printed(await report_of({name: EVIL.replace("\\uffff", "")}))

    assert all(line.isprintable() for line in shown.splitlines())
    assert "pod [red]\\x1b[2J\\u202e\\n::error::]]>&</[red]\\x1b[2J" in shown
