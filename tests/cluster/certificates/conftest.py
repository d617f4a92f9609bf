"""A place in the lab whose webhook's certificate is kept, with the rights that slimgate ships."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import pytest
import yaml
from cryptography import x509

from slimgate.cluster.api import ClusterApi
from slimgate.cluster.certificates.held import Held, read_bundle, read_secret
from slimgate.cluster.certificates.keeper import CertificateKeeper, KeeperSettings
from slimgate.cluster.certificates.pods import WebhookPods
from slimgate.cluster.certificates.store import CertificateStore
from slimgate.cluster.errors import ExistsError
from slimgate.cluster.own_deployment import OwnDeployment
from slimgate.cluster.resources import ENDPOINT_SLICES, SECRETS, WEBHOOK_CONFIGURATIONS
from slimgate.core.errors import MissingError
from slimgate.core.json_object import JsonObject, mapping_at, objects_at, text_at
from slimgate.core.workloads.kinds import Kind
from slimgate.settings import Settings
from tests.cluster.certificates.make import secret
from tests.cluster.conftest import Login, eventually
from tests.lab.state import Lab

_INSTALL: Final = Path(__file__).parents[3] / "manifests" / "install.yaml"
_ROLES: Final = {
    kind: Kind(
        group="rbac.authorization.k8s.io", version="v1", kind=kind, plural=f"{kind.lower()}s"
    )
    for kind in ("Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding")
}
SERVICE: Final = "slimgate-webhook"
SECRET: Final = Settings().webhook_secret
HOOKS: Final = ("workloads.slimgate.dev", "exceptions.slimgate.dev")


@dataclass(kw_only=True)
class Place:
    """A namespace, and a configuration of its name; `api` is the administrator's."""

    api: ClusterApi
    own: ClusterApi
    """With the rights of the controller alone."""
    namespace: str
    lab: Lab
    servers: list[asyncio.Server] = field(default_factory=list)

    @property
    def secret_path(self) -> str:
        """Where the Secret is."""
        return SECRETS.one(self.namespace, SECRET)

    @property
    def configuration_path(self) -> str:
        """Where the configuration is."""
        return WEBHOOK_CONFIGURATIONS.one("", self.namespace)

    def keeper(
        self,
        api: ClusterApi | None = None,
        *,
        pod: str | None = None,
        makes: bool = True,
        trusts: bool = True,
        **more: object,
    ) -> CertificateKeeper:
        """Make a keeper."""
        api = api or self.own
        inside = f"{SERVICE}.{self.namespace}.svc"
        return CertificateKeeper(
            CertificateStore(
                api, self.namespace, SECRET, self.namespace, OwnDeployment(api, self.namespace, pod)
            ),
            WebhookPods(api, self.namespace, SERVICE),
            KeeperSettings(names=(inside,), makes=makes, trusts=trusts),
            **more,  # type: ignore[arg-type]
        )

    @asynccontextmanager
    async def kept(self, keeper: CertificateKeeper | None = None) -> AsyncIterator[None]:
        """Have it kept, and wait until all is well."""
        running = asyncio.create_task((keeper or self.keeper()).run())
        try:
            await self.until_trusted()
            yield
        finally:
            running.cancel()
            await asyncio.wait([running])
        assert running.cancelled(), running.exception()

    async def held(self) -> Held:
        """Read the Secret."""
        try:
            return read_secret(await self.api.get(self.secret_path))
        except MissingError:
            return read_secret({})

    async def bundles(self) -> list[tuple[x509.Certificate, ...]]:
        """Read the caBundle of each webhook."""
        found = await self.api.get(self.configuration_path)
        hooks = objects_at(found, "webhooks")
        return [
            read_bundle(text_at(mapping_at(hook, "clientConfig"), "caBundle")) for hook in hooks
        ]

    async def until_trusted(self, without: x509.Certificate | None = None) -> Held:
        """Wait until the Secret is whole and trusted; `without` a certificate, by another one."""

        async def look() -> Held | None:
            held, bundles = await self.held(), await self.bundles()
            whole = held.chain and held.public_key and held.issuer and held.chain[0] != without
            trusted = len(bundles) == len(HOOKS) and all(b == held.authorities for b in bundles)
            return held if whole and trusted else None

        return await eventually(look)

    async def write(self, files: dict[str, bytes], **fields: object) -> None:
        """Put a Secret of somebody's in place of what is there."""
        body = {"metadata": {"name": SECRET}, **secret(files), **fields}
        while True:
            with suppress(MissingError):
                await self.api.delete(self.secret_path)
            # Whoever keeps it may be quicker.
            with suppress(ExistsError):
                await self.api.create(SECRETS.within(self.namespace), body)
                return

    async def set_bundles(self, *bundles: str | None) -> None:
        """Write the caBundle of each webhook as somebody else does."""
        found = await self.api.get(self.configuration_path)
        hooks = [
            {**hook, "clientConfig": {**mapping_at(hook, "clientConfig"), "caBundle": bundle}}
            for hook, bundle in zip(objects_at(found, "webhooks"), bundles, strict=True)
        ]
        await self.api.merge_patch(self.configuration_path, {"webhooks": hooks})

    async def serve(self, folder: Path, certificate: bytes, key: bytes) -> None:
        """Serve a certificate as the only webhook pod."""
        await self.stop_serving()
        (folder / "served.crt").write_bytes(certificate)
        (folder / "served.key").write_bytes(key)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(folder / "served.crt", folder / "served.key")
        server = await asyncio.start_server(_hang_up, self.lab.host_address, 0, ssl=context)
        self.servers.append(server)
        await self.api.apply(
            ENDPOINT_SLICES.one(self.namespace, SERVICE),
            {
                "apiVersion": ENDPOINT_SLICES.api_version,
                "kind": ENDPOINT_SLICES.kind,
                "metadata": {
                    "name": SERVICE,
                    "labels": {"kubernetes.io/service-name": SERVICE},
                },
                "addressType": "IPv4",
                "ports": [{"port": server.sockets[0].getsockname()[1]}],
                "endpoints": [{"addresses": [self.lab.host_address]}],
            },
        )

    async def stop_serving(self) -> None:
        """End what serves; the endpoint stays, and does not answer."""
        for server in self.servers:
            server.close()
        self.servers.clear()


