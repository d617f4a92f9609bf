"""The CLI's view of a cluster: what it holds now, read when it is asked for."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager

from slimgate.app.cluster import now, own_identity
from slimgate.app.parts import (
    inspector_settings,
    read_settings,
    registry_settings,
    template_paths,
)
from slimgate.cluster.addresses import server_addresses
from slimgate.cluster.api import ClusterApi
from slimgate.cluster.pull_secrets import PullSecrets
from slimgate.cluster.resources import (
    NAMESPACES,
    NODES,
    SLIM_EXCEPTIONS,
    SLIM_POLICIES,
    WORKLOADS,
    Resource,
)
from slimgate.core.image import Platform
from slimgate.core.workload import JsonObject, Workload, labels_of, mapping_at, text_at, workload_of
from slimgate.engine.catalog import Catalog
from slimgate.engine.inspector import Inspector
from slimgate.engine.judge import Judge
from slimgate.engine.ports import Keyring
from slimgate.registry.client import RegistryClient
from slimgate.settings import Settings


class ApiView:
    """Reads a cluster through its API server, with the user's own rights."""

    def __init__(
        self, api: ClusterApi, settings: Settings, inspector: Inspector, keyring: Keyring
    ) -> None:
        self._api = api
        self._settings = settings
        self._inspector = inspector
        self._keyring = keyring

    async def policies(self) -> Sequence[JsonObject]:
        """List the SlimPolicy objects, as the API server sends them."""
        return await self._all(SLIM_POLICIES)

    async def exceptions(self) -> Sequence[JsonObject]:
        """List the SlimException objects of all namespaces."""
        return await self._all(SLIM_EXCEPTIONS)

    async def namespaces(self) -> Mapping[str, Mapping[str, str]]:
        """List the labels of every namespace, by its name."""
        found = [mapping_at(obj, "metadata") for obj in await self._all(NAMESPACES)]
        return {text_at(metadata, "name"): labels_of(metadata) for metadata in found}

    async def platforms(self) -> tuple[Platform, ...]:
        """List the platforms of the nodes, each once."""
        return (await self._catalog([])).platforms

    async def workloads(self) -> Sequence[Workload]:
        """List the workloads of every kind that has a pod template, owned ones too."""
        paths = template_paths(self._settings)
        extra = (
            Resource(group=k.group, version=k.version, plural=k.plural, kind=k.kind)
            for k in self._settings.extra_kinds
        )
        found = [
            workload_of({**obj, "kind": resource.kind}, paths)
            for resource in (*WORKLOADS.values(), *extra)
            for obj in await self._all(resource)
        ]
        return [workload for workload in found if workload is not None]

    async def judge_by(self, policies: Sequence[JsonObject]) -> Judge:
        """Make a judge that knows these policies alone, and the cluster's exceptions and nodes."""
        catalog = await self._catalog(policies)
        for exception in await self.exceptions():
            catalog.put_exception(exception)
        for namespace in await self._all(NAMESPACES):
            catalog.put_namespace(namespace)
        return Judge(
            inspector=self._inspector,
            catalog=catalog,
            keyring=self._keyring,
            now=now,
            seconds=self._settings.judge_seconds,
        )

    async def _catalog(self, policies: Sequence[JsonObject]) -> Catalog:
        settings = self._settings
        catalog = Catalog(
            excluded=[*settings.excluded_namespaces, settings.namespace],
            platforms=settings.platforms,
        )
        for policy in policies:
            catalog.put_policy(policy)
        for node in await self._all(NODES):
            catalog.put_node(node)
        return catalog

    async def _all(self, resource: Resource) -> list[JsonObject]:
        return [obj async for obj in self._api.list(resource.all())]


@asynccontextmanager
async def cluster_view(
    *, kubeconfig: str | None = None, context: str | None = None
) -> AsyncIterator[ApiView]:
    """Open the cluster of a kubeconfig, by default the user's; `context` None is its current one."""
    settings = read_settings()
    async with ClusterApi.connect(kubeconfig, context) as api:
        refused = await server_addresses(api)
        registry = registry_settings(settings, refused=refused)
        async with RegistryClient(registry) as client:
            own = own_identity(settings)
            inspector = Inspector(client, inspector_settings(settings), identity=own)
            keyring = PullSecrets(api, own, enabled=settings.pull_secrets)
            try:
                yield ApiView(api, settings, inspector, keyring)
            finally:
                await inspector.close()
                await keyring.aclose()
