"""What is measured, as the markdown that `make life` prints."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tests.release.load import Counted

FILE: Final = Path("build/life.md")
_HEAD: Final = (
    "| event | seconds | requests | lost | late | wrong | p99 | slowest |\n"
    "|---|--:|--:|--:|--:|--:|--:|--:|\n"
)


@dataclass(slots=True)
class Figures:
    """Rows and sentences, printed as they come and written as a whole."""

    rows: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def note(self, sentence: str) -> None:
        """Add a sentence."""
        print(sentence)
        self.notes.append(f"- {sentence}\n")

    def add(self, event: str, one: Counted) -> None:
        """Add what became of requests while something happened."""
        row = (
            f"| {event} | {one.seconds:.0f} | {one.requests} | {one.lost} | {one.late} "
            f"| {one.wrong} | {one.p99 * 1000:.0f} ms | {one.slowest * 1000:.0f} ms |\n"
        )
        print(row, *one.said.most_common(5), sep="\n")
        self.rows.append(row)

    def write(self) -> None:
        """Write all of it."""
        FILE.parent.mkdir(parents=True, exist_ok=True)
        FILE.write_text("".join([_HEAD, *self.rows, "\n", *self.notes]), encoding="utf-8")
