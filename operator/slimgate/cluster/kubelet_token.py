"""How kubelets are asked: as a service account that may do nothing else.

Every kubelet sees the token that it is asked with, and most serve a certificate that nobody can
verify, so it must not be the controller's own.
https://kubernetes.io/docs/reference/kubernetes-api/authentication-resources/token-request-v1/
"""

import asyncio
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from slimgate.cluster.api import ClusterApi
from slimgate.cluster.kubelet import Kubelets, kubelet_tls
from slimgate.cluster.resources import SERVICE_ACCOUNTS
from slimgate.core.errors import ClusterError
from slimgate.core.json_object import mapping_at, text_at
from slimgate.settings import Settings

_LOG: Final = logging.getLogger(__name__)
_CA: Final = Path("/var/run/secrets/kubernetes.io/serviceaccount/ca.crt")
_LIFE: Final = 3_600
_RENEWED_AFTER: Final = _LIFE / 2
_RETRY: Final = 60.0


class KubeletToken:
    """Keeps a short-lived token of the account."""

    def __init__(self, api: ClusterApi, settings: Settings) -> None:
        self._api = api
        self._path = SERVICE_ACCOUNTS.one(settings.namespace, settings.kubelet_account) + "/token"
        self._token = ""
        self.asked = asyncio.Event()
        """Set once the API server has been asked for the first time, whatever it said."""

    async def run(self) -> None:
        """Renew the token until cancelled."""
        while True:
            pause = _RENEWED_AFTER
            try:
                await self.renew()
            except ClusterError as error:
                _LOG.warning("there is no token to ask kubelets with: %s", error)
                pause = _RETRY
            self.asked.set()
            await asyncio.sleep(pause)

    async def renew(self) -> None:
        """Ask for a fresh token."""
        request = {
            "apiVersion": "authentication.k8s.io/v1",
            "kind": "TokenRequest",
            "spec": {"expirationSeconds": _LIFE},
        }
        answer = await self._api.create(self._path, request)
        self._token = text_at(mapping_at(answer, "status"), "token")

    def headers(self) -> Mapping[str, str]:
        """Write what kubelets are shown; nothing before there is a token."""
        return {"Authorization": f"Bearer {self._token}"} if self._token else {}


def kubelets(settings: Settings, token: KubeletToken) -> Kubelets:
    """Make the client; kubelets' certificates are verified against the cluster's CA if at all."""
    ca_file = str(_CA) if _CA.exists() else None
    tls = kubelet_tls(ca_file=ca_file, skip_verify=settings.kubelet_skip_tls_verify)
    return Kubelets(tls=tls, headers=token.headers, thresholds=settings.kubelet_thresholds)
