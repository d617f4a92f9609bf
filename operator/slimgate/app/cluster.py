"""What both roles in a cluster need: the API, a catalog that follows it, an inspector, a judge."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from itertools import count
from typing import Final

from slimgate.app.parts import inspector_settings, now, own_identity, providers, registry_settings
from slimgate.cluster.addresses import server_addresses
from slimgate.cluster.api import ClusterApi
from slimgate.cluster.backoff import Pace
from slimgate.cluster.errors import UnreachableError
from slimgate.cluster.fence import Fence
from slimgate.cluster.mirror import Mirror, Scope, Sink
from slimgate.cluster.namespaces import Namespaces
from slimgate.cluster.pull_secrets import PullSecretObserver, PullSecrets
from slimgate.cluster.resources import (
    BASE_IMAGES,
    NAMESPACES,
    NODES,
    SLIM_EXCEPTIONS,
    SLIM_POLICIES,
)
from slimgate.cluster.wire import ApiObserver
from slimgate.core.json_object import JsonObject
from slimgate.engine.base_keeper import BaseKeeper
from slimgate.engine.catalog import Catalog
from slimgate.engine.inspector import Inspector
from slimgate.engine.judge import Judge
from slimgate.engine.ports import InspectionObserver, Keyring
from slimgate.engine.ration import ReviewLimits
from slimgate.metrics import Metrics
from slimgate.process.stopping import PartGroup
from slimgate.registry.client import RegistryClient
from slimgate.registry.settings import RegistryObserver
from slimgate.settings import Settings

_LOG: Final = logging.getLogger(__name__)
_AWAY: Final = Pace(first=0.5, cap=5.0)
_NICENESS: Final = 10
"""A tenth of the weight that what answers has."""
_MAX_WINDOW: Final = 64 * 2**20
"""Twice what builders ask for at most; `zstd --ultra -22` asks for 128 MiB a layer."""
_SHORTEST: Final = 1.0
"""Seconds between two looks for bases, whatever is set."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Observers:
    """Who hears of requests and look-ups."""

    registry: RegistryObserver
    inspection: InspectionObserver
    pull_secrets: PullSecretObserver
    api: ApiObserver

    @classmethod
    def of(cls, metrics: Metrics) -> "Observers":
        """Let metrics hear of everything."""
        return cls(registry=metrics, inspection=metrics, pull_secrets=metrics, api=metrics)


@dataclass(frozen=True, slots=True)
class Follow:
    """A sink made of two functions."""

    put: Callable[[JsonObject], None]
    drop: Callable[[str, str], None]


class Core:
    """The parts that both roles share; `mirrors` and `run` keep the catalog true."""

    def __init__(
        self,
        *,
        api: ClusterApi,
        catalog: Catalog,
        inspector: Inspector,
        judge: Judge,
        keyring: Keyring,
        settings: Settings,
    ) -> None:
        self.api = api
        self.catalog = catalog
        self.inspector = inspector
        self.judge = judge
        self.keyring = keyring
        self.settings = settings
        self.mirrors: dict[str, Mirror] = {}
        self.behind: list[Callable[[], Coroutine[None, None, None]]] = []
        """What goes on beside that until the end."""
        self.bases = BaseKeeper(
            inspector.bases,
            catalog,
            tag_seconds=max(_SHORTEST, settings.tag_seconds),
            failure_seconds=max(_SHORTEST, settings.failure_seconds),
        )
        self.follow("policies", SLIM_POLICIES.all(), _policies(catalog))
        self.follow("exceptions", SLIM_EXCEPTIONS.all(), _exceptions(catalog))
        self.follow("baseimages", BASE_IMAGES.all(), _base_images(catalog))
        namespaces = Scope(path=NAMESPACES.all(), metadata_only=True)
        self.follow("namespaces", namespaces, _namespaces(catalog))
        self.sinks_of_nodes: list[Sink] = [_nodes(catalog)]
        """Who hears of nodes; more are to be added before `run`."""
        self.follow("nodes", NODES.all(), _all_of(self.sinks_of_nodes))

    def follow(self, name: str, scope: Scope | str, sink: Sink) -> None:
        """Mirror another kind; to be called before `run`."""
        self.mirrors[name] = Mirror(self.api, scope, sink)

    def unready_reason(self) -> str | None:
        """Say what is not loaded yet; None once verdicts can be trusted."""
        for name, mirror in self.mirrors.items():
            if not mirror.synced.is_set():
                return f"{name} are not loaded: {mirror.problem or 'they are being listed'}"
        settled = self.bases.settled.is_set()
        return None if settled else "the bases of BaseImages are being looked up"

    async def ready(self) -> None:
        """Wait until everything is loaded."""
        for mirror in self.mirrors.values():
            await mirror.synced.wait()
        await self.bases.settled.wait()

    async def run(self, on_bases: Callable[[], None] = lambda: None) -> None:
        """Follow the cluster until cancelled; `on_bases` hears when something else is known."""
        async with PartGroup() as tasks:
            for mirror in self.mirrors.values():
                tasks.create_task(mirror.run())
            tasks.create_task(self._keep_bases(on_bases))
            for work in self.behind:
                tasks.create_task(work())

    async def _keep_bases(self, on_bases: Callable[[], None]) -> None:
        for name in ("baseimages", "nodes"):
            await self.mirrors[name].synced.wait()
        await self.bases.run(on_bases)


