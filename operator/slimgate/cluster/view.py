"""The CLI's view of a cluster: what it holds now, read when it is asked for."""

import asyncio
from collections.abc import Mapping, Sequence

from slimgate.cluster.api import ClusterApi
from slimgate.cluster.errors import ForbiddenError
from slimgate.cluster.resources import (
    BASE_IMAGES,
    NAMESPACES,
    NODES,
    SLIM_EXCEPTIONS,
    SLIM_POLICIES,
)
from slimgate.cluster.revisions import revisions
from slimgate.core.errors import ClusterError, MissingError
from slimgate.core.images.facts import Inspection, Platform, Wants
from slimgate.core.images.reference import Reference
from slimgate.core.json_object import JsonObject, labels_of, mapping_at, text_at
from slimgate.core.text import printable
from slimgate.core.workloads.kinds import Kind
from slimgate.core.workloads.workload import Workload, WorkloadKey, workload_of
from slimgate.engine.catalog import Catalog, NodePlatforms
from slimgate.engine.inspector import Inspector, Question
from slimgate.engine.ports import Keyring
from slimgate.settings import Settings


class ApiView:
    """Reads a cluster through its API server, with the user's own rights."""

    def __init__(
        self, api: ClusterApi, settings: Settings, inspector: Inspector, keyring: Keyring
    ) -> None:
        self.api = api
        self._settings = settings
        self.inspector = inspector
        self.keyring = keyring
        self._platforms: tuple[Platform, ...] = ()
        self._once = asyncio.Lock()
        self._notes: list[str] = []
        self._current: dict[WorkloadKey, JsonObject] = {}

    @property
    def namespace(self) -> str:
        """The namespace of the kubeconfig's context."""
        return self.api.namespace

    @property
    def notes(self) -> Sequence[str]:
        """What could not be read, and what was assumed instead."""
        return tuple(self._notes)

    async def policies(self) -> Sequence[JsonObject]:
        """List the SlimPolicy objects, as the API server sends them."""
        try:
            return await self._all(SLIM_POLICIES)
        except MissingError as err:
            raise ClusterError(
                "the cluster has no SlimPolicies: slimgate's CustomResourceDefinitions are not "
                "installed in it, or this is another cluster"
            ) from err

    async def exceptions(self) -> Sequence[JsonObject]:
        """List the SlimException objects of all namespaces."""
        try:
            return await self._all(SLIM_EXCEPTIONS)
        except MissingError:
            return []  # a policy may be tried before slimgate is installed

    async def base_images(self) -> Sequence[JsonObject]:
        """List the BaseImage objects."""
        try:
            return await self._all(BASE_IMAGES)
        except MissingError:
            return []

    async def namespaces(self) -> Mapping[str, Mapping[str, str]]:
        """List the labels of every namespace, by its name."""
        found = [mapping_at(obj, "metadata") for obj in await self._all(NAMESPACES)]
        return {text_at(metadata, "name"): labels_of(metadata) for metadata in found}

    async def platforms(self) -> NodePlatforms:
        """List the platforms of the nodes, each once."""
        catalog = Catalog(platforms=self._settings.platforms)
        for node in await self._all(NODES):
            catalog.put_node(node)
        return NodePlatforms(catalog.platforms, catalog.trusting)

    async def workloads(self, namespace: str | None = None) -> Sequence[Workload]:
        """List the workloads of every kind that has a pod template, owned ones too.

        Those of one namespace take no right to any other.
        """
        paths = self._settings.template_paths
        found = [
            workload_of({**obj, "apiVersion": kind.api_version, "kind": kind.kind}, paths)
            for kind in self._settings.kinds
            for obj in await self._all(kind, namespace)
        ]
        return [workload for workload in found if workload is not None]

    async def current(self, workload: Workload) -> Workload | None:
        """Read a workload as it is in the cluster; None if it is not there, or may not be read."""
        kinds = (one for one in self._settings.kinds if one.group_kind == workload.group_kind)
        kind = next(kinds, None)
        if kind is None:
            return None
        try:
            found = await self.api.get(kind.one(workload.namespace, workload.name))
        except MissingError:
            return None
        except ForbiddenError as err:
            self._notes.append(
                f"{printable(str(workload), 128)} is judged as if it were new: {err}"
            )
            return None
        self._current[workload.key] = found
        return workload_of(found, self._settings.template_paths)

    async def former(self, workload: Workload) -> Sequence[Workload]:
        """List what a workload that `current` has found ran before; nothing if that can't be read.

        As with the webhook, what is denied stays so then.
        """
        found = self._current.get(workload.key)
        try:
            return [] if found is None else await revisions(self.api, found)
        except ClusterError as err:
            note = f"whether {printable(str(workload), 128)} is a rollback is unknown: {err}"
            self._notes.append(note)
            return []

    async def inspect(self, workload: Workload, reference: str) -> Inspection:
        """Look an image up for the nodes' platforms, with the workload's own credentials."""
        async with self._once:
            if not self._platforms:
                self._platforms = await self._readable_platforms()
        identity = await self.keyring.identity(workload)
        wants = Wants(config=True, layers=True)  # without them the base may be another
        parsed = Reference.parse(reference)
        question = Question(parsed, identity, self._platforms, wants, reference)
        return await self.inspector.inspect(question)

    async def _readable_platforms(self) -> tuple[Platform, ...]:
        try:
            return (await self.platforms()).all
        except ForbiddenError:
            assumed = self._settings.platforms
            shown = ", ".join(map(str, assumed))
            self._notes.append(f"you may not list nodes: platform {shown} is assumed")
            return assumed

    async def _all(self, kind: Kind, namespace: str | None = None) -> list[JsonObject]:
        path = kind.all() if namespace is None else kind.within(namespace)
        return [obj async for obj in self.api.list(path)]
