"""Lists what the node survey looks at."""

from collections.abc import AsyncIterator

from slimgate.cluster.api import ClusterApi
from slimgate.cluster.resources import EVENTS, NODES
from slimgate.core.json_object import JsonObject, labels_of, mapping_at
from slimgate.core.matching.selector import Selector
from slimgate.core.workloads.kinds import PODS


class ClusterLister:
    """Lists nodes, pods and what was pulled, page by page."""

    def __init__(self, api: ClusterApi, selector: Selector | None = None) -> None:
        self._api = api
        self._selector = selector or Selector()

    async def nodes(self) -> AsyncIterator[JsonObject]:
        """Yield the nodes that the selector matches."""
        async for node in self._api.list(NODES.all()):
            if self._selector.matches(labels_of(mapping_at(node, "metadata"))):
                yield node

    def pods(self) -> AsyncIterator[JsonObject]:
        """Yield all pods."""
        return self._api.list(PODS.all())

    def pulled(self) -> AsyncIterator[JsonObject]:
        """Yield kubelets' events of images that were pulled, or were there, as long as they are.

        Not watched: the API server keeps events out of its cache, so that a watch costs it each
        event of the cluster, and ends every few minutes as etcd forgets its version.
        """
        selector = "reason=Pulled,regarding.kind=Pod"
        return self._api.list(EVENTS.all(), {"fieldSelector": selector})
