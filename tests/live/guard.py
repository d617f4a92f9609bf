"""A slimgate that keeps its own certificate: both roles, a Service, and a mounted Secret."""

import base64
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tests.lab.state import Lab
from tests.live.api import Api, Json
from tests.live.hook import shipped
from tests.live.programs import Program, Roles, free_port
from tests.support.configuration import plain, write_configuration

_LOOK_SECONDS: Final = 0.2


@dataclass(kw_only=True)
class Guard:
    """All of it has one name; its webhook reviews namespaces with the label of that name."""

    lab: Lab
    api: Api
    name: str
    folder: Path
    port: int = 0
    roles: Roles = field(init=False)
    _end: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        """Choose ports, and write the settings of both roles."""
        self.port = free_port(self.lab.host_address)
        (self.folder / "tls").mkdir()
        config = write_configuration(
            self.folder,
            namespace=self.name,
            name=self.name,
            registries=plain([self.lab.registry]),
            tlsDirectory=str(self.folder / "tls"),
            address=self.lab.host_address,
            webhookPort=self.port,
            logFormat="Text",
            drainDuration=0,
            nodeRefreshInterval=0,
        )
        common = {"KUBECONFIG": self.lab.kubeconfig, "SLIMGATE_CONFIG": config}
        self.roles = Roles(address=self.lab.host_address, common=common, folder=self.folder)

    @property
    def labels(self) -> dict[str, str]:
        """Of the namespaces that are reviewed."""
        return {"slimgate-guard": self.name}

    @property
    def secret(self) -> Json:
        """The Secret with the certificate."""
        metadata = {"name": f"{self.name}-webhook-tls", "namespace": self.name}
        return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata}

    @property
    def configuration(self) -> Json:
        """The configuration as it is shipped, but for names, and what is reviewed."""
        found = shipped()
        service = {"name": f"{self.name}-webhook", "namespace": self.name, "port": 443}
        hooks = [
            {
                **hook,
                "clientConfig": {
                    "service": {**service, "path": hook["clientConfig"]["service"]["path"]}
                },
                "namespaceSelector": {"matchLabels": self.labels},
            }
            for hook in found["webhooks"]
        ]
        return {**found, "metadata": {"name": self.name}, "webhooks": hooks}

    def install(self) -> None:
        """Make what a chart would, and start both roles."""
        named = {"name": f"{self.name}-webhook", "namespace": self.name}
        port = {"name": "admission", "port": 443, "targetPort": self.port}
        self.api.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": self.name}})
        self.api.create(
            {"apiVersion": "v1", "kind": "Service", "metadata": named, "spec": {"ports": [port]}}
        )
        self.api.create(
            {
                "apiVersion": "discovery.k8s.io/v1",
                "kind": "EndpointSlice",
                "metadata": {**named, "labels": {"kubernetes.io/service-name": named["name"]}},
                "addressType": "IPv4",
                "ports": [{"name": "admission", "port": self.port}],
                "endpoints": [{"addresses": [self.lab.host_address]}],
            }
        )
        self.api.create(self.configuration)
        threading.Thread(target=self._mount, daemon=True).start()
        self.roles.begin("webhook")
        self.start_controller()
        self.roles.running("webhook").wait_until_ready()

    def start_controller(self) -> Program:
        """Have the controller run."""
        return self.roles.start("controller")

    def remove(self) -> None:
        """End both roles, and delete all."""
        self.roles.close()
        self._end.set()
        self.api.delete(self.configuration)
        self.api.delete({"kind": "Namespace", "metadata": {"name": self.name}})

    def set_bundle(self, bundle: str | None) -> None:
        """Write the caBundle of all webhooks, as somebody else may."""
        hooks = self.api.get(self.configuration)["webhooks"]
        for hook in hooks:
            hook["clientConfig"]["caBundle"] = bundle
        self.api.patch(self.configuration, {"webhooks": hooks})

    def bundles(self) -> list[str]:
        """Return the caBundle of each webhook."""
        hooks = self.api.get(self.configuration)["webhooks"]
        return [hook["clientConfig"].get("caBundle", "") for hook in hooks]

    def _mount(self) -> None:
        """Write the Secret's files into the folder as soon as they change, as a kubelet does late.

        What was mounted stays when the Secret goes.
        """
        api = Api(self.lab)
        seen: object = None
        while not self._end.wait(_LOOK_SECONDS):
            data = (api.find(self.secret) or {}).get("data", {})
            if data.keys() >= {"tls.crt", "tls.key"} and data != seen:
                seen = data
                for name in ("tls.key", "tls.crt"):
                    (self.folder / "tls" / name).write_bytes(base64.b64decode(data[name]))
        api.close()