async def _hang_up(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.close()


@pytest.fixture
async def place(lab: Lab, api: ClusterApi, namespace: str, login: Login) -> AsyncIterator[Place]:
    """Return a namespace whose controller has the rights that install.yaml gives it."""
    account = await login(namespace, "controller")
    for kind, rules in shipped_rules(namespace).items():
        reference = {"apiGroup": _ROLES[kind].group, "kind": kind, "name": namespace}
        subject = {"kind": "ServiceAccount", "name": "controller", "namespace": namespace}
        for role, body in (
            (_ROLES[kind], {"rules": rules}),
            (_ROLES[f"{kind}Binding"], {"roleRef": reference, "subjects": [subject]}),
        ):
            path = role.within(namespace) if kind == "Role" else role.all()
            await api.create(path, {"metadata": {"name": namespace}, **body})
    await api.create(WEBHOOK_CONFIGURATIONS.all(), configuration(namespace))
    async with ClusterApi.connect(account) as own:
        place = Place(api=api, own=own, namespace=namespace, lab=lab)
        yield place
        await place.stop_serving()
    await api.delete(place.configuration_path)
    for kind in ("ClusterRoleBinding", "ClusterRole"):
        await api.delete(_ROLES[kind].one("", namespace))


def shipped_rules(name: str) -> dict[str, list[JsonObject]]:
    """Read the controller's rules, with the configuration's name replaced."""
    found: dict[str, list[JsonObject]] = {}
    for document in yaml.safe_load_all(_INSTALL.read_text(encoding="utf-8")):
        if document["metadata"]["name"] == "slimgate-controller" and "rules" in document:
            for rule in document["rules"]:
                if "validatingwebhookconfigurations" in rule["resources"]:
                    rule["resourceNames"] = [name]
            found[document["kind"]] = document["rules"]
    return found


def configuration(name: str) -> JsonObject:
    """Write a configuration as a chart renders it: without a caBundle, and with two webhooks."""
    return {
        "apiVersion": WEBHOOK_CONFIGURATIONS.api_version,
        "kind": WEBHOOK_CONFIGURATIONS.kind,
        "metadata": {"name": name},
        "webhooks": [
            {
                "name": hook,
                "admissionReviewVersions": ["v1"],
                "sideEffects": "None",
                "failurePolicy": "Ignore",
                "clientConfig": {"service": {"name": SERVICE, "namespace": name, "path": "/"}},
                "namespaceSelector": {"matchLabels": {"no": "namespace"}},
                "rules": [
                    {
                        "apiGroups": ["apps"],
                        "apiVersions": ["v1"],
                        "operations": ["CREATE"],
                        "resources": ["deployments"],
                    }
                ],
            }
            for hook in HOOKS
        ],
    }
