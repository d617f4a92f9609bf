"""Kubelets as a user may ask them."""

from dataclasses import replace

from slimgate.cluster.api import ClusterApi
from slimgate.cluster.errors import ForbiddenError
from slimgate.cluster.resources import NODES
from slimgate.core.errors import ClusterError, KubeletError
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
        try:
            found = image_fs_of(await self._api.get(f"{path}/stats/summary"))
        except ForbiddenError as err:
            raise KubeletError(str(err), reason="refused") from err
        if found is None:
            text = f"the kubelet of node {printable(node.name)} reports nothing about images"
            raise KubeletError(text, reason="no_stats")
        try:
            thresholds = thresholds_of(await self._api.get(f"{path}/configz"))
        except ClusterError:
            return found  # what is assumed then is shown as such
        return replace(found, thresholds=thresholds)
