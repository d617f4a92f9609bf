"""Asks for /livez all the time, as a process of its own: `python -m bench.siege.living URL`.

When standard input ends it prints the slowest answer's seconds.
"""

import sys
import threading
import time
import urllib.error
import urllib.request
from typing import Final

_PAUSE: Final = 0.05
_SECONDS: Final = 10.0


def main(url: str) -> None:
    """Ask until standard input ends; who is not there yet is starting."""
    over, slowest = threading.Event(), 0.0

    def wait() -> None:
        sys.stdin.read()
        over.set()

    threading.Thread(target=wait, daemon=True).start()
    while not over.wait(_PAUSE):
        began = time.monotonic()
        try:
            with urllib.request.urlopen(url, timeout=_SECONDS) as answer:  # noqa: S310
                answer.read()
        except urllib.error.URLError as error:
            if isinstance(error.reason, ConnectionRefusedError):
                continue
        slowest = max(slowest, time.monotonic() - began)
    print(slowest)


if __name__ == "__main__":
    main(sys.argv[1])
