"""Kubectl, and slimgate's resources as tests write them."""

import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml


@dataclass(frozen=True, slots=True)
class Answer:
    """What kubectl said."""

    accepted: bool
    text: str


@dataclass(frozen=True, slots=True)
class Kubectl:
    """Runs kubectl against one cluster."""

    program: Path
    kubeconfig: Path

    def __call__(self, *args: str, stdin: str = "") -> Answer:
        """Run kubectl; output and complaints come as one text."""
        command = [str(self.program), "--kubeconfig", str(self.kubeconfig), *args]
        done = subprocess.run(command, input=stdin, capture_output=True, text=True, check=False)
        return Answer(done.returncode == 0, done.stdout + done.stderr)


Try = Callable[[Mapping[str, object]], Answer]


def try_out(kubectl: Kubectl, resource: Mapping[str, object]) -> Answer:
    """Create as a dry run on the server; the object comes back as JSON."""
    text = yaml.safe_dump(dict(resource))
    return kubectl(
        "create", "--dry-run=server", "--validate=strict", "-o", "json", "-f", "-", stdin=text
    )


def policy(spec: Mapping[str, object], name: str = "tried") -> dict[str, object]:
    """Make a SlimPolicy."""
    return _resource("SlimPolicy", {"name": name}, spec=dict(spec))


def exception(spec: Mapping[str, object]) -> dict[str, object]:
    """Make a SlimException."""
    return _resource("SlimException", {"name": "tried", "namespace": "default"}, spec=dict(spec))


def profile(name: str, facts: Mapping[str, object]) -> dict[str, object]:
    """Make an ImageProfile."""
    return _resource("ImageProfile", {"name": name}, facts=dict(facts))


def _resource(kind: str, metadata: dict[str, str], **parts: object) -> dict[str, object]:
    return {"apiVersion": "slimgate.dev/v1alpha1", "kind": kind, "metadata": metadata, **parts}
