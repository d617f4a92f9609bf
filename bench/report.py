"""The table, and whether the goals are met."""

from collections.abc import Sequence
from dataclasses import dataclass

from bench.load import Run
from bench.measure import HANG_SECONDS, Cold, Hanging, Memory, Warm

WIDTHS = (26, 9, 8, 8, 8, 8, 9, 9)
HEADS = ("", "req/s", "p50 ms", "p95", "p99", "max", "CPU s/1k", "asked")


@dataclass(frozen=True, slots=True)
class Goal:
    """A figure and its limit: the most that it may be, or the least."""

    text: str
    value: float
    limit: float
    unit: str = ""
    at_least: bool = False

    @property
    def met(self) -> bool:
        """Whether the figure is within its limit."""
        return self.value >= self.limit if self.at_least else self.value <= self.limit

    def __str__(self) -> str:
        side = "at least" if self.at_least else "at most"
        reached = f"{self.value:,.2f}".rstrip("0").rstrip(".")
        mark = "ok" if self.met else "NO"
        return f"{mark}  {self.text:38}{reached:>9} {self.unit:3} {side} {self.limit:,g}"


def row(name: str, run: Run, *more: str) -> str:
    """Write a line of the table."""
    figures = [run.percentile(p) for p in (50, 95, 99, 100)]
    cells = [name, f"{run.rate:.0f}", *(f"{figure:.2f}" for figure in figures), *more]
    line = "".join(
        cell.ljust(width) if i == 0 else cell.rjust(width)
        for i, (cell, width) in enumerate(zip(cells, WIDTHS, strict=False))
    )
    problems = [f"{n} {what}" for n, what in ((run.wrong, "WRONG"), (run.failed, "FAILED")) if n]
    return " ".join([line, *problems])


def heading() -> str:
    """Write the table's head."""
    return "".join(
        head.ljust(width) if i == 0 else head.rjust(width)
        for i, (head, width) in enumerate(zip(HEADS, WIDTHS, strict=True))
    )


def warm_lines(warm: Sequence[Warm]) -> list[str]:
    """Write the null hook, slimgate, and the ratio, for each concurrency."""
    lines = []
    for one in warm:
        c = one.run.concurrency
        lines += [
            row(f"null hook c={c}", one.null, f"{one.null_cpu:.2f}"),
            row(f"slimgate, warm c={c}", one.run, f"{one.cpu:.2f}", f"{one.asked:.3f}"),
            _ratios(one),
        ]
    return lines


def _ratios(warm: Warm) -> str:
    rate, p50 = warm.run.rate / warm.null.rate, warm.run.percentile(50) / warm.null.percentile(50)
    return f"{'  of the null hook':26}{rate:9.0%}{p50:8.0%}"


def cold_line(cold: Cold) -> str:
    """Write one line of first times."""
    name = f"slimgate, cold c={cold.run.concurrency}"
    return row(name, cold.run, f"{cold.cpu:.2f}", f"{cold.asked:.3f}")


def hanging_lines(hanging: Hanging) -> list[str]:
    """Write what hung, and the others."""
    return [
        row(f"hanging, timeout {HANG_SECONDS} s", hanging.run),
        row("others before c=8", hanging.before),
        row("others meanwhile c=8", hanging.meanwhile),
    ]


def memory_line(memory: Memory) -> str:
    """Write how memory went."""
    after = ", ".join(
        f"{size:.0f} MB after {memory.step * (i + 1):,}" for i, size in enumerate(memory.after)
    )
    return f"memory: {memory.idle:.0f} MB idle, {after}"


def goals(
    warm: Sequence[Warm], cold: Sequence[Cold], memory: Memory, hanging: Hanging
) -> list[Goal]:
    """Compare with what was to be reached."""
    by = {one.run.concurrency: one for one in warm}
    slowdown = hanging.meanwhile.percentile(50) / hanging.before.percentile(50)
    runs = [*(w.run for w in warm), *(c.run for c in cold)]
    runs += [hanging.run, hanging.before, hanging.meanwhile]
    return [
        Goal("warm p50 at c=1", by[1].run.percentile(50), 1, "ms"),
        Goal("warm at c=8", by[8].run.rate, 1900, "/s", at_least=True),
        Goal("cold p50 at c=1", cold[0].run.percentile(50), 5, "ms"),
        Goal("registry requests per warm admission", max(w.asked for w in warm), 0),
        Goal("CPU per 1,000", max(w.cpu for w in warm), 0.6, "s"),
        Goal("memory idle", memory.idle, 90, "MB"),
        Goal(f"memory after {memory.step:,}", memory.after[0], 120, "MB"),
        Goal("growth from there", memory.after[-1] - memory.after[0], 5, "MB"),
        Goal("slowest of those that hang", hanging.run.percentile(100) / 1000, HANG_SECONDS, "s"),
        Goal("hanging, but not named in a warning", hanging.run.count - hanging.run.warned, 0),
        # Differences under 20 % mean nothing on a machine with two cores for everything.
        Goal("others' p50 meanwhile, against before", slowdown, 1.2, "x"),
        Goal("wrong or failed", sum(run.wrong + run.failed for run in runs), 0),
    ]
