"""The few calls that the lab itself makes to its API server and registry."""

import json
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path

from tests.lab.errors import LabError


@dataclass(frozen=True, slots=True, kw_only=True)
class Api:
    """The API server, as the administrator."""

    server: str
    pki: Path

    def call(
        self, path: str, *, method: str = "GET", body: object = None, timeout: float = 5
    ) -> str:
        """Return the body of an answer; raise OSError when there is none or it is an error."""
        context = ssl.create_default_context(cafile=str(self.pki / "ca.crt"))
        context.load_cert_chain(self.pki / "admin.crt", self.pki / "admin.key")
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(  # noqa: S310 the lab's own address
            self.server + path,
            data=data,
            method=method,
            headers={"Content-Type": "application/json"},
        )
        opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context)
        )
        with opener.open(request, timeout=timeout) as answer:
            text: str = answer.read().decode()
        return text

    def ready(self) -> bool:
        """Tell whether the API server says that it is ready."""
        return answers(lambda: self.call("/readyz", timeout=2))

    def node_ready(self, name: str) -> bool:
        """Tell whether a node is Ready."""
        try:
            node = json.loads(self.call(f"/api/v1/nodes/{name}"))
        except (OSError, HTTPException):
            return False
        conditions = node.get("status", {}).get("conditions", [])
        return any(one["type"] == "Ready" and one["status"] == "True" for one in conditions)

    def pods(self) -> list[tuple[str, str]]:
        """Return namespace and name of every pod that a kubelet runs."""
        listed = json.loads(self.call("/api/v1/pods"))["items"]
        return [
            (pod["metadata"]["namespace"], pod["metadata"]["name"])
            for pod in listed
            if pod["spec"].get("nodeName")
        ]


def answers(call: Callable[[], object]) -> bool:
    """Tell whether a call gets an answer that is no error."""
    try:
        call()
    except (OSError, HTTPException):
        return False
    return True


def get(url: str, *, timeout: float = 2) -> str:
    """Return what a plain HTTP address of the lab answers."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(url, timeout=timeout) as answer:
        text: str = answer.read().decode()
    return text


def wait_until(
    condition: Callable[[], bool], *, what: str, seconds: float, hint: Callable[[], str]
) -> None:
    """Wait for a condition; say in one line what did not happen and where to look."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise LabError(f"{what} after {seconds:.0f} s: {hint()}")
        time.sleep(0.1)
