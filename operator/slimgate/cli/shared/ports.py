"""What the commands ask of the composition root, as Protocols.

    slimgate.settings.sources.read_settings(config)      ->  Settings
    slimgate.app.images.cli_inspector(settings, exact=, locate_base=)
                                                          ->  async context manager of an Inspector
    slimgate.app.view.cluster_view(settings, kubeconfig=, context=)
                                                          ->  async context manager of a ClusterView

What a user can put right is raised as SlimgateError, everywhere.
"""

from collections.abc import Mapping, Sequence
from typing import Protocol

from slimgate.core.images.facts import Inspection, Platform, Wants
from slimgate.core.images.source import SourcedReference
from slimgate.core.json_object import JsonObject
from slimgate.core.matching.selector import Selector
from slimgate.core.nodes.disk import NodeDisk
from slimgate.core.nodes.pulls import PullTable
from slimgate.core.policies.verdict import Verdict
from slimgate.core.workloads.workload import Workload
from slimgate.engine.bases import Bases
from slimgate.engine.catalog import Catalog, NodePlatforms
from slimgate.sources.stream import Progress


class Inspector(Protocol):
    """Facts about any sourced reference, with the user's own credentials."""

    async def inspect(
        self,
        sourced: SourcedReference,
        *,
        platforms: tuple[Platform, ...],
        want: Wants,
        progress: Progress | None,
    ) -> Inspection:
        """Look a reference up, for these platforms; the empty tuple means all of them."""


class ComparingInspector(Inspector, Protocol):
    """One that also knows BaseImages, once it has been told of them."""

    @property
    def bases(self) -> Bases:
        """What images are compared with."""


class WorkloadJudge(Protocol):
    """Judges workloads of a cluster; engine.judge.Judge is one."""

    async def judge(self, workload: Workload, *, seconds: float) -> Verdict:
        """Reach a verdict in so many seconds, with the credentials that its pods pull with."""


class ClusterView(Protocol):
    """What the cluster holds now; every method but `former` reads it again."""

    @property
    def namespace(self) -> str:
        """The namespace of the kubeconfig's context."""

    @property
    def notes(self) -> Sequence[str]:
        """What could not be read, and what was assumed instead."""

    async def policies(self) -> Sequence[JsonObject]:
        """List the SlimPolicy objects, as the API server sends them."""

    async def exceptions(self) -> Sequence[JsonObject]:
        """List the SlimException objects of all namespaces."""

    async def base_images(self) -> Sequence[JsonObject]:
        """List the BaseImage objects."""

    async def namespaces(self) -> Mapping[str, Mapping[str, str]]:
        """List the labels of every namespace, by its name."""

    async def platforms(self) -> NodePlatforms:
        """List the platforms of the nodes, each once."""

    async def workloads(self, namespace: str | None = None) -> Sequence[Workload]:
        """List the workloads of every kind that has a pod template, owned ones too."""

    async def current(self, workload: Workload) -> Workload | None:
        """Read a workload as it is in the cluster; None if it is not there, or may not be read."""

    async def former(self, workload: Workload) -> Sequence[Workload]:
        """List what a workload that `current` has found ran before; nothing if it can't be read."""

    async def inspect(self, workload: Workload, reference: str) -> Inspection:
        """Look an image up for the nodes' platforms, with the workload's own credentials."""

    async def disks(self, selector: Selector) -> Sequence[NodeDisk]:
        """Model what images cost the nodes of those labels, and what their kubelets measured."""

    @property
    def unread(self) -> Mapping[str, str]:
        """Nodes of the last disks of which nothing was measured, or is believed, and why."""

    async def pulls(self, namespace: str | None, nodes: frozenset[str]) -> PullTable:
        """Add up what events tell that these nodes pulled, for all or for one namespace."""

    def judge_by(self, catalog: Catalog) -> WorkloadJudge:
        """Make a judge by a catalog, with the credentials of the cluster's workloads."""
