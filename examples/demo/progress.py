"""What the demo says: progress of the long steps, then headings, commands and their output."""

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

_HEARTBEAT_SECONDS: Final = 15.0


def write(text: str) -> None:
    """Print lines at once, also when the output is a file."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


@contextmanager
def step(title: str) -> Iterator[None]:
    """Announce a step, show that it is alive, and say how long it took."""
    write(f"demo: {title} ...")
    began = time.monotonic()
    finished = threading.Event()

    def beat() -> None:
        while not finished.wait(_HEARTBEAT_SECONDS):
            write(f"demo: {title}: {time.monotonic() - began:.0f} s so far")

    threading.Thread(target=beat, daemon=True).start()
    try:
        yield
    finally:
        finished.set()
    write(f"demo: {title}: done in {time.monotonic() - began:.0f} s")


def heading(number: int, title: str) -> None:
    """Begin one of the parts that the demo is for."""
    write(f"\n{number}. {title}\n")


def command(line: str) -> None:
    """Show what is run, as a reader could type it."""
    write(f"$ {line}")
