"""Looks at every node's images now and then, and models what they cost its disk."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from typing import Final, Protocol

from slimgate.core.credentials.identity import ANONYMOUS, Identity
from slimgate.core.errors import ClusterError, ImageError
from slimgate.core.images.facts import Digest, ImageFacts, Platform, Wants
from slimgate.core.images.reference import Reference
from slimgate.core.json_object import JsonObject
from slimgate.core.nodes.disk import NodeDisk
from slimgate.core.nodes.fleet import Fleet, fleet_of
from slimgate.core.nodes.held import wanted_facts
from slimgate.core.nodes.model import NodeModels
from slimgate.core.nodes.node import Node, NodePod, digest_in, names_on, node_of, pod_of
from slimgate.core.nodes.over_limits import FleetOver, Limits, NodesOverLimits, Use
from slimgate.core.nodes.summary import ImageFs
from slimgate.core.workloads.workload import Workload, workload_of
from slimgate.engine.inspector import Inspector, Question
from slimgate.engine.ports import Keyring

_LOG: Final = logging.getLogger(__name__)
_EVERYTHING: Final = Wants(config=True, layers=True)
_AT_ONCE: Final = 4
"""Look-ups under way: nobody waits for them, so they stand back behind admissions."""


class Lister(Protocol):
    """Lists the cluster's nodes and pods; ClusterError if it can't."""

    def nodes(self) -> AsyncIterator[JsonObject]:
        """Yield all nodes."""

    def pods(self) -> AsyncIterator[JsonObject]:
        """Yield all pods."""


class Gauge(Protocol):
    """Asks a node's kubelet what it measured."""

    async def image_fs(self, node: Node) -> ImageFs:
        """Get it; ClusterError says why it can't be had."""


LimitsOf = Callable[[Iterable[Use]], Limits]
"""Tells which limits apply to uses of images; in any thread."""


class NodeSurvey:
    """Keeps the last disk model of each node."""

    def __init__(
        self,
        *,
        lister: Lister,
        gauge: Gauge,
        inspector: Inspector,
        keyring: Keyring,
        seconds: float,
        now: Callable[[], float] = time.time,
        limits: LimitsOf | None = None,
        looked: Callable[[], None] = lambda: None,
    ) -> None:
        self._limits = limits
        self._looked = looked
        self._lister = lister
        self._gauge = gauge
        self._inspector = inspector
        self._keyring = keyring
        self._seconds = seconds
        self._now = now
        self.last_success: float | None = None
        """When all nodes were last looked at, in Unix time."""
        self._models = NodeModels()
        self._disks: tuple[NodeDisk, ...] = ()
        self._fleet = fleet_of(())
        self._over_nodes = NodesOverLimits()
        self._over: FleetOver | None = None
        self._names: Mapping[Digest, set[str]] = {}
        self._room = asyncio.Semaphore(_AT_ONCE)

    def disks(self) -> Iterable[NodeDisk]:
        """Yield all models."""
        return self._disks

    def fleet(self) -> Fleet:
        """Tell who fills all disks together, as of the last look."""
        return self._fleet

    def over(self) -> FleetOver | None:
        """Tell what would be won if every image were at its limit, None where that is not known."""
        return self._over

    def names(self) -> Mapping[Digest, set[str]]:
        """List the manifests of images on nodes, and the references that they lie there by."""
        return self._names

    async def run(self) -> None:
        """Look, and look again, until cancelled."""
        while True:
            try:
                await self.look()
            except ClusterError as error:
                _LOG.warning("the nodes' images could not be looked at: %s", error)
            await asyncio.sleep(self._seconds)

    async def look(self) -> None:
        """Look at all nodes once."""
        nodes = [node_of(manifest) async for manifest in self._lister.nodes()]
        pods: dict[str, list[NodePod]] = {}
        users: dict[Digest, Workload] = {}
        async for manifest in self._lister.pods():
            self._take(manifest, pods, users)
        wanted: dict[Digest, str] = {}
        for node in nodes:
            wanted.update(wanted_facts(node, pods.get(node.name, [])))
        # Other platforms of an index are on no disk, and asking for them would cost pulls.
        platforms = tuple(sorted({node.platform for node in nodes}, key=str))
        facts = await self._facts(wanted, users, platforms)
        # In threads, since thousands of nodes take seconds, in which nothing else would be done.
        await asyncio.to_thread(self._models.learn, facts)
        self._models.keep({node.name for node in nodes})
        self._disks = tuple(
            await asyncio.gather(*(self._disk(n, pods.get(n.name, [])) for n in nodes))
        )
        self._fleet = await asyncio.to_thread(fleet_of, self._disks)
        if self._limits is not None:
            self._over = await asyncio.to_thread(self._won, self._limits)
        self._names = names_on(nodes, wanted, facts)
        self.last_success = self._now()
        await asyncio.to_thread(self._looked)

    def _won(self, limits: LimitsOf) -> FleetOver:
        uses = {use for disk in self._disks for image in disk.images for use in image.uses}
        return self._over_nodes.together(self._disks, self._fleet, limits(uses))

    def _take(
        self,
        manifest: JsonObject,
        pods: dict[str, list[NodePod]],
        users: dict[Digest, Workload],
    ) -> None:
        pod = pod_of(manifest)
        workload = workload_of({**manifest, "kind": "Pod"})
        if pod is None or workload is None:
            return
        pods.setdefault(pod.node, []).append(pod)
        for image in pod.images:
            if (digest := digest_in(image.image_id)) is not None:
                users.setdefault(digest, workload)

    async def _disk(self, node: Node, pods: Sequence[NodePod]) -> NodeDisk:
        measured: ImageFs | None = None
        try:
            measured = await self._gauge.image_fs(node)
        except ClusterError as error:
            _LOG.info("%s", error)
        return self._models.disk(node, pods, image_fs=measured)

    async def _facts(
        self,
        wanted: Mapping[Digest, str],
        users: Mapping[Digest, Workload],
        platforms: tuple[Platform, ...],
    ) -> Mapping[Digest, Sequence[ImageFacts]]:
        found = await asyncio.gather(
            *(self._look_up(name, users.get(digest), platforms) for digest, name in wanted.items())
        )
        return {digest: images for digest, images in zip(wanted, found, strict=True) if images}

    async def _look_up(
        self, name: str, user: Workload | None, platforms: tuple[Platform, ...]
    ) -> Sequence[ImageFacts]:
        # Credentials are looked up in here, too: of thousands at once the oldest are dropped.
        async with self._room:
            try:
                identity = await self._identity(user)
                question = Question(Reference.parse(name), identity, platforms, _EVERYTHING, name)
                return (await self._inspector.inspect(question)).images
            except (ImageError, ClusterError) as error:
                _LOG.debug("%s: %s", name, error)
                return ()

    async def _identity(self, user: Workload | None) -> Identity:
        return ANONYMOUS if user is None else await self._keyring.identity(user)
