"""Progress: shown on a terminal only, one line a look-up, gone at the end."""

import io

import pytest
from rich.console import Console

from slimgate.cli.shared.live import LiveBoard
from slimgate.cli.shared.progress import SilentBoard, board


def test_none_when_piped() -> None:
    """Without a terminal nothing is shown."""
    with board() as shown, shown.line("shop:1") as progress:
        assert isinstance(shown, SilentBoard)
        assert progress is None


@pytest.fixture
def file() -> io.StringIO:
    """Keep what a terminal is sent."""
    return io.StringIO()


@pytest.fixture
def console(file: io.StringIO) -> Console:
    """Have a terminal."""
    return Console(file=file, force_terminal=True, width=100, _environ={"TERM": "xterm"})


def test_lines_on_a_terminal(file: io.StringIO, console: Console) -> None:
    """On a terminal each look-up has a line with its bytes, as long as it lasts."""
    with LiveBoard(console, after=0) as shown:
        with shown.line("shop:1") as progress:
            assert progress is not None
            progress(2**20, 2**21)
            shown.refresh()
        with shown.line("evil\x1b[2J[red]") as progress:
            assert progress is not None
            progress(3, 2)
            shown.refresh()
        shown.refresh()
        seen, kept = file.getvalue(), file.tell()
    last = file.getvalue()[kept:]

    assert "1.0/2.0 MiB" in seen
    assert "evil\\x1b[2J[red]" in seen
    assert "3/? bytes" in seen
    assert "shop:1" not in last


def test_many(file: io.StringIO, console: Console) -> None:
    """Where there are several, one line counts them, and those without bytes have no bar."""
    with LiveBoard(console, after=0, expected=1000) as shown:
        with shown.line("shop:1"):
            pass
        with shown.line("shop:2"):
            shown.refresh()
    lines = file.getvalue()

    assert "1 of 1000" in lines
    assert "shop:2" in lines
    assert "bytes" not in lines


def test_nothing_flickers(file: io.StringIO, console: Console) -> None:
    """A look-up that ends at once is not shown at all."""
    with LiveBoard(console) as shown, shown.line("shop:1"):
        shown.refresh()

    assert "shop:1" not in file.getvalue()
