"""What became of an attack, whether that is within the goals, and a line of the table."""

import statistics
from dataclasses import dataclass
from typing import Final

from bench.siege.controller import CONTROLLER_MB, Held
from bench.siege.field import Answer
from bench.siege.witness import Seen

MEMORY_MB: Final = 256
"""What charts/slimgate/values.yaml limits the webhook to."""
LIVE_SECONDS: Final = 1.0
SLOWER: Final = 3.0
DEADLINE: Final = 10.0
_HEADS: Final = (
    "attack",
    "memory MB",
    "/livez s",
    "p50 before",
    "meanwhile ms",
    "cold s",
    "answered s",
    "CPU s",
    "",
)
_WIDTHS: Final = (36, 10, 9, 11, 13, 8, 11, 7, 4)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """Of one attack; memory in MB of 2^20 bytes, times in seconds."""

    name: str
    before: Seen
    meanwhile: Seen
    answers: tuple[Answer, ...]
    peak: float
    cpu: float

    @property
    def slower(self) -> float:
        """How many times slower a known image was answered at the median."""
        return _median(self.meanwhile.warm) / max(_median(self.before.warm), 1e-4)

    @property
    def cold(self) -> float:
        """The slowest answer to an honest image that was unknown."""
        return max(self.meanwhile.cold, default=0.0)

    @property
    def answered(self) -> float:
        """The slowest answer to an attacker."""
        return max((one.seconds for one in self.answers), default=0.0)

    @property
    def missed(self) -> list[str]:
        """The goals that were missed, each a sentence."""
        let_in = sum(one.let_in for one in self.answers)
        checks = {
            f"memory over {MEMORY_MB} MB": self.peak > MEMORY_MB,
            f"/livez over {LIVE_SECONDS:g} s": self.meanwhile.live > LIVE_SECONDS,
            f"known images {self.slower:.1f} times slower": self.slower > SLOWER,
            f"an attacker's review answered after {self.answered:.1f} s": self.answered > DEADLINE,
            f"{let_in} of the workloads admitted that are too large": bool(let_in),
        }
        wrong = self.before.wrong + self.meanwhile.wrong
        return [text for text, missed in checks.items() if missed] + wrong

    @property
    def met(self) -> bool:
        """Whether all goals are."""
        return not self.missed


def heading() -> str:
    """Write the table's head."""
    return _row(_HEADS)


def line(one: Outcome) -> str:
    """Write an attack's line, and below it what was missed."""
    cells = (
        one.name,
        f"{one.peak:.0f}",
        f"{one.meanwhile.live:.2f}",
        f"{_median(one.before.warm) * 1000:.1f}",
        f"{_median(one.meanwhile.warm) * 1000:.1f}",
        f"{one.cold:.2f}",
        f"{one.answered:.1f}",
        f"{one.cpu:.1f}",
        "ok" if one.met else "NO",
    )
    return "\n".join([_row(cells), *(f"    {text}" for text in one.missed)])


def missed(held: Held) -> list[str]:
    """Say which goals the controller missed, each a sentence."""
    checks = {
        f"memory over {CONTROLLER_MB} MB": held.peak > CONTROLLER_MB,
        f"/livez over {LIVE_SECONDS:g} s": held.live > LIVE_SECONDS,
        "not all workloads are judged": held.judged is None,
    }
    return [text for text, is_missed in checks.items() if is_missed]


def held_line(name: str, held: Held) -> str:
    """Write the line of what was done to the controller: it answers nobody, but judges all."""
    judged = "" if held.judged is None else f"{held.judged:.1f}"
    sentences = missed(held)
    figures = (f"{held.peak:.0f}", f"{held.live:.2f}", "", "", "", judged, f"{held.cpu:.1f}")
    row = _row((name, *figures, "NO" if sentences else "ok"))
    return "\n".join([row, *(f"    {text}" for text in sentences)])


def _row(cells: tuple[str, ...]) -> str:
    return "".join(
        cell.ljust(width) if i == 0 else cell.rjust(width)
        for i, (cell, width) in enumerate(zip(cells, _WIDTHS, strict=True))
    ).rstrip()


def _median(seconds: list[float]) -> float:
    return statistics.median(seconds) if seconds else 0.0
