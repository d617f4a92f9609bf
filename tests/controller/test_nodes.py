"""The survey of nodes: when it last succeeded."""

from collections.abc import AsyncIterator

import pytest

from slimgate.controller.nodes import NodeSurvey
from slimgate.core.errors import ClusterError
from slimgate.core.json_object import JsonObject
from slimgate.core.nodes.node import ImageFs, Node
from tests.engine.cluster import Keys
from tests.engine.shelf import Shelf, inspector
from tests.support.clock import Clock


class Cluster:
    """A cluster without nodes, which may be away."""

    away = False

    async def nodes(self) -> AsyncIterator[JsonObject]:
        """Yield none."""
        if self.away:
            raise ClusterError("away")
        nothing: tuple[JsonObject, ...] = ()
        for node in nothing:
            yield node

    pods = nodes

    async def image_fs(self, node: Node) -> ImageFs:
        """Be asked by nobody."""
        raise AssertionError(node)


async def test_last_success() -> None:
    """It is the time of the last look that saw all nodes."""
    clock, cluster = Clock(), Cluster()
    survey = NodeSurvey(
        lister=cluster,
        gauge=cluster,
        inspector=inspector(Shelf(), clock),
        keyring=Keys(),
        seconds=60,
        now=clock,
    )
    seen = [survey.last_success]
    await survey.look()
    seen.append(survey.last_success)

    clock.now, cluster.away = 2000, True
    with pytest.raises(ClusterError):
        await survey.look()

    assert [*seen, survey.last_success] == [None, 1000, 1000]
