"""Lists what the node survey and the sweeper look at."""

from collections.abc import AsyncIterator
from contextlib import aclosing

from slimgate.cluster.api import ClusterApi
from slimgate.cluster.resources import NODES
from slimgate.core.errors import ClusterError
from slimgate.core.json_object import JsonObject, mapping_at, text_at
from slimgate.core.workloads.kinds import PODS, Kind


class ClusterLister:
    """Lists nodes, pods and uids, page by page."""

    def __init__(self, api: ClusterApi) -> None:
        self._api = api

    def nodes(self) -> AsyncIterator[JsonObject]:
        """Yield all nodes."""
        return self._api.list(NODES.all())

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
