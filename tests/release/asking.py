"""Asking the API server for admissions that it does not store."""

import json
import ssl
from enum import Enum
from http.client import HTTPException, HTTPSConnection
from typing import Final
from urllib.parse import urlsplit

from tests.lab.state import Lab

_SECONDS: Final = 30.0
PATH: Final = "/apis/apps/v1/namespaces/default/deployments?dryRun=All"
_CREATED: Final = 201


class Answer(Enum):
    """What became of a request."""

    ADMITTED = "admitted"
    REFUSED = "refused"
    LOST = "lost"


def deployment(name: str, image: str) -> dict[str, object]:
    """Make a Deployment without pods."""
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": "default"},
        "spec": {
            "replicas": 0,
            "selector": {"matchLabels": {"app": name}},
            "template": {
                "metadata": {"labels": {"app": name}},
                "spec": {"containers": [{"name": "web", "image": image}]},
            },
        },
    }


def fat(lab: Lab) -> str:
    """Return an image that the first policy refuses once it is enforced."""
    return f"{lab.registry}/bases/golang:bookworm"


def slim(lab: Lab) -> str:
    """Return an image that it admits."""
    return f"{lab.registry}/bases/distroless:bookworm"


def judged(status: int, text: str) -> tuple[Answer, str]:
    """Tell what an answer of the API server means, and what it says."""
    if status == _CREATED:
        return Answer.ADMITTED, ""
    try:
        said = str(json.loads(text).get("message", text))
    except ValueError:
        said = text
    is_refused = status < 500 and "denied the request" in said
    return Answer.REFUSED if is_refused else Answer.LOST, said


def get(lab: Lab, path: str) -> str:
    """Return what the API server answers, be it an error."""
    asker = Asker(lab)
    try:
        return asker.get(path)
    finally:
        asker.close()


class Asker:
    """One connection to the API server, made anew when it breaks."""

    def __init__(self, lab: Lab) -> None:
        self._context = ssl.create_default_context(cafile=lab.ca_file)
        self._context.load_cert_chain(lab.client_cert, lab.client_key)
        self._address = urlsplit(lab.apiserver)
        self._connection = self._connect()
        self.said = ""
        """What the last answer said."""

    def ask(self, image: str) -> Answer:
        """Ask for a Deployment of an image."""
        body = json.dumps(deployment("asked", image))
        headers = {"Content-Type": "application/json"}
        try:
            self._connection.request("POST", PATH, body, headers)
            answer = self._connection.getresponse()
            text = answer.read().decode()
        except (OSError, HTTPException) as error:
            self.said = repr(error)
            self.close()
            self._connection = self._connect()
            return Answer.LOST
        found, self.said = judged(answer.status, text)
        return found

    def get(self, path: str) -> str:
        """Return what is there."""
        self._connection.request("GET", path)
        return self._connection.getresponse().read().decode()

    def close(self) -> None:
        """Hang up."""
        self._connection.close()

    def _connect(self) -> HTTPSConnection:
        assert self._address.hostname is not None
        return HTTPSConnection(
            self._address.hostname, self._address.port, context=self._context, timeout=_SECONDS
        )
