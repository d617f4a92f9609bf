"""What is measured, as the markdown that `make life` prints."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tests.release.counting import Counted

FILE: Final = Path("build/life.md")
_HEAD: Final = (
    "| event | rate | seconds | requests | no API server | lost | late | wrong | p99 | slowest "
    "| client |\n"
    "|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|\n"
)


@dataclass(slots=True)
class Figures:
    """Rows and sentences, printed and written as they come."""

    rows: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def note(self, sentence: str) -> None:
        """Add a sentence."""
        print(sentence)
        self.notes.append(f"- {sentence}\n")
        self._write()

    def add(self, event: str, one: Counted) -> None:
        """Add what became of requests while something happened."""
        heard = one.heard
        row = (
            f"| {event} | {one.rate:.0f} | {heard.seconds:.0f} | {one.requests} | {one.unreached} "
            f"| {one.lost} | {one.late} | {one.wrong} | {one.within(0.99) * 1000:.0f} ms "
            f"| {one.slowest * 1000:.0f} ms | {heard.processor / heard.seconds:.0%} |\n"
        )
        print(row, *one.said.most_common(5), sep="\n")
        self.rows.append(row)
        self._write()

    def _write(self) -> None:
        FILE.parent.mkdir(parents=True, exist_ok=True)
        FILE.write_text("".join([_HEAD, *self.rows, "\n", *self.notes]), encoding="utf-8")
