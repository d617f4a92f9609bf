"""A cluster that is a few lists, at the Protocol seam."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from slimgate.cli.shared.ports import WorkloadJudge
from slimgate.core.errors import ClusterError, ImageError, NotFoundError, UnauthorizedError
from slimgate.core.images.facts import Inspection, Platform
from slimgate.core.json_object import JsonObject
from slimgate.core.matching.selector import Selector
from slimgate.core.nodes.disk import NodeDisk
from slimgate.core.nodes.pulls import Pull, PullTable
from slimgate.core.policies.finding import Subject
from slimgate.core.policies.verdict import Verdict, evaluate
from slimgate.core.workloads.workload import Workload
from slimgate.engine.catalog import Catalog, NodePlatforms


@dataclass
class Cluster:
    """A ClusterView; `seen` is what its judge finds by reference."""

    policy_objects: Sequence[JsonObject] = ()
    exception_objects: Sequence[JsonObject] = ()
    base_image_objects: Sequence[JsonObject] = ()
    labels: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    node_platforms: tuple[Platform, ...] = ()
    running: Sequence[Workload] = ()
    ran: Sequence[Workload] = ()
    seen: Mapping[str, Inspection] = field(default_factory=dict)
    listed: list[str] = field(default_factory=list)
    asked: list[tuple[str, str]] = field(default_factory=list)
    without_rights: frozenset[str] = frozenset()
    node_disks: Sequence[NodeDisk] = ()
    pulled: Sequence[Pull] | None = ()
    unread: Mapping[str, str] = field(default_factory=dict)
    namespace: str = "shop"
    notes: Sequence[str] = ()
    slow: bool = False

    async def policies(self) -> Sequence[JsonObject]:
        """List policies."""
        self.listed.append("policies")
        return self.policy_objects

    async def exceptions(self) -> Sequence[JsonObject]:
        """List exceptions."""
        self.listed.append("exceptions")
        return self.exception_objects

    async def base_images(self) -> Sequence[JsonObject]:
        """List BaseImages."""
        self.listed.append("baseimages")
        return self.base_image_objects

    async def namespaces(self) -> Mapping[str, Mapping[str, str]]:
        """List labels."""
        self.listed.append("namespaces")
        return self.labels

    async def platforms(self) -> NodePlatforms:
        """List platforms."""
        self.listed.append("platforms")
        return NodePlatforms(self.node_platforms)

    async def workloads(self, namespace: str | None = None) -> Sequence[Workload]:
        """List workloads."""
        self.listed.append(f"workloads of {namespace or 'all'}")
        return [one for one in self.running if namespace in {None, one.namespace}]

    async def current(self, workload: Workload) -> Workload | None:
        """Find a workload by its kind and name."""
        self.listed.append(str(workload))
        there = (one for one in self.running if one.key == workload.key)
        return next(there, None)

    async def former(self, workload: Workload) -> Sequence[Workload]:
        """Find what it ran before."""
        self.listed.append(f"revisions of {workload}")
        return self.ran

    async def inspect(self, workload: Workload, reference: str) -> Inspection:
        """Look up what the workload's namespace may see."""
        self.asked.append((workload.namespace, reference))
        if self.slow:
            await asyncio.sleep(60)
        if reference not in self.seen:
            raise NotFoundError("there is no such image")
        if workload.namespace in self.without_rights:
            raise UnauthorizedError("the registry wants a login")
        return self.seen[reference]

    async def disks(self, selector: Selector) -> Sequence[NodeDisk]:
        """Give the models, whose nodes have no labels."""
        assert not selector.requirements
        return self.node_disks

    async def pulls(self, namespace: str | None, nodes: frozenset[str]) -> PullTable:
        """Give what these nodes pulled; ClusterError where nobody may know."""
        if self.pulled is None:
            raise ClusterError("you may not list events")
        table = PullTable()
        for pull in self.pulled:
            if namespace in {None, pull.namespace} and pull.node in nodes:
                table.add(pull)
        return table

    def judge_by(self, catalog: Catalog) -> WorkloadJudge:
        """Make a judge."""
        self.listed += [f"judge by {image.name}" for image in catalog.base_images]
        return _Judge(self, catalog)


@dataclass
class _Judge:
    cluster: Cluster
    catalog: Catalog

    async def judge(self, workload: Workload, *, seconds: float) -> Verdict:
        """Judge with the core alone."""
        self.cluster.listed.append(f"judged within {seconds:g} s")
        matching = self.catalog.matching(workload)
        missing: ImageError = NotFoundError("there is no such image")
        images = {
            use: self.cluster.seen.get(use.reference, missing)
            for use in workload.images
            if any(policy.match.image(use.reference) for policy in matching)
        }
        exceptions = self.catalog.exceptions_for(workload)
        subject = Subject(workload=workload, images=images)
        return evaluate(subject, matching, exceptions, datetime.now(UTC))
