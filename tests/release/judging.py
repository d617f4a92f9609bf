"""The first policy, as users edit it, and waiting for what it then does."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

from tests.lab.kubectl import Kubectl
from tests.lab.state import Lab
from tests.live.api import eventually
from tests.release.asking import Answer, Asker, deployment, fat


def policy(kubectl: Kubectl) -> dict[str, Any]:
    """Return the spec of the first policy, once there is one."""
    named = ("slimpolicy", "default")
    eventually(lambda: kubectl.attempt("get", *named).returncode == 0, "the first policy", 30)
    spec: dict[str, Any] = json.loads(kubectl("get", *named, "-o", "json"))["spec"]
    return spec


def edit(kubectl: Kubectl, spec: dict[str, str]) -> None:
    """Edit the first policy as a user does."""
    patch = json.dumps({"spec": spec})
    kubectl("patch", "slimpolicy", "default", "--type=merge", "-p", patch)


def wait_for(lab: Lab, expected: Answer, seconds: float = 30.0) -> str:
    """Wait until a fat image is answered like this, and return what the answer says."""
    asker = Asker(lab)
    try:
        eventually(lambda: asker.ask(fat(lab)) is expected, expected.value, seconds)
    finally:
        asker.close()
    return asker.said


@contextmanager
def running(kubectl: Kubectl, image: str) -> Iterator[str]:
    """Deploy an image that the first policy takes notes of, for as long as the context lasts."""
    name = f"web-{uuid4().hex[:8]}"
    kubectl("create", "-f", "-", stdin=json.dumps(deployment(name, image)))
    try:
        yield name
    finally:
        kubectl("delete", "deployment", name, "-n", "default")
