"""Pipes and devices as files: read whole, and never waited for in vain."""

import os
import socket
import threading
import time
from pathlib import Path

import pytest

from slimgate.cli.manifests.errors import InputError
from slimgate.cli.manifests.pipes import is_pipe, read_pipe


@pytest.fixture
def fifo(tmp_path: Path) -> Path:
    """Make a named pipe."""
    path = tmp_path / "pipe"
    os.mkfifo(path)
    return path


def _write(path: Path, *parts: bytes) -> threading.Thread:
    def write() -> None:
        with path.open("wb", buffering=0) as stream:
            for part in parts:
                stream.write(part)
                time.sleep(0.05)

    thread = threading.Thread(target=write)
    thread.start()
    return thread


def test_kinds(fifo: Path, tmp_path: Path) -> None:
    """Pipes are told from files, and what is neither is refused."""
    (tmp_path / "file").touch()

    assert is_pipe(fifo)
    assert not is_pipe(tmp_path / "file")
    for path, kind in ((Path("/dev/zero"), "device"), (tmp_path / "socket", "socket")):
        if kind == "socket":
            with socket.socket(socket.AF_UNIX) as server:
                server.bind(str(path))
        with pytest.raises(InputError, match=f"it is a {kind}, not a file"):
            is_pipe(path)


def test_read_whole(fifo: Path) -> None:
    """What is written in parts is read until the writer has gone."""
    thread = _write(fifo, b"a: 1\n", b"b: 2\n")

    assert read_pipe(str(fifo), 1000) == b"a: 1\nb: 2\n"
    thread.join()


def test_nobody_writes(fifo: Path) -> None:
    """A pipe that nobody writes to is given up."""
    started = time.monotonic()
    with pytest.raises(InputError, match=r"nothing was written to this pipe for 0\.1 s"):
        read_pipe(str(fifo), 1000, silence=0.1)

    assert time.monotonic() - started < 5


def test_too_much(fifo: Path) -> None:
    """No more than the limit is read."""
    thread = _write(fifo, b"x" * 5000)

    assert read_pipe(str(fifo), 100) == b"x" * 100
    thread.join()


def test_a_descriptor_whose_writer_has_gone() -> None:
    """A shell's /dev/fd/N is read by its descriptor, so that an end in the past is seen."""
    reading, writing = os.pipe()
    os.write(writing, b"a: 1\n")
    os.close(writing)
    try:
        assert read_pipe(f"/dev/fd/{reading}", 1000, silence=5) == b"a: 1\n"
    finally:
        os.close(reading)
