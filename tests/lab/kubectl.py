"""kubectl as the lab's administrator."""

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.lab.state import Lab

_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Kubectl:
    """Runs kubectl against one lab."""

    lab: Lab

    def __call__(self, *argv: str, stdin: str = "") -> str:
        """Run kubectl, which must succeed, and return what it printed."""
        done = self.attempt(*argv, stdin=stdin)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def attempt(self, *argv: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        """Run kubectl, which may fail."""
        command = [self.lab.kubectl, "--kubeconfig", self.lab.kubeconfig, *argv]
        # What one lab serves says nothing of the next at the same address.
        cache = Path(self.lab.kubeconfig).parent / "data" / "kubectl"
        return subprocess.run(
            command,
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
            timeout=_SECONDS,
            env=os.environ | {"KUBECACHEDIR": str(cache)},
        )
