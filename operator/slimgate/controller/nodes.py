"""Looks at every node's images now and then, and adds up what they cost the disks.

One node after the other, so that neither all pods nor all models are ever there at once, and so
that nobody else waits: thousands of nodes take tens of seconds of CPU time.
"""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Final, Protocol

from slimgate.controller.node_images import NodeImages
from slimgate.core.errors import ClusterError, KubeletError
from slimgate.core.images.facts import Digest
from slimgate.core.json_object import JsonObject
from slimgate.core.nodes.disk import NodeDisk
from slimgate.core.nodes.held import MAX_IMAGES, PodUses, Sharing, wanted_facts
from slimgate.core.nodes.look import Look, LookSum
from slimgate.core.nodes.model import model
from slimgate.core.nodes.node import Node, NodeImage, NodePod, names_on, pod_of
from slimgate.core.nodes.over_limits import Limits, Use
from slimgate.core.nodes.summary import ImageFs
from slimgate.core.nodes.uses import UniqueSum
from slimgate.core.policies.budget import NO_BUDGETS, OverBudgets
from slimgate.core.text import printable
from slimgate.core.workloads.workload import Workload, workload_of
from slimgate.engine.inspector import Inspector
from slimgate.engine.ports import Keyring

_LOG: Final = logging.getLogger(__name__)
_AT_ONCE: Final = 32
"""Nodes that are asked side by side, where kubelets or the API server take their time."""
_ASKING: Final = 0.75
"""The part of its time that a look asks nodes in; in the rest it adds up."""
_UNHURRIED: Final = 5
"""So many times its usual time is what each of very many nodes takes at most."""
_PODS: Final = "pods"
"""Why a node is left out whose pods can't be listed: all that they run would seem unused."""
_UNREACHABLE: Final = "unreachable"
_NO_STATS: Final = "no_stats"


class PodLister(Protocol):
    """Lists pods; ClusterError if it can't."""

    def pods_on(self, node: str) -> AsyncIterator[JsonObject]:
        """Yield those of a node."""


class Gauge(Protocol):
    """Asks a node's kubelet what it measured."""

    async def image_fs(self, node: Node) -> ImageFs:
        """Get it; ClusterError says why it can't be had, and KubeletError its kind."""


LimitsOf = Callable[[Iterable[Use]], Limits]
"""Tells which limits apply to uses of images; in any thread."""
BudgetsOf = Callable[[Callable[[], Mapping[str, int]]], OverBudgets]
"""Tells who is over budgets, by what namespaces' images unpack to; in any thread."""


@dataclass(slots=True)
class _Asked:
    """What nodes were asked for; `unread` says of which something is not known, and why."""

    sharing: Sharing = field(default_factory=Sharing)
    uses: dict[str, PodUses] = field(default_factory=dict)
    measured: dict[str, ImageFs] = field(default_factory=dict)
    users: dict[Digest, Workload] = field(default_factory=dict)
    unread: dict[str, str] = field(default_factory=dict)
    error: ClusterError | None = None


