"""The table of the three images: what `slimgate check` says of their Deployments."""

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from rich.console import Console
from rich.table import Table

from examples.demo.errors import DemoError
from examples.demo.programs import LOG, Programs
from slimgate.core.quantity import format_bytes

_COLUMNS: Final = ("IMAGE", "PULL", "UNPACKED", "BASE", "TIER", "EVIDENCE", "VERDICT")
_NUMBERS: Final = frozenset({"PULL", "UNPACKED", "SHOWS"})
_WIDTH: Final = 140
_DENIED: Final = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One image of one workload."""

    reference: str
    pull: str
    unpacked: str
    base: str
    tier: str
    evidence: str
    verdict: str

    @property
    def cells(self) -> tuple[str, ...]:
        """The row as columns."""
        sizes = (self.pull, self.unpacked)
        return (self.reference, *sizes, self.base, self.tier, self.evidence, self.verdict)


def check_command(files: Sequence[Path], policy: Path, namespace: str) -> list[str]:
    """Return the arguments of slimgate that judge files by a policy, as CI would."""
    given = [str(file) for file in files]
    return ["check", *given, "--policy", str(policy), "-n", namespace, "-o", "json"]


def judged(programs: Programs, argv: Sequence[str]) -> list[Row]:
    """Run a check and return a row an image."""
    result = programs.attempt([Path(sys.executable).with_name("slimgate"), *argv])
    if result.code not in {0, _DENIED}:
        raise DemoError(f"slimgate check failed: {result.reason} (whole output: {LOG})")
    report = json.loads(result.out)
    facts = {image["reference"]: image["platforms"] for image in report["images"]}
    return [
        row_of(use["reference"], image, workload["verdict"])
        for workload in report["workloads"]
        for use in workload["images"]
        for image in facts[use["reference"]]
    ]


def row_of(reference: str, facts: Mapping[str, Any], verdict: str) -> Row:
    """Read one image's facts."""
    base = facts["base"]
    return Row(
        reference=reference,
        pull=size(facts["pullBytes"]),
        unpacked=size(facts["unpackedBytes"]),
        base=base["name"] or base["family"] or "unknown",
        tier=base["tier"] or "unknown",
        evidence=base["evidence"] or "-",
        verdict=verdict,
    )


def size(count: int | None) -> str:
    """Write a size, or that it is not known."""
    return "unknown" if count is None else format_bytes(count)


def show(rows: Sequence[Row]) -> None:
    """Print the table."""
    sys.stdout.write(written(_COLUMNS, [row.cells for row in rows]))


def written(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Write a table as text."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for name in columns:
        table.add_column(name, justify="right" if name in _NUMBERS else "left", no_wrap=True)
    for row in rows:
        table.add_row(*row)
    console = Console(width=_WIDTH, markup=False, highlight=False, emoji=False)
    with console.capture() as captured:
        console.print(table)
    return "".join(f"{line.rstrip()}\n" for line in captured.get().splitlines())
