"""Progress lines: what is being done, how long it has taken, and a heartbeat for long steps."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

HEARTBEAT_SECONDS = 30.0


def say(text: str) -> None:
    """Print one line of progress at once, also when the output is a file."""
    print(f"lab: {text}", flush=True)


@contextmanager
def step(title: str, *, quiet_below: float = 2.0) -> Iterator[None]:
    """Announce a step, show that it is alive, and say how long it took."""
    say(f"{title} ...")
    start = time.monotonic()
    finished = threading.Event()

    def beat() -> None:
        while not finished.wait(HEARTBEAT_SECONDS):
            say(f"{title}: {time.monotonic() - start:.0f} s so far")

    threading.Thread(target=beat, daemon=True).start()
    try:
        yield
    finally:
        finished.set()
    elapsed = time.monotonic() - start
    if elapsed >= quiet_below:
        say(f"{title}: done in {elapsed:.0f} s")
