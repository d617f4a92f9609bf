"""The command line: one file a command, each loaded when it is called."""

import os
import signal
from typing import Final

_FIRST: Final = 1


def main() -> None:
    """Run `slimgate`, also installed as `kubectl-slim`."""
    if os.getpid() == _FIRST:
        # A container's first process ignores what nobody handles: it would go on to start.
        signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    from slimgate.cli.main import run  # noqa: PLC0415 - importing the package must stay cheap

    run()
