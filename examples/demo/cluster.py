"""Installing slimgate and the demo's policy in a cluster, and waiting until they work."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from examples.demo import manifests
from examples.demo.manifests import BASES, NAMESPACE, POLICY
from examples.demo.programs import Programs, Result, wait_for
from examples.demo.progress import step
from examples.demo.target import Target

SYSTEM: Final = "slimgate-system"
RELEASE: Final = "slimgate"
CHART: Final = Path("charts/slimgate")
_WAIT: Final = ("--wait", "--timeout", "3m")
_READY_SECONDS: Final = 180
_DENIAL_SECONDS: Final = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """One target's cluster, by kubectl."""

    target: Target
    programs: Programs

    def kubectl(self, *argv: str | Path, stdin: str = "") -> str:
        """Run kubectl, which must succeed."""
        return self.programs.run([self.target.kubectl, *argv], stdin=stdin)

    def helm(self, *argv: str | Path) -> str:
        """Run Helm on slimgate's release, which must succeed."""
        return self.programs.run([self.target.helm, *argv, "--namespace", SYSTEM])

    def attempt(self, *argv: str | Path) -> Result:
        """Run kubectl, which may fail."""
        return self.programs.attempt([self.target.kubectl, *argv])

    def clean(self) -> None:
        """Remove what an earlier demo has left; slimgate itself stays and is brought up to date."""
        with step("removing what an earlier demo has left"):
            self.end_pods(NAMESPACE)
            self.kubectl("delete", "namespace", NAMESPACE, "--ignore-not-found", "--timeout=120s")
            # Before the first demo the cluster does not know the kinds.
            self.attempt("delete", "slimpolicy", POLICY, "--ignore-not-found")
            self.attempt("delete", "baseimage", *BASES, "--ignore-not-found")

    def remove(self) -> None:
        """Remove all that the demo has put into the cluster, but the kinds of slimgate.dev."""
        self.clean()
        with step("removing slimgate"):
            self.helm("uninstall", RELEASE, "--ignore-not-found", *_WAIT)
            self.kubectl("delete", "namespace", SYSTEM, "--ignore-not-found", "--timeout=120s")

    def end_pods(self, namespace: str) -> None:
        """End a namespace's pods first: with pods in it, its deletion looks again but seldom."""
        options = ["--all", "-n", namespace, "--cascade=foreground", "--timeout=60s"]
        self.attempt("delete", "deployments", *options)

    def install(self, image: str) -> None:
        """Install slimgate with this image, or bring it up to date, and wait until it is ready."""
        values = manifests.write_values(self.target, image)
        with step("installing slimgate with Helm"):
            # Definitions that somebody has applied before would else be in the way.
            argv = ("upgrade", "--install", RELEASE, CHART, "--create-namespace")
            self.helm(*argv, "--take-ownership", "--values", values, *_WAIT)

    def rolled_out(self, namespace: str, name: str) -> None:
        """Wait until a Deployment's pods are ready."""
        timeout = f"--timeout={_READY_SECONDS}s"
        self.kubectl("rollout", "status", f"deployment/{name}", "-n", namespace, timeout)

    def enforce(self) -> None:
        """Apply the policy, and wait until the API server refuses by it, asked without storing."""
        with step("applying the demo's policy and waiting until it is in force"):
            self.kubectl("create", "namespace", NAMESPACE)
            self.kubectl("apply", "-f", manifests.POLICY_FILE)
            ready = ["--for=condition=Ready", "--timeout=60s", f"slimpolicy/{POLICY}"]
            self.kubectl("wait", *ready)
            wait_for("the webhook refuses nothing", _DENIAL_SECONDS, self.denial_without_storing)

    def denial_without_storing(self) -> str | None:
        """Return the refusal of the fat Deployment in a dry run; None while it is admitted."""
        asked = self.attempt(*self.apply_command("fat"), "--dry-run=server")
        return asked.err if asked.code else None

    def apply_command(self, kind: str) -> Sequence[str | Path]:
        """Return kubectl's arguments that deploy one of the three images."""
        return ("apply", "-n", NAMESPACE, "-f", manifests.deployment(kind))
