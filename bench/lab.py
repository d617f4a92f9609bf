"""The real `slimgate webhook` in the lab, and the lab's API server in front of it."""

import base64
import json
import ssl
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from bench.hooks import Hook, Tls, hook
from bench.images import LIMIT, Image
from bench.load import Request, Target
from bench.processes import BenchError, Program, free_port
from bench.reviews import Json, deployment
from tests.lab.state import Lab
from tests.support.configuration import plain, write_configuration

_CALLED_SECONDS: Final = 20.0


class InLab:
    """A namespace of the lab with a policy of its own; a hooks.Place."""

    description = "slimgate webhook, following the lab's API server"

    def __init__(self, lab: Lab, folder: Path, tls: Tls) -> None:
        self._lab = lab
        self._folder = folder
        self.tls = tls
        self.namespace = f"bench-{uuid.uuid4().hex[:8]}"

    @contextmanager
    def set_up(self) -> Iterator[None]:
        """Make the namespace and the policy, and remove them at the end."""
        name = {"name": self.namespace}
        spec = {
            "match": {"namespaces": {"include": [self.namespace]}},
            "mode": "Enforce",
            "limits": {"pullSize": {"deny": LIMIT}},
        }
        policy = {"apiVersion": "slimgate.dev/v1alpha1", "kind": "SlimPolicy", "spec": spec}
        self._kubectl("apply", "-f", "manifests/crds")
        self._kubectl("wait", "--for=condition=Established", "-f", "manifests/crds")
        self._apply({"apiVersion": "v1", "kind": "Namespace", "metadata": name})
        try:
            self._apply({**policy, "metadata": name})
            yield
        finally:
            self._kubectl("delete", "slimpolicy", self.namespace, "--ignore-not-found")
            self._kubectl("delete", "namespace", self.namespace, "--wait=false")

    def start(self, registries: Sequence[str]) -> Hook:
        """Start a fresh process of the real role."""
        port, health = free_port(), free_port()
        environment = {
            "KUBECONFIG": self._lab.kubeconfig,
            "SLIMGATE_CONFIG": write_configuration(self._folder, registries=plain(registries)),
            "SLIMGATE_WEBHOOK_PORT": str(port),
            "SLIMGATE_HTTP_PORT": str(health),
            "SLIMGATE_TLS_DIRECTORY": str(self.tls.certificate.parent),
            "SLIMGATE_DRAIN_DURATION": "0",
        }
        command = str(Path(sys.executable).with_name("slimgate"))
        log = self._folder / f"webhook-{port}.log"
        program = Program([command, "webhook"], log, environment)
        program.wait_until_ready(f"http://127.0.0.1:{health}/readyz")
        return hook(program, port, self.tls)

    @contextmanager
    def registered(self, running: Hook) -> Iterator[None]:
        """Have the API server ask the webhook about Deployments of the namespace."""
        port = running.target.url.split(":")[2].partition("/")[0]
        client = {
            "url": f"https://{self._lab.host_address}:{port}/validate",
            "caBundle": base64.b64encode(self.tls.ca_bundle).decode(),
        }
        rule = {
            "apiGroups": ["apps"],
            "apiVersions": ["v1"],
            "resources": ["deployments"],
            "operations": ["CREATE"],
        }
        webhook = {
            "name": "bench.slimgate.dev",
            "clientConfig": client,
            "rules": [rule],
            "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": self.namespace}},
            "sideEffects": "None",
            "admissionReviewVersions": ["v1"],
            "timeoutSeconds": 10,
            "failurePolicy": "Fail",
        }
        kind = "ValidatingWebhookConfiguration"
        configuration = {"apiVersion": "admissionregistration.k8s.io/v1", "kind": kind}
        named = {"metadata": {"name": self.namespace}, "webhooks": [webhook]}
        self._apply({**configuration, **named})
        try:
            yield
        finally:
            self._kubectl("delete", kind, self.namespace, "--ignore-not-found")

    def api_server(self) -> Target:
        """Say how Deployments are created without being kept."""
        context = ssl.create_default_context(cafile=self._lab.ca_file)
        context.load_cert_chain(self._lab.client_cert, self._lab.client_key)
        path = f"/apis/apps/v1/namespaces/{self.namespace}/deployments?dryRun=All"
        return Target(url=f"{self._lab.apiserver}{path}", context=context, reviews=False)

    def creations(self, images: Sequence[Image], count: int, *, asked: bool) -> list[Request]:
        """Make requests to the API server; without a webhook asked, all should be allowed."""
        return [self._creation(i, images[i % len(images)], asked=asked) for i in range(count)]

    def wait_until_asked(self, big: Image) -> None:
        """Wait until the API server has heard of the webhook: a big image is refused."""
        manifest = json.dumps(deployment("bench-probe", self.namespace, big.reference))
        deadline = time.monotonic() + _CALLED_SECONDS
        while time.monotonic() < deadline:
            argv = ["create", "--dry-run=server", "-f", "-"]
            if "denied the request" in self._run(argv, manifest).stderr:
                return
        raise BenchError("the API server does not ask the webhook")

    def _creation(self, number: int, image: Image, *, asked: bool) -> Request:
        made = deployment(f"bench-{number:05d}", self.namespace, image.reference)
        return Request(body=json.dumps(made).encode(), allowed=not (asked and image.big))

    def _apply(self, manifest: Json) -> None:
        self._kubectl("apply", "-f", "-", stdin=json.dumps(manifest))

    def _kubectl(self, *argv: str, stdin: str = "") -> None:
        done = self._run(argv, stdin)
        if done.returncode:
            raise BenchError(f"kubectl {argv[0]} failed: {done.stderr.strip()[-300:]}")

    def _run(self, argv: Sequence[str], stdin: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [self._lab.kubectl, "--kubeconfig", self._lab.kubeconfig, *argv],
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
