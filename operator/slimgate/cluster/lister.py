"""Lists what the node survey looks at."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import Final

from slimgate.cluster.api import ClusterApi
from slimgate.cluster.resources import EVENTS, NODES
from slimgate.core.json_object import JsonObject, labels_of, mapping_at
from slimgate.core.matching.selector import Selector
from slimgate.core.workloads.kinds import PODS

_MAX_BYTES: Final = 32 * 2**20
"""Of all pods of one node: 300 KB each, for as many as the kubelet takes; a guess."""


class ClusterLister:
    """Lists nodes, the pods of each, and what was pulled."""

    def __init__(self, api: ClusterApi, selector: Selector | None = None) -> None:
        self._api = api
        self._selector = selector or Selector()

    async def nodes(self) -> AsyncIterator[JsonObject]:
        """Yield the nodes that the selector matches."""
        async for node in self._api.list(NODES.all()):
            if self._selector.matches(labels_of(mapping_at(node, "metadata"))):
                yield node

    async def pods_on(self, node: str) -> AsyncGenerator[JsonObject, None]:
        """Yield a node's pods.

        The API server answers from its memory, by an index of the pods of each node: the version 0
        asks for that, and whatever it is lets no limit count.
        https://kubernetes.io/docs/reference/using-api/api-concepts/#semantics-for-get-and-list
        """
        query = {"fieldSelector": f"spec.nodeName={node}", "resourceVersion": "0"}
        pages = self._api.pages(PODS.all(), query, max_bytes=_MAX_BYTES)
        async with aclosing(pages):
            async for page in pages:
                for pod in page.items:
                    yield pod

    def pulled(self, namespace: str | None = None) -> AsyncIterator[JsonObject]:
        """Yield kubelets' events of images that were pulled, or were there, as long as they are.

        Those for the pods of one namespace take no right to any other.
        Not watched: the API server keeps events out of its cache, so that a watch costs it each
        event of the cluster, and ends every few minutes as etcd forgets its version.
        """
        selector = "reason=Pulled,regarding.kind=Pod"
        path = EVENTS.all() if namespace is None else EVENTS.within(namespace)
        return self._api.list(path, {"fieldSelector": selector})