@asynccontextmanager
async def open_core(
    settings: Settings,
    observers: Observers,
    on_wait: Callable[[str], None],
    limits: ReviewLimits | None = None,
    fence: Fence | None = None,
) -> AsyncIterator[Core]:
    """Connect, and make the shared parts; `on_wait` hears what is waited for.

    `limits` are those of each verdict; nothing is written while the fence is closed.
    """
    async with ClusterApi.connect(observer=observers.api, fence=fence) as api:
        refused = await _addresses_at_last(api, on_wait)
        registry = replace(
            registry_settings(settings, refused=refused),
            niceness=_NICENESS,
            max_window_bytes=_MAX_WINDOW,
        )
        async with RegistryClient(
            registry, observer=observers.registry, providers=providers(settings)
        ) as client:
            own = own_identity(settings)
            inspector = Inspector(
                client,
                inspector_settings(settings),
                identity=own,
                observer=observers.inspection,
            )
            catalog = Catalog(
                excluded=[*settings.excluded_namespaces, settings.namespace],
                platforms=settings.platforms,
                follows=True,
            )
            namespaces = Namespaces(api)
            keyring = PullSecrets(
                api, own, enabled=settings.pull_secrets, observer=observers.pull_secrets
            )
            judge = Judge(
                inspector=inspector,
                catalog=catalog,
                keyring=keyring,
                now=now,
                namespaces=namespaces,
                limits=limits,
            )
            core = Core(
                api=api,
                catalog=catalog,
                inspector=inspector,
                judge=judge,
                keyring=keyring,
                settings=settings,
            )
            core.behind.append(keyring.run)
            try:
                yield core
            finally:
                await judge.close()
                await inspector.close()
                await keyring.aclose()
                await namespaces.aclose()


async def _addresses_at_last(api: ClusterApi, on_wait: Callable[[str], None]) -> frozenset[str]:
    """Wait for an API server that is away: pods may be there before the network is."""
    for failures in count(1):
        try:
            return await server_addresses(api)
        except UnreachableError as error:
            on_wait(str(error))
            _LOG.warning("waiting for the API server: %s", error)
            await asyncio.sleep(_AWAY.delay(failures))
    raise AssertionError


def _policies(catalog: Catalog) -> Follow:
    return Follow(catalog.put_policy, lambda _, name: catalog.drop_policy(name))


def _exceptions(catalog: Catalog) -> Follow:
    return Follow(catalog.put_exception, catalog.drop_exception)


def _base_images(catalog: Catalog) -> Follow:
    return Follow(catalog.put_base_image, lambda _, name: catalog.drop_base_image(name))


def _namespaces(catalog: Catalog) -> Follow:
    return Follow(catalog.put_namespace, lambda _, name: catalog.drop_namespace(name))


def _all_of(sinks: Sequence[Sink]) -> Follow:
    def put(obj: JsonObject) -> None:
        for sink in sinks:
            sink.put(obj)

    def drop(namespace: str, name: str) -> None:
        for sink in sinks:
            sink.drop(namespace, name)

    return Follow(put, drop)


def _nodes(catalog: Catalog) -> Follow:
    return Follow(catalog.put_node, lambda _, name: catalog.drop_node(name))
