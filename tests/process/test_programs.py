"""Programs that hang, die, say too much, or leave others behind that hold on to their output."""

import ctypes
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from slimgate.process.programs import Bounds, ProgramError, UnwantedError, run_program

BOUNDS = Bounds(seconds=1.0, answer_bytes=1_000)
LATE, MUCH = "it took longer than 1 s", "it answered with more than 1000 bytes"
AWAY = "setsid sh -c 'echo $$ > left; exec sleep 60'"
"""Has a child that leaves the session, and keeps what it was given open."""
_SUBREAPER = 36


@pytest.fixture
def reaper() -> Iterator[None]:
    """Be who orphans come to, as the first process of a container is."""
    libc = ctypes.CDLL(None)
    libc.prctl(_SUBREAPER, 1)
    yield
    libc.prctl(_SUBREAPER, 0)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Work in a folder, and end what has left its session."""
    monkeypatch.chdir(tmp_path)
    yield tmp_path
    left = tmp_path / "left"
    if left.exists():
        os.kill(int(left.read_text()), 9)
        os.waitpid(int(left.read_text()), 0)


def run(script: str, question: bytes = b"?", bounds: Bounds = BOUNDS) -> tuple[int, bytes]:
    """Run a shell's script."""
    return run_program(["/bin/sh", "-c", script], question, bounds, own_session=True)


def open_files() -> int:
    """Count the descriptors of this process."""
    return len(list(Path("/proc/self/fd").iterdir()))


def children() -> set[str]:
    """List the processes that this one has to wait for."""
    found = set()
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = status.read_text().rpartition(") ")[2].split()
        except OSError:
            continue
        if fields[1] == str(os.getpid()):
            found.add(status.parent.name)
    return found


@pytest.mark.usefixtures("reaper")
@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("cat", (0, b"?")),
        ("echo no; exit 3", (3, b"no\n")),
        ("kill -9 $$", (-9, b"")),
        ("printf '\\0\\377'", (0, b"\0\xff")),
        ("exec <&-; echo yes", (0, b"yes\n")),
        ("exec >&-; sleep 0.2; exit 4", (4, b"")),
        ("sleep 60 & echo yes", (0, b"yes\n")),
        (f"{AWAY} & while ! [ -s left ]; do sleep 0.02; done; echo yes", (0, b"yes\n")),
        ("sleep 60", LATE),
        ("trap '' TERM INT HUP; while :; do :; done", LATE),
        ("exec >&- <&-; sleep 60", LATE),
        (f"{AWAY} & sleep 60", LATE),
        ("sleep 60 & sleep 60 & sleep 60 & wait", LATE),
        ("yes", MUCH),
        ("exec cat /dev/zero", MUCH),
        ("yes & sleep 60", MUCH),
    ],
)
def test_what_programs_do(folder: Path, script: str, expected: tuple[int, bytes] | str) -> None:
    """Each ends in time, by its answer or a sentence, and leaves neither pipes nor processes."""
    before, mine, began = open_files(), children(), time.monotonic()
    if isinstance(expected, str):
        with pytest.raises(ProgramError) as caught:
            run(script)
        assert str(caught.value) == expected
    else:
        assert run(script) == expected

    assert time.monotonic() - began < 3.0
    assert open_files() == before
    left = folder / "left"
    away = {left.read_text().strip()} if left.exists() else set()
    assert children() - mine <= away


def test_a_long_question() -> None:
    """Neither who does not read it nor who reads it slowly blocks whoever asks."""
    question = b"?" * 2**20

    with pytest.raises(ProgramError, match=LATE):
        run("sleep 60", question)
    assert run("head -c 3; sleep 0.1; cat > /dev/null", question) == (0, b"???")
    assert run("wc -c", question) == (0, b"1048576\n")


def test_a_caller_who_has_gone() -> None:
    """The program ends soon after nobody waits for it any more."""
    gone = threading.Event()
    threading.Timer(0.2, gone.set).start()
    began = time.monotonic()

    with pytest.raises(UnwantedError):
        run_program(
            ["sleep", "60"], b"", Bounds(seconds=60, answer_bytes=1), is_unwanted=gone.is_set
        )
    assert time.monotonic() - began < 2.0


def test_no_such_program() -> None:
    """What can't be run is Python's own error."""
    before = open_files()
    for name in ("/nowhere/program", "/", __file__):
        with pytest.raises(OSError, match=r"No such file|Permission denied"):
            run_program([name], b"", BOUNDS)

    assert open_files() == before