class NodeSurvey:
    """Keeps what the last look found.

    `pace` are the seconds that each node takes at least. A look at very many takes longer than the
    time between two looks is to be, and is then in no hurry: what they all report takes its time,
    too. `each` is shown every node's model, which is not kept. Where it
    is `strict`, no node may be left out.
    """

    def __init__(
        self,
        *,
        nodes: Callable[[], Sequence[Node]],
        lister: PodLister,
        gauge: Gauge,
        inspector: Inspector,
        keyring: Keyring,
        seconds: float = 0.0,
        pace: float = 0.0,
        now: Callable[[], float] = time.time,
        strict: bool = False,
        limits: LimitsOf | None = None,
        budgets: BudgetsOf = lambda _: NO_BUDGETS,
        looked: Callable[[], None] = lambda: None,
        each: Callable[[NodeDisk], None] = lambda _: None,
    ) -> None:
        self._nodes = nodes
        self._strict = strict
        self._limits = limits
        self._budgets = budgets
        self._looked = looked
        self._each = each
        self._lister = lister
        self._gauge = gauge
        self._images = NodeImages(inspector, keyring)
        self._seconds = seconds
        self._pace = pace
        self._now = now
        self.last = Look()
        self._over_budget = NO_BUDGETS
        self.last_success: float | None = None
        """When all nodes were last looked at, in Unix time."""
        self._names: Mapping[Digest, Sequence[str]] = {}

    def over_budget(self) -> OverBudgets:
        """Tell which namespaces are over budgets, by those that there were at the last look."""
        return self._over_budget

    def names(self) -> Mapping[Digest, Sequence[str]]:
        """List the manifests of images on nodes, and the references that they lie there by."""
        return self._names

    async def run(self) -> None:
        """Look, and look again, until cancelled."""
        while True:
            started = time.monotonic()
            try:
                await self.look()
            except ClusterError as error:
                _LOG.warning("the nodes' images could not be looked at: %s", error)
            await asyncio.sleep(max(self._seconds - (time.monotonic() - started), self._pace))

    def pace_of(self, nodes: int) -> float:
        """Tell the seconds for each of so many nodes."""
        late = nodes * self._pace / self._seconds if self._seconds else 1.0
        return self._pace * min(max(late, 1.0), _UNHURRIED)

    async def look(self) -> None:
        """Look at all nodes once; ClusterError if none can be, or one that must not be missed."""
        nodes = self._nodes()
        pace = self.pace_of(len(nodes))
        asked = await self._ask_all(nodes, pace * _ASKING)
        nodes = [node for node in nodes if node.name in asked.uses]
        if asked.error is not None and (self._strict or not nodes):
            raise asked.error
        images, wanted = await asyncio.to_thread(_wanted, nodes, asked)
        # Other platforms of an index are on no disk, and asking for them would cost pulls.
        platforms = tuple(sorted({node.platform for node in nodes}, key=str))
        facts = await self._images.look_up(wanted, asked.users, platforms)
        together = LookSum(await self._limits_of(asked.sharing), asked.unread)
        unique = UniqueSum()
        for node in nodes:
            await asyncio.to_thread(self._add, node, asked, together, unique)
            await asyncio.sleep(pace * (1 - _ASKING))
        self.last = await asyncio.to_thread(together.look)
        sizes = partial(unique.sizes, self._images.layout.unpacked)
        self._over_budget = await asyncio.to_thread(self._budgets, sizes)
        self._names = await asyncio.to_thread(names_on, images, wanted, facts)
        self.last_success = self._now()
        await asyncio.to_thread(self._looked)

    async def _limits_of(self, sharing: Sharing) -> Limits | None:
        if self._limits is None:
            return None
        uses = ((workload, image.reference) for workload, image in sharing)
        return await asyncio.to_thread(self._limits, uses)

    def _add(self, node: Node, asked: _Asked, together: LookSum, unique: UniqueSum) -> None:
        uses, measured = asked.uses.pop(node.name), asked.measured.get(node.name)
        disk = model(node, uses, self._images.layout, image_fs=measured)
        self._each(disk)
        together.add(disk)
        unique.add(disk)

    async def _ask_all(self, nodes: Iterable[Node], pace: float) -> _Asked:
        asked, room = _Asked(), asyncio.Semaphore(_AT_ONCE)
        async with asyncio.TaskGroup() as tasks:
            for node in nodes:
                await room.acquire()
                tasks.create_task(self._ask(node, asked)).add_done_callback(
                    lambda _: room.release()
                )
                await asyncio.sleep(pace)
        return asked

    async def _ask(self, node: Node, asked: _Asked) -> None:
        """Ask for a node's pods, and its kubelet for what it measured."""
        try:
            asked.uses[node.name] = asked.sharing.of(await self._pods(node, asked.users))
        except ClusterError as error:
            asked.error = error.bare()
            self._miss(node, _PODS, error, asked)
            return
        try:
            found = asked.measured[node.name] = await self._gauge.image_fs(node)
            if found.used is None and node.runtime.keeps_blobs:
                text = f"the kubelet of node {printable(node.name)} does not say what images take"
                raise KubeletError(text, reason=_NO_STATS)
        except ClusterError as error:
            reason = error.reason if isinstance(error, KubeletError) else _UNREACHABLE
            self._miss(node, reason, error, asked)

    def _miss(self, node: Node, reason: str, error: ClusterError, asked: _Asked) -> None:
        asked.unread[node.name] = reason
        if self.last.unread.get(node.name) != reason:
            _LOG.info("%s", error)

    async def _pods(self, node: Node, users: dict[Digest, Workload]) -> Sequence[NodePod]:
        found: list[NodePod] = []
        async for manifest in self._lister.pods_on(node.name):
            pod = pod_of(manifest)
            if pod is not None and pod.node == node.name:
                found.append(pod)
                self._take_user(manifest, pod, users)
        return found

    def _take_user(self, manifest: JsonObject, pod: NodePod, users: dict[Digest, Workload]) -> None:
        new = {
            i.digest for i in pod.images if i.digest and i.digest not in self._images
        } - users.keys()
        if new and (workload := workload_of({**manifest, "kind": "Pod"})) is not None:
            # Only what tells its credentials is needed.
            users.update(dict.fromkeys(new, replace(workload, labels={}, images=())))


def _wanted(
    nodes: Sequence[Node], asked: _Asked
) -> tuple[Sequence[NodeImage], Mapping[Digest, str]]:
    """List the images that any node lists, each once, and what to look up besides for pods."""
    images = {id(image): image for node in nodes for image in node.images[:MAX_IMAGES]}
    listed = [*images.values()]
    return listed, wanted_facts(listed, asked.sharing)
