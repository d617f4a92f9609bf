"""Lists what the node survey and the sweeper look at."""

from collections.abc import AsyncIterator
from contextlib import aclosing

from slimgate.cluster.api import ClusterApi
from slimgate.cluster.resources import NODES
from slimgate.core.errors import ClusterError
from slimgate.core.json_object import JsonObject, labels_of, mapping_at, text_at
from slimgate.core.matching.selector import Selector
from slimgate.core.workloads.kinds import PODS, Kind


class ClusterLister:
    """Lists nodes, pods and uids, page by page."""

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

    async def uids(self, kind: Kind) -> AsyncIterator[frozenset[str]]:
        """Yield the uids of all objects of a kind, page by page."""
        async with aclosing(self._api.pages(kind.all(), metadata_only=True)) as pages:
            async for page in pages:
                # Something else that answers with JSON would be taken for an empty cluster.
                if not page.version:
                    raise ClusterError(f"the API server does not answer {kind.all()} with a list")
                yield frozenset(text_at(mapping_at(one, "metadata"), "uid") for one in page.items)
