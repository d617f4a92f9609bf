"""The webhook as the API server calls it, and its configuration as slimgate ships it."""

import base64
import http.client
import json
import ssl
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import yaml

from tests.live.api import Json

_INSTALL: Final = Path(__file__).parents[2] / "manifests" / "install.yaml"
PATH: Final = "/validate"


def configuration(name: str, url: str, ca_bundle: bytes, labels: dict[str, str]) -> Json:
    """Adapt the shipped configuration: who is called, for which namespaces, and what a fault does.

    A webhook that fails, or a matchCondition that can't be evaluated, refuses here, so that no
    test takes it for an answer.
    """
    found = shipped()
    bundle = base64.b64encode(ca_bundle).decode()

    def client(hook: Json) -> Json:
        path = hook["clientConfig"]["service"]["path"]
        return {"url": f"{url.removesuffix(PATH)}{path}", "caBundle": bundle}

    return {
        "apiVersion": found["apiVersion"],
        "kind": found["kind"],
        "metadata": {"name": name},
        "webhooks": [
            {
                **hook,
                "clientConfig": client(hook),
                "namespaceSelector": {"matchLabels": labels},
                "failurePolicy": "Fail",
            }
            for hook in found["webhooks"]
        ],
    }


def shipped() -> Json:
    """Return the configuration that install.yaml has."""
    documents = yaml.safe_load_all(_INSTALL.read_text(encoding="utf-8"))
    found: Json = next(d for d in documents if d["kind"] == "ValidatingWebhookConfiguration")
    return found


def review(obj: Json, *, old: Json | None = None, uid: str = "live") -> Json:
    """Write the AdmissionReview of a CREATE, or with `old` of an UPDATE."""
    return {
        "apiVersion": "admission.k8s.io/v1",
        "kind": "AdmissionReview",
        "request": {
            "uid": uid,
            "kind": {"group": "apps", "version": "v1", "kind": obj["kind"]},
            "operation": "UPDATE" if old else "CREATE",
            "namespace": obj["metadata"]["namespace"],
            "userInfo": {"username": "live"},
            "object": obj,
            "oldObject": old,
        },
    }


@dataclass(kw_only=True)
class Hook:
    """Calls the webhook itself, past the API server."""

    host: str
    port: int
    ca_bundle: bytes = field(repr=False)
    _connection: http.client.HTTPSConnection | None = None

    @property
    def context(self) -> ssl.SSLContext:
        """Trust its certificate."""
        return ssl.create_default_context(cadata=self.ca_bundle.decode())

    @property
    def url(self) -> str:
        """Where admissions go."""
        return f"https://{self.host}:{self.port}{PATH}"

    def ask(self, obj: Json) -> Json:
        """Return the response to a review of an object that is created."""
        sent = json.dumps(review(obj))
        try:
            body = self._post(sent)
        except OSError:
            # The webhook may have been started anew since the last time.
            body = self._post(sent)
        response: Json = json.loads(body)["response"]
        return response

    def _post(self, body: str) -> bytes:
        if self._connection is None:
            self._connection = http.client.HTTPSConnection(
                self.host, self.port, context=self.context, timeout=30
            )
        try:
            self._connection.request("POST", PATH, body, {"Content-Type": "application/json"})
            return self._connection.getresponse().read()
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Hang up."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None
