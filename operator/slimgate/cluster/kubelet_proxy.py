"""Kubelets as a user may ask them."""

from dataclasses import replace

from slimgate.cluster.api import ClusterApi
from slimgate.cluster.resources import NODES
from slimgate.core.errors import ClusterError
from slimgate.core.nodes.node import Node
from slimgate.core.nodes.summary import ImageFs, image_fs_of
from slimgate.core.nodes.thresholds import thresholds_of
from slimgate.core.text import printable


class ProxiedKubelets:
    """Asks kubelets through the API server, by the user's own right to nodes/proxy.

    The controller must not have that right, and asks them at their own port.
    """

    def __init__(self, api: ClusterApi) -> None:
        self._api = api

    async def image_fs(self, node: Node) -> ImageFs:
        """Get what a node's kubelet measured; ClusterError says why it can't be had."""
        path = f"{NODES.one('', node.name)}/proxy"
        found = image_fs_of(await self._api.get(f"{path}/stats/summary"))
        if found is None:
            raise ClusterError(
                f"the kubelet of node {printable(node.name)} reports nothing about images"
            )
        try:
            thresholds = thresholds_of(await self._api.get(f"{path}/configz"))
        except ClusterError:
            return found  # what is assumed then is shown as such
        return replace(found, thresholds=thresholds)
