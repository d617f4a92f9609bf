"""The report for people, word for word."""

import pytest

from slimgate.cli.check.reports.report import Report
from slimgate.cli.check.reports.table import report_table
from tests.cli.check.reports.cases import EVIL, EXEMPT, REMEDY, TOOLCHAIN, report_of
from tests.cli.make import printed

TABLE = f"""\
EFFECT   WORKLOAD              IMAGE            PULL
deny     pod shop/web          shop:fat      120 MiB
unknown  pod shop/web          gone:1              -
unknown  pod shop/web          all together        -
warn     pod shop/small        shop:soya       6 MiB
allow    pod default/old       shop:fat      120 MiB
-        pod kube-system/left  shop:fat            -
- no policy applies to it

deploy/web.yaml:6: deny: container "web": shop:fat pulls 120 MiB (linux/amd64), limit 100 MiB \
[policy default, pullSize]; its largest layer pulls 90 MiB (RUN go build); base go:1.26 \
(Builder, Proven); it still contains go
deploy/web.yaml:7: unknown: container "gone": gone:1 could not be judged \
[policy default, inspection; policy later, inspection]: there is no such image
deploy/web.yaml:1: unknown: the workload could not be judged \
[policy default, workloadPullSize]: there is no such image
deploy/web.yaml:14: warn: container "web": shop:soya pulls 6 MiB (linux/amd64), limit 5 MiB \
[policy default, pullSize]; base static (Distroless, Proven)
deploy/web.yaml:6: audit: container "web": shop:fat has 2 layers (linux/amd64), limit 1 \
[policy later, layers]; its largest layer pulls 90 MiB (RUN go build); base go:1.26 \
(Builder, Proven); it still contains go
deploy/web.yaml:16: allow: pod default/old: \
excused by SlimException default/legacy until 2999-01-31: being replaced

{REMEDY}
policy default: see https://wiki.example.com/100%
note: something was left out
4 workloads, 3 images (1 not looked up): 1 denied, 1 warned, 2 within policy
"""
IMAGES = f"""\
EFFECT  IMAGE         PULL
deny    shop:fat   120 MiB
warn    shop:soya    6 MiB

deny: shop:fat pulls 120 MiB (linux/amd64), limit 100 MiB [policy default, pullSize]; \
its largest layer pulls 90 MiB (RUN go build); base go:1.26 (Builder, Proven); \
it still contains go
warn: shop:soya pulls 6 MiB (linux/amd64), limit 5 MiB [policy default, pullSize]; \
base static (Distroless, Proven)
audit: shop:fat has 2 layers (linux/amd64), limit 1 [policy later, layers]; \
its largest layer pulls 90 MiB (RUN go build); base go:1.26 (Builder, Proven); \
it still contains go

{TOOLCHAIN} {EXEMPT}
policy default: see https://wiki.example.com/100%
2 images: 1 denied, 1 warned
"""


def _printed(
    report: Report, *, width: int = 1000, terminal: bool = False, wide: bool = False
) -> str:
    return printed(report_table(report, wide=wide), width=width, terminal=terminal)


async def test_table() -> None:
    """Every image has a row, every finding a line with its place, and the last line sums up."""
    assert _printed(await report_of(notes=("something was left out",))) == TABLE


async def test_images() -> None:
    """Images that the command line names are in no file, and belong to no workload."""
    assert _printed(await report_of({}, images=["shop:fat", "shop:soya"])) == IMAGES


async def test_wide() -> None:
    """The wide table has what each image is made of, and who judges it."""
    lines = _printed(await report_of(), wide=True).splitlines()

    assert lines[1].split()[-10:] == [
        "320", "MiB", "2", "90", "MiB", "go:1.26", "(Builder,", "Proven)", "default,", "later"
    ]  # fmt: skip
    assert lines[2].split()[-6:] == ["-", "-", "-", "-", "default,", "later"]


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


async def test_terminals() -> None:
    """On a terminal effects are coloured, in the table and before their sentences."""
    shown = _printed(await report_of(), width=60, terminal=True)

    assert "\x1b[1;31mdeny   \x1b[0m" in shown
    assert "deploy/web.yaml:6: \x1b[1;31mdeny\x1b[0m: container" in shown


@pytest.mark.parametrize("name", ["evil.yaml", "e\x1b[2J\u202e.yaml"])
async def test_hostile_texts(name: str) -> None:
    """Escapes, newlines, direction changes and markup are shown, not obeyed."""
    shown = _printed(await report_of({name: EVIL.replace("\\uffff", "")}))

    assert all(line.isprintable() for line in shown.splitlines())
    assert "pod [red]\\x1b[2J\\u202e\\n::error::]]>&</[red]\\x1b[2J" in shown
