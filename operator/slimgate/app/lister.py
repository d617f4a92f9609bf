"""Lists what the node survey looks at."""

from collections.abc import AsyncIterator

from slimgate.cluster.api import ClusterApi
from slimgate.cluster.resources import NODES, PODS
from slimgate.core.workload import JsonObject


class ClusterLister:
    """Lists nodes and pods page by page."""

    def __init__(self, api: ClusterApi) -> None:
        self._api = api

    def nodes(self) -> AsyncIterator[JsonObject]:
        """Yield all nodes."""
        return self._api.list(NODES.all())

    def pods(self) -> AsyncIterator[JsonObject]:
        """Yield all pods."""
        return self._api.list(PODS.all())
