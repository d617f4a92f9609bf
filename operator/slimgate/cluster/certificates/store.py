"""Reads and writes the two objects: the TLS Secret, and the ValidatingWebhookConfiguration."""

import base64
from collections.abc import Mapping
from contextlib import suppress
from typing import Final

from slimgate.cluster.api import ClusterApi
from slimgate.cluster.mirror import Mirror, Scope, Sink
from slimgate.cluster.own_deployment import OwnDeployment
from slimgate.cluster.resources import OWN_LABELS, SECRETS, WEBHOOK_CONFIGURATIONS
from slimgate.core.errors import MissingError
from slimgate.core.json_object import JsonObject, mapping_at, objects_at, text_at

_TYPE: Final = "kubernetes.io/tls"


class CertificateStore:
    """One Secret and one configuration, by name."""

    def __init__(
        self, api: ClusterApi, namespace: str, secret: str, configuration: str, owner: OwnDeployment
    ) -> None:
        self._api = api
        self._namespace = namespace
        self._secret = secret
        self._configuration = configuration
        self._owner = owner

    def secret_mirror(self, sink: Sink) -> Mirror:
        """Watch the Secret."""
        return self._mirror(SECRETS.within(self._namespace), self._secret, sink)

    def configuration_mirror(self, sink: Sink) -> Mirror:
        """Watch the configuration."""
        return self._mirror(WEBHOOK_CONFIGURATIONS.all(), self._configuration, sink)

    def _mirror(self, path: str, name: str, sink: Sink) -> Mirror:
        """Watch one of a kind, for which the right to its name is enough."""
        query = {"fieldSelector": f"metadata.name={name}"}
        return Mirror(self._api, Scope(path=path, query=query, metadata_only=True), sink)

    async def secret(self) -> dict[str, object] | None:
        """Read the Secret, None if there is none."""
        with suppress(MissingError):
            return await self._api.get(SECRETS.one(self._namespace, self._secret))
        return None

    async def configuration(self) -> dict[str, object] | None:
        """Read the configuration, None if there is none."""
        with suppress(MissingError):
            return await self._api.get(WEBHOOK_CONFIGURATIONS.one("", self._configuration))
        return None

    async def patch_configuration(self, patch: JsonObject) -> None:
        """Change the configuration; ConflictError if it is not the version that was read."""
        await self._api.merge_patch(WEBHOOK_CONFIGURATIONS.one("", self._configuration), patch)

    async def is_marked(self, secret: JsonObject) -> bool:
        """Whether the Secret says whose it is, and goes with slimgate's Deployment."""
        metadata = mapping_at(secret, "metadata")
        labels = mapping_at(metadata, "labels")
        owners = {text_at(one, "uid") for one in objects_at(metadata, "ownerReferences")}
        wanted = {one["uid"] for one in await self._owner.references()}
        return OWN_LABELS.items() <= labels.items() and wanted <= owners

    async def write_secret(self, secret: JsonObject | None, files: Mapping[str, bytes]) -> None:
        """Write files into the Secret that was read; ConflictError if it is another by now."""
        path = SECRETS.one(self._namespace, self._secret)
        if secret and (secret.get("type") != _TYPE or secret.get("immutable") is True):
            # Neither can be changed.
            await self._api.delete(path)
            secret = None
        body = await self._body(files)
        if secret is None:
            await self._api.create(SECRETS.within(self._namespace), body)
            return
        version = text_at(mapping_at(secret, "metadata"), "resourceVersion")
        body["metadata"] = {**mapping_at(body, "metadata"), "resourceVersion": version}
        await self._api.apply(path, body)

    async def _body(self, files: Mapping[str, bytes]) -> dict[str, object]:
        return {
            "apiVersion": SECRETS.api_version,
            "kind": SECRETS.kind,
            "type": _TYPE,
            "metadata": {
                "name": self._secret,
                "namespace": self._namespace,
                "labels": OWN_LABELS,
                "ownerReferences": await self._owner.references(),
            },
            "data": {name: base64.b64encode(body).decode() for name, body in files.items()},
        }
