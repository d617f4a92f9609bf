"""manifests/install.yaml in a cluster, applied as its README says."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import yaml

from tests.chart.helm import ROOT
from tests.lab.kubectl import Kubectl
from tests.release.cluster import end_pods, remove_strays

_FILE: Final = ROOT / "manifests" / "install.yaml"
NAMESPACE: Final = "slimgate-system"
_ROLES: Final = ("controller", "webhook")
_CONFIG: Final = ("configmap", "slimgate-config", "-n", NAMESPACE)
_IMAGE: Final = re.compile(r"registry\.example\.com/slimgate:[\d.]+$", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """The file with another image, which is the one thing to change."""

    kubectl: Kubectl
    path: Path

    def apply(self) -> None:
        """Apply it, and wait until both roles are ready."""
        self.kubectl("apply", "-f", str(self.path))
        self.wait()

    def wait(self) -> None:
        """Wait until both roles are ready."""
        for role in _ROLES:
            name = f"deployment/slimgate-{role}"
            self.kubectl("rollout", "status", name, "-n", NAMESPACE, "--timeout=55s")

    def configure(self, registry: str) -> None:
        """Tell it that a registry has no TLS, as its README says of settings."""
        found = yaml.safe_load(self.kubectl("get", *_CONFIG, "-o", "yaml"))["data"]["config.yaml"]
        settings = yaml.safe_load(found) | {"registries": [{"host": registry, "plainHTTP": True}]}
        patch = {"data": {"config.yaml": yaml.safe_dump(settings)}}
        self.kubectl("patch", *_CONFIG, "--type=merge", "-p", yaml.safe_dump(patch))
        self.kubectl("rollout", "restart", "deployment", "-n", NAMESPACE)
        self.wait()

    def delete(self) -> None:
        """Delete all that is in it."""
        options = ("--ignore-not-found", "--timeout=55s")
        self.kubectl("delete", "-f", str(self.path), *options)


@contextmanager
def written(kubectl: Kubectl, image: str, folder: Path) -> Iterator[Manifest]:
    """Write the file with an image; what is there of it in the end is removed."""
    text, count = _IMAGE.subn(image, _FILE.read_text(encoding="utf-8"))
    assert count == len(_ROLES)
    path = folder / "install.yaml"
    path.write_text(text, encoding="utf-8")
    yield Manifest(kubectl=kubectl, path=path)
    remove_strays(kubectl)
    end_pods(kubectl, NAMESPACE)
    kubectl("delete", "namespace", NAMESPACE, "--ignore-not-found", "--timeout=55s")
