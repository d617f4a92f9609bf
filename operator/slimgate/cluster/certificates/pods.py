"""The pods behind the webhook's Service: which certificates they serve now."""

import asyncio
import ssl
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from cryptography import x509

from slimgate.cluster.api import ClusterApi
from slimgate.cluster.certificates.authority import UNREADABLE
from slimgate.cluster.mirror import Mirror, Scope, Sink
from slimgate.cluster.resources import ENDPOINT_SLICES
from slimgate.core.errors import ClusterError, MissingError
from slimgate.core.json_object import JsonObject, mapping_at, objects_at, text_at
from slimgate.core.workloads.kinds import PODS

_MARK: Final = "slimgate.dev/certificate"
_SERVICE: Final = "kubernetes.io/service-name"
_SECONDS: Final = 1.5
_MAX_PODS: Final = 200
_AT_ONCE: Final = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class ServedCertificates:
    """What pods showed; `silent` is whether one that gets admissions did not answer."""

    certificates: frozenset[x509.Certificate]
    silent: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pod:
    address: str
    port: int
    ready: bool
    name: str


class WebhookPods:
    """Finds them by the EndpointSlices of their Service, as soon as they have an address."""

    def __init__(self, api: ClusterApi, namespace: str, service: str) -> None:
        self._api = api
        self._namespace = namespace
        self._query = {"labelSelector": f"{_SERVICE}={service}"}
        self._mark = ""
        self._refreshed: set[str] = set()

    def mirror(self, sink: Sink) -> Mirror:
        """Watch for pods that come and go."""
        path = ENDPOINT_SLICES.within(self._namespace)
        return Mirror(self._api, Scope(path=path, query=self._query, metadata_only=True), sink)

    async def served(self) -> ServedCertificates:
        """Shake hands with every pod, and look at the certificate that it shows."""
        try:
            pods = await self._find()
        except ClusterError:
            return ServedCertificates(certificates=frozenset(), silent=True)
        turns = asyncio.Semaphore(_AT_ONCE)
        shown = await asyncio.gather(*(_shown(pod, turns) for pod in pods[:_MAX_PODS]))
        silent = any(pod.ready and one is None for pod, one in zip(pods, shown, strict=False))
        return ServedCertificates(
            certificates=frozenset(filter(None, shown)), silent=silent or len(pods) > _MAX_PODS
        )

    async def refresh(self, mark: str) -> None:
        """Have kubelets bring each pod's Secret up to date now, once for each mark.

        A kubelet looks when a pod changes, be it by an annotation; else after a minute or more,
        for a Secret that was missing as well (docs/adr/0014).
        """
        names = {pod.name for pod in (await self._find())[:_MAX_PODS] if pod.name}
        self._refreshed = self._refreshed & names if mark == self._mark else set()
        self._mark = mark
        patch = {"metadata": {"annotations": {_MARK: mark}}}
        for name in names - self._refreshed:
            with suppress(MissingError):
                await self._api.merge_patch(PODS.one(self._namespace, name), patch)
            self._refreshed.add(name)

    async def _find(self) -> list[_Pod]:
        slices = self._api.list(ENDPOINT_SLICES.within(self._namespace), self._query)
        return [pod async for entry in slices for pod in _pods(entry)]


def _pods(entry: JsonObject) -> Iterator[_Pod]:
    ports = [port for one in objects_at(entry, "ports") if isinstance(port := one.get("port"), int)]
    for endpoint in objects_at(entry, "endpoints"):
        addresses = endpoint.get("addresses")
        if ports and isinstance(addresses, list) and addresses:
            target = mapping_at(endpoint, "targetRef")
            yield _Pod(
                address=str(addresses[0]),
                port=ports[0],
                ready=mapping_at(endpoint, "conditions").get("ready") is not False,
                name=text_at(target, "name") if text_at(target, "kind") == "Pod" else "",
            )


async def _shown(pod: _Pod, turns: asyncio.Semaphore) -> x509.Certificate | None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    # Any certificate is to be seen, an expired one as well; nothing is sent to whoever shows it.
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    try:
        async with turns, asyncio.timeout(_SECONDS):
            _, writer = await asyncio.open_connection(pod.address, pod.port, ssl=context)
    except (OSError, TimeoutError):
        return None
    try:
        found: ssl.SSLObject = writer.get_extra_info("ssl_object")
        shown = found.getpeercert(binary_form=True)
        return x509.load_der_x509_certificate(shown) if shown else None
    except UNREADABLE:
        return None
    finally:
        writer.transport.abort()
