"""manifests/install.yaml in a cluster, applied as its README says."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import yaml

from tests.chart.helm import ROOT
from tests.lab.kubectl import Kubectl
from tests.release.cluster import end_pods, remove_strays

_FILE: Final = ROOT / "manifests" / "install.yaml"
NAMESPACE: Final = "slimgate-system"
INSTANCE: Final = "app.kubernetes.io/instance"
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

    def older(self) -> "Manifest":
        """Return it without the label that neither selectors nor pods had before the chart."""
        return self._changed("older.yaml", _without_instance)

    def trusting(self, registry: str) -> "Manifest":
        """Return it as somebody keeps it who has a registry without TLS."""

        def change(one: Any) -> Any:
            if one["kind"] == "ConfigMap":
                one["data"]["config.yaml"] = _trusting(one["data"]["config.yaml"], registry)
            return one

        return self._changed("trusting.yaml", change)

    def _changed(self, name: str, change: Callable[[Any], Any]) -> "Manifest":
        found = yaml.safe_load_all(self.path.read_text(encoding="utf-8"))
        path = self.path.with_name(name)
        path.write_text(yaml.safe_dump_all([change(one) for one in found]), encoding="utf-8")
        return replace(self, path=path)

    def wait(self) -> None:
        """Wait until both roles are ready."""
        for role in _ROLES:
            name = f"deployment/slimgate-{role}"
            self.kubectl("rollout", "status", name, "-n", NAMESPACE, "--timeout=55s")

    def configure(self, registry: str) -> None:
        """Tell it that a registry has no TLS, as its README says of settings."""
        found = yaml.safe_load(self.kubectl("get", *_CONFIG, "-o", "yaml"))["data"]["config.yaml"]
        patch = {"data": {"config.yaml": _trusting(found, registry)}}
        self.kubectl("patch", *_CONFIG, "--type=merge", "-p", yaml.safe_dump(patch))
        self.kubectl("rollout", "restart", "deployment", "-n", NAMESPACE)
        self.wait()

    def delete(self) -> None:
        """Delete all that is in it."""
        options = ("--ignore-not-found", "--timeout=55s")
        self.kubectl("delete", "-f", str(self.path), *options)


def _trusting(settings: str, registry: str) -> str:
    exempt = {"registries": [{"host": registry, "plainHTTP": True}]}
    return yaml.safe_dump(yaml.safe_load(settings) | exempt)


def _without_instance(one: Any) -> Any:
    if isinstance(one, list):
        return [_without_instance(item) for item in one]
    if isinstance(one, dict):
        return {key: _without_instance(value) for key, value in one.items() if key != INSTANCE}
    return one


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
