"""A release of the chart in the lab's cluster, by one of the two Helms."""

import json
import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from tests.chart.helm import CHART, Helm, Object, merged
from tests.lab.kubectl import Kubectl
from tests.lab.state import Lab

_SECONDS: Final = 240
WAIT: Final = ("--wait", "--timeout", "3m")


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """A release, its namespace and the values that it is installed with."""

    helm: Helm
    lab: Lab
    kubectl: Kubectl
    namespace: str
    folder: Path
    values: Mapping[str, Any]
    name: str = "slimgate"

    def run(self, *argv: str | Path) -> str:
        """Run Helm against the cluster, which must succeed."""
        done = self.attempt(*argv)
        assert done.returncode == 0, f"helm {argv[0]}: {done.stderr}{self.state()}"
        return done.stdout

    def attempt(self, *argv: str | Path) -> subprocess.CompletedProcess[str]:
        """Run Helm against the cluster, which may fail."""
        homes = {f"HELM_{one}_HOME": str(self.folder / one) for one in ("CACHE", "CONFIG", "DATA")}
        return subprocess.run(
            [self.helm.path, *argv, "--namespace", self.namespace],
            capture_output=True,
            text=True,
            check=False,
            timeout=_SECONDS,
            env=os.environ | homes | {"KUBECONFIG": self.lab.kubeconfig},
        )

    def install(self, *options: str, values: Mapping[str, Any] | None = None) -> str:
        """Install the chart and wait until its pods are ready."""
        return self.run("install", self.name, CHART, *self.given(values or {}), *WAIT, *options)

    def upgrade(self, values: Mapping[str, Any], *options: str) -> str:
        """Upgrade to other values, and wait until its pods are ready."""
        return self.run("upgrade", self.name, CHART, *self.given(values), *WAIT, *options)

    def rollback(self, revision: int) -> str:
        """Go back to a revision, and wait until its pods are ready."""
        return self.run("rollback", self.name, str(revision), *WAIT)

    def uninstall(self) -> str:
        """Uninstall it, and wait until its objects are gone."""
        return self.run("uninstall", self.name, *WAIT)

    def given(self, values: Mapping[str, Any]) -> tuple[str | Path, ...]:
        """Write the release's values, with changes, for Helm."""
        file = self.folder / "values.yaml"
        file.write_text(yaml.safe_dump(merged(self.values, values)), encoding="utf-8")
        return "--values", file

    def get(self, *argv: str) -> Object:
        """Get objects of its namespace, or of the cluster."""
        found: Object = json.loads(self.kubectl("get", *argv, "-n", self.namespace, "-o", "json"))
        return found

    def state(self) -> str:
        """Return what may say why something failed."""
        asked = (
            ("get", "pods,events", "-n", self.namespace),
            ("logs", "-n", self.namespace, "-l", "app.kubernetes.io/name=slimgate", "--tail=20"),
        )
        return "\n".join(self.kubectl.attempt(*one).stdout for one in asked)
