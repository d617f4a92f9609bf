"""slimgate's resources as tests write them, and what the API server says of them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import yaml

from tests.lab.kubectl import Kubectl


@dataclass(frozen=True, slots=True)
class Answer:
    """Whether the API server takes an object, and all that kubectl says of it."""

    accepted: bool
    text: str


Try = Callable[[Mapping[str, object]], Answer]


def try_out(kubectl: Kubectl, resource: Mapping[str, object]) -> Answer:
    """Create as a dry run on the server; the object comes back as JSON."""
    asked = ("create", "--dry-run=server", "--validate=strict", "-o", "json", "-f", "-")
    done = kubectl.attempt(*asked, stdin=yaml.safe_dump(dict(resource)))
    return Answer(done.returncode == 0, done.stdout + done.stderr)


def policy(spec: Mapping[str, object], name: str = "tried") -> dict[str, object]:
    """Make a SlimPolicy."""
    return _resource("SlimPolicy", {"name": name}, spec=dict(spec))


def exception(spec: Mapping[str, object], name: str = "tried") -> dict[str, object]:
    """Make a SlimException."""
    return _resource("SlimException", {"name": name, "namespace": "default"}, spec=dict(spec))


def base_image(spec: Mapping[str, object], name: str = "tried") -> dict[str, object]:
    """Make a BaseImage."""
    return _resource("BaseImage", {"name": name}, spec=dict(spec))


def profile(name: str, fields: Mapping[str, object]) -> dict[str, object]:
    """Make an ImageProfile."""
    return _resource("ImageProfile", {"name": name}, **fields)


def _resource(kind: str, metadata: dict[str, str], **parts: object) -> dict[str, object]:
    return {"apiVersion": "slimgate.dev/v1alpha1", "kind": kind, "metadata": metadata, **parts}
