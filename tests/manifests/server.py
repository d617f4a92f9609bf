"""The API server, asked over one connection what it would make of an object."""

import json
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPSConnection
from typing import Any, Final
from urllib.parse import urlsplit

from slimgate.core.quantity import as_integer
from tests.lab.state import Lab

_PATHS: Final = {
    "SlimPolicy": "/apis/slimgate.dev/v1alpha1/slimpolicies",
    "BaseImage": "/apis/slimgate.dev/v1alpha1/baseimages",
    "SlimException": "/apis/slimgate.dev/v1alpha1/namespaces/default/slimexceptions",
}
_QUERY: Final = "?dryRun=All&fieldValidation=Strict"


@dataclass(frozen=True, slots=True)
class Stored:
    """The object as it would be stored, with its defaults; None if it is refused, and why."""

    resource: dict[str, Any] | None
    message: str = ""


def _as_kubectl_sends(value: object) -> object:
    """Write 1.0 as 1, as Go does; sent with its point, no rule of a definition can read it."""
    if isinstance(value, Mapping):
        return {key: _as_kubectl_sends(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_as_kubectl_sends(one) for one in value]
    is_short = isinstance(value, float) and abs(value) < 1e21
    return as_integer(value) if is_short else value


class Server:
    """Creates objects as dry runs, with strict validation."""

    def __init__(self, lab: Lab) -> None:
        context = ssl.create_default_context(cafile=lab.ca_file)
        context.load_cert_chain(lab.client_cert, lab.client_key)
        address = urlsplit(lab.apiserver)
        assert address.hostname is not None
        self._connection = HTTPSConnection(
            address.hostname, address.port, context=context, timeout=30
        )

    def create(self, resource: Mapping[str, object]) -> Stored:
        """Ask for an object."""
        path = f"{_PATHS[str(resource['kind'])]}{_QUERY}"
        headers = {"Content-Type": "application/json"}
        body = json.dumps(_as_kubectl_sends(resource))
        self._connection.request("POST", path, body, headers)
        answer = self._connection.getresponse()
        said = json.loads(answer.read())
        assert answer.status in {201, 400, 422}, said
        return Stored(said) if answer.status == 201 else Stored(None, str(said["message"]))

    def close(self) -> None:
        """Hang up."""
        self._connection.close()
