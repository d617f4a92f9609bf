"""The CLI's view of a cluster, put together."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from types import MappingProxyType

from slimgate.app.parts import inspector_settings, now, own_identity, providers, registry_settings
from slimgate.cluster.addresses import server_addresses
from slimgate.cluster.api import ClusterApi
from slimgate.cluster.kubelet_proxy import ProxiedKubelets
from slimgate.cluster.lister import ClusterLister
from slimgate.cluster.pull_secrets import PullSecrets
from slimgate.cluster.view import ApiView
from slimgate.controller.nodes import NodeSurvey
from slimgate.controller.pulls import read_pulls
from slimgate.core.matching.selector import Selector
from slimgate.core.nodes.disk import NodeDisk
from slimgate.core.nodes.pulls import PullTable
from slimgate.core.nodes.roster import Roster
from slimgate.engine.catalog import Catalog
from slimgate.engine.inspector import Inspector
from slimgate.engine.judge import Judge
from slimgate.registry.client import RegistryClient
from slimgate.settings import Settings


class CommandView(ApiView):
    """What the cluster holds, and what is made of it with parts of other rooms."""

    unread: Mapping[str, str] = MappingProxyType({})
    """Nodes of the last disks of which nothing was measured, or is believed, and why."""

    async def disks(self, selector: Selector) -> Sequence[NodeDisk]:
        """Model what images cost the nodes of those labels, and what their kubelets measured."""
        lister, roster, disks = ClusterLister(self.api, selector), Roster(), list[NodeDisk]()
        async for node in lister.nodes():
            roster.put(node)
        survey = NodeSurvey(
            nodes=roster.nodes,
            lister=lister,
            gauge=ProxiedKubelets(self.api),
            inspector=self.inspector,
            keyring=self.keyring,
            strict=True,
            each=disks.append,
        )
        await survey.look()
        self.unread = survey.last.unread
        return tuple(disks)

    async def pulls(self, namespace: str | None, nodes: frozenset[str]) -> PullTable:
        """Add up what events tell that these nodes pulled, for all or for one namespace."""
        return await read_pulls(ClusterLister(self.api).pulled(namespace), nodes)

    def judge_by(self, catalog: Catalog) -> Judge:
        """Make a judge by a catalog, with the credentials of the cluster's workloads."""
        return Judge(inspector=self.inspector, catalog=catalog, keyring=self.keyring, now=now)


@asynccontextmanager
async def cluster_view(
    settings: Settings, *, kubeconfig: str | None = None, context: str | None = None
) -> AsyncIterator[CommandView]:
    """Open the cluster of a kubeconfig, by default the user's, in its current context."""
    async with ClusterApi.connect(kubeconfig, context) as api:
        refused = await server_addresses(api)
        registry = registry_settings(settings, refused=refused)
        async with RegistryClient(registry, providers=providers(settings)) as client:
            own = own_identity(settings)
            inspector = Inspector(client, inspector_settings(settings), identity=own)
            keyring = PullSecrets(api, own, enabled=settings.pull_secrets)
            try:
                yield CommandView(api, settings, inspector, keyring)
            finally:
                await inspector.close()
                await keyring.aclose()
