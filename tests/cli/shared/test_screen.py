"""Tables on terminals of any width: nothing is cut that somebody would miss."""

import io

import pytest
from rich.console import Console, RenderableType

from slimgate.cli import checks
from slimgate.cli.shared.forms import By
from slimgate.cli.shared.screen import fits, show
from slimgate.cli.usage.bill import Bill
from slimgate.cli.usage.nodes_table import nodes_table
from slimgate.cli.usage.who import who
from slimgate.cli.usage.who_table import who_table
from tests.cli.usage.test_pulls_and_prices import table
from tests.cli.usage.test_who import disks


def on_terminal(what: RenderableType, width: int) -> list[str]:
    """Print it there."""
    file = io.StringIO()
    show(
        Console(file=file, width=width, force_terminal=True, color_system=None, highlight=False),
        what,
    )
    return file.getvalue().splitlines()


@pytest.mark.parametrize("width", [40, 80, 100, 160])
@pytest.mark.parametrize("wide", [False, True])
def test_figures_are_whole(width: int, wide: bool) -> None:  # noqa: FBT001
    """However narrow the terminal is, no figure or name of a column is cut."""
    for what in (
        nodes_table(disks(), table(), wide=wide, narrow=width < 100),
        who_table(who(disks(), By.IMAGE, pulls=table()), Bill(), wide=wide),
    ):
        lines = on_terminal(what, width)
        shown = "\n".join(lines)

        assert "…" not in shown
        assert "SLOWEST PULL" in shown or (not wide and "NODE " in lines[0])
        assert len(lines[0]) <= width or not fits(Console(width=width), what)


@pytest.mark.parametrize("width", [20, 40, 60, 71, 72, 80, 120, 200])
def test_words_are_whole(width: int) -> None:
    """Folded texts lose no letter, however narrow the terminal is and long a column's name."""
    table = checks.table()
    said = "".join(f"{column.header}{''.join(map(str, column.cells))}" for column in table.columns)

    shown = "".join(on_terminal(table, width))

    assert len("".join(shown.split())) == len("".join(said.split()))


def test_little_room() -> None:
    """Of nodes, what can be done without is left out of a narrow terminal."""
    (head, first, *_) = on_terminal(nodes_table(disks(), narrow=True), 80)

    assert head.split()[:3] == ["NODE", "IMAGES", "COMPRESSED"]
    assert first.split()[:2] == ["n1", "3"]


def test_bars() -> None:
    """Bars compare rows with each other, and none is longer than there is room for."""
    lines = on_terminal(who_table(who(disks(), By.NAMESPACE), Bill(), number=1, bars=True), 120)

    assert [line.count("█") for line in lines[1:4]] == [20, 0, 0]
    assert lines[2].rstrip().endswith("(3 others)")
