"""The policy that a cluster begins with: created where there is none, and never touched again.

A chart can't hold it: Helm builds all objects before the definition of the first is there, and a
hook would be created anew by each upgrade, or by each synchronisation of Argo CD.
"""

import asyncio
import logging
from typing import Final

from slimgate.cluster.api import ClusterApi
from slimgate.cluster.errors import ApiError, ExistsError
from slimgate.cluster.resources import SLIM_POLICIES
from slimgate.core.json_object import JsonObject, mapping_at, text_at
from slimgate.core.text import printable
from slimgate.core.workloads.kinds import Kind

_LOG: Final = logging.getLogger(__name__)
_RETRY: Final = 5.0


class FirstPolicy:
    """Creates a policy, once, where the cluster has none of any name."""

    def __init__(
        self, api: ClusterApi, policy: JsonObject, *, resource: Kind = SLIM_POLICIES
    ) -> None:
        self._api = api
        self._policy = policy
        self._resource = resource

    async def run(self) -> None:
        """Try until there is an answer; a policy that is refused is only worth a warning."""
        while True:
            try:
                await self.create()
            except ApiError as error:
                _LOG.warning("the first SlimPolicy could not be created: %s", error)
                if error.temporary:
                    await asyncio.sleep(_RETRY)
                    continue
            return

    async def create(self) -> bool:
        """Create it and tell whether that was so; ApiError if it could not be."""
        async for page in self._api.pages(self._resource.all(), page_size=1):
            if page.items:
                return False
        try:
            await self._api.create(self._resource.all(), self._policy)
        except ExistsError:
            return False
        name = printable(text_at(mapping_at(self._policy, "metadata"), "name"), 253)
        _LOG.info("created the SlimPolicy %s, since there was none", name)
        return True
