"""Running real programs: all that they print goes to one log, and what is asked for is returned."""

import os
import shlex
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TypeVar

from examples.demo.errors import DemoError

T = TypeVar("T")

LOG: Final = Path("build/demo/demo.log")
_POLL_SECONDS: Final = 0.3


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """How a program ended and what it printed."""

    code: int
    out: str
    err: str

    @property
    def reason(self) -> str:
        """The last line that says something, of the errors if there are any."""
        lines = [line for line in (self.err or self.out).splitlines() if line.strip()]
        return lines[-1].strip()[:500] if lines else f"exit status {self.code}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Programs:
    """Runs programs in the checkout, with some variables more."""

    environment: Mapping[str, str] = field(default_factory=dict)

    def attempt(self, argv: Sequence[str | Path], *, stdin: str = "") -> Result:
        """Run a program that may fail."""
        try:
            done = subprocess.run(
                list(map(str, argv)),
                input=stdin,
                capture_output=True,
                text=True,
                check=False,
                env=os.environ | dict(self.environment),
            )
        except FileNotFoundError:
            raise DemoError(f"{argv[0]} is not installed, or not on PATH") from None
        result = Result(code=done.returncode, out=done.stdout, err=done.stderr)
        with LOG.open("a", encoding="utf-8") as log:
            log.write(f"$ {shlex.join(map(str, argv))}\n{result.out}{result.err}")
        return result

    def run(self, argv: Sequence[str | Path], *, stdin: str = "") -> str:
        """Run a program that must succeed, and return its output."""
        result = self.attempt(argv, stdin=stdin)
        if result.code:
            name = " ".join(map(str, [Path(argv[0]).name, *argv[1:2]]))
            raise DemoError(f"{name} failed: {result.reason} (whole output: {LOG})")
        return result.out


def wait_for(what: str, seconds: float, ask: Callable[[], T | None]) -> T:
    """Ask until there is an answer; say what never came."""
    deadline = time.monotonic() + seconds
    while (answer := ask()) is None:
        if time.monotonic() > deadline:
            raise DemoError(f"{what} after {seconds:.0f} s (whole output: {LOG})")
        time.sleep(_POLL_SECONDS)
    return answer
