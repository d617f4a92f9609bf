"""Keeps the webhook's certificate fresh, and the API server told which CA signed it.

The controller alone does this: it has one replica, so nobody overwrites anybody.
"""

import asyncio
import base64
import logging
from datetime import datetime
from typing import Final

from slimgate.app.parts import now
from slimgate.cluster.api import ClusterApi
from slimgate.cluster.errors import MissingError
from slimgate.cluster.resources import SECRETS, Resource
from slimgate.core.errors import ClusterError
from slimgate.core.workload import JsonObject, mapping_at, objects_at, text_at
from slimgate.settings import Settings
from slimgate.webhook import certificates

_LOG: Final = logging.getLogger(__name__)
_PERIOD: Final = 600.0
_RETRY: Final = 5.0
_CONFIGURATIONS: Final = Resource(
    group="admissionregistration.k8s.io",
    version="v1",
    kind="ValidatingWebhookConfiguration",
    plural="validatingwebhookconfigurations",
)


class CertificateKeeper:
    """Writes the Secret that the webhook mounts, then the caBundle of its configuration."""

    def __init__(self, api: ClusterApi, settings: Settings) -> None:
        self._api = api
        self._namespace = settings.namespace
        self._secret = settings.webhook_secret
        self._configuration = settings.webhook_configuration
        service = settings.webhook_service
        inside = f"{service}.{settings.namespace}.svc"
        self._names = (inside, f"{inside}.cluster.local", service)

    async def run(self) -> None:
        """Work until cancelled."""
        while True:
            pause = _PERIOD
            try:
                await self.keep(now())
            except ClusterError as error:
                _LOG.warning("the webhook's certificate could not be kept: %s", error)
                pause = _RETRY
            await asyncio.sleep(pause)

    async def keep(self, at: datetime) -> None:
        """Renew what is due; the former CA stays trusted until it ends."""
        path = SECRETS.one(self._namespace, self._secret)
        try:
            data = mapping_at(await self._api.get(path), "data")
        except MissingError:
            data = {}
        bundle, certificate = _decoded(data, "ca.crt"), _decoded(data, "tls.crt")
        if not bundle or certificates.is_due(certificate, self._names, at):
            made = certificates.make(self._names, at, bundle)
            bundle = made.ca_bundle
            await self._api.apply(path, self._secret_of(made))
            _LOG.info("made a new certificate for the webhook")
        await self._tell(base64.b64encode(bundle).decode())

    async def _tell(self, bundle: str) -> None:
        path = _CONFIGURATIONS.one("", self._configuration)
        try:
            found = await self._api.get(path)
        except MissingError:
            _LOG.info("there is no %s to write the webhook's CA into", self._configuration)
            return
        hooks = [dict(hook) for hook in objects_at(found, "webhooks")]
        if all(mapping_at(hook, "clientConfig").get("caBundle") == bundle for hook in hooks):
            return
        for hook in hooks:
            hook["clientConfig"] = {**mapping_at(hook, "clientConfig"), "caBundle": bundle}
        # A list is replaced whole, so only what was read may be.
        version = text_at(mapping_at(found, "metadata"), "resourceVersion")
        patch: JsonObject = {"metadata": {"resourceVersion": version}, "webhooks": hooks}
        await self._api.merge_patch(path, patch)

    def _secret_of(self, made: certificates.Certificates) -> JsonObject:
        files = {"ca.crt": made.ca_bundle, "tls.crt": made.certificate, "tls.key": made.key}
        return {
            "apiVersion": "v1",
            "kind": "Secret",
            "type": "kubernetes.io/tls",
            "metadata": {"name": self._secret, "namespace": self._namespace},
            "data": {name: base64.b64encode(body).decode() for name, body in files.items()},
        }


def _decoded(data: JsonObject, key: str) -> bytes:
    try:
        return base64.b64decode(text_at(data, key))
    except ValueError:
        return b""
