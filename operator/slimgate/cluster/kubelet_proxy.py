"""Kubelets as a user may ask them."""

import asyncio
from dataclasses import replace
from typing import Final

from slimgate.cluster.api import ClusterApi
from slimgate.cluster.errors import ForbiddenError
from slimgate.cluster.kubelet import MAX_SUMMARY
from slimgate.cluster.resources import NODES
from slimgate.core.errors import ClusterError, KubeletError
from slimgate.core.json_object import JsonObject
from slimgate.core.nodes.node import Node
from slimgate.core.nodes.summary import ImageFs, image_fs_of
from slimgate.core.nodes.thresholds import thresholds_of
from slimgate.core.text import printable

_SECONDS: Final = 10.0
"""For one answer by way of the API server: a guess. Those that hang must not keep all others."""


class ProxiedKubelets:
    """Asks kubelets through the API server, by the user's own right to nodes/proxy.

    The controller must not have that right, and asks them at their own port.
    """

    def __init__(self, api: ClusterApi, seconds: float = _SECONDS) -> None:
        self._api = api
        self._seconds = seconds

    async def image_fs(self, node: Node) -> ImageFs:
        """Get what a node's kubelet measured; ClusterError says why it can't be had."""
        path = f"{NODES.one('', node.name)}/proxy"
        try:
            found = image_fs_of(await self._get(f"{path}/stats/summary"))
        except ForbiddenError as err:
            raise KubeletError(str(err), reason="refused") from err
        except TimeoutError as err:
            text = f"the kubelet of node {printable(node.name)} takes longer than "
            raise KubeletError(f"{text}{self._seconds:g} s", reason="late") from err
        if found is None:
            text = f"the kubelet of node {printable(node.name)} reports nothing about images"
            raise KubeletError(text, reason="no_stats")
        try:
            thresholds = thresholds_of(await self._get(f"{path}/configz"))
        except (ClusterError, TimeoutError):
            return found  # what is assumed then is shown as such
        return replace(found, thresholds=thresholds)

    async def _get(self, path: str) -> JsonObject:
        async with asyncio.timeout(self._seconds):
            return await self._api.get(path, max_bytes=MAX_SUMMARY)
