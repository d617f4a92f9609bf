"""One run of `slimgate check`: read, look up, judge, sum up."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from slimgate.cli.check.flags import FLAGS
from slimgate.cli.check.judge import Case, judge
from slimgate.cli.check.known import KnownObjects, broken, from_cluster, from_files, running
from slimgate.cli.check.lookup import Lookup
from slimgate.cli.check.notes import Circumstances, notes
from slimgate.cli.check.reports.report import Report
from slimgate.cli.check.request import CheckRequest
from slimgate.cli.check.sources import Sources
from slimgate.cli.check.targets import placed_image, sort_targets
from slimgate.cli.manifests.files import Inputs, read_inputs
from slimgate.cli.manifests.sort import Sorted, sort
from slimgate.cli.shared.outside import Outside
from slimgate.cli.shared.platforms import platforms_of
from slimgate.cli.shared.ports import ClusterView
from slimgate.cli.shared.progress import board
from slimgate.core.errors import SettingsError
from slimgate.core.json_object import mapping_at, text_at
from slimgate.core.workloads.workload import Workload, WorkloadKey
from slimgate.engine.catalog import Catalog

_NAMESPACE = "default"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Read:
    """What is to be judged and by what, from files and, if wanted, from a cluster."""

    inputs: Inputs
    found: Sorted
    known: KnownObjects
    catalog: Catalog
    namespace: str
    """Of objects that name none."""
    running: Mapping[WorkloadKey, Workload] = field(default_factory=dict)


async def run(request: CheckRequest, outside: Outside) -> Report:
    """Check what a request that contradicts nothing asks for.

    SlimgateError says what is wrong with the arguments, the files or the cluster.
    """
    targets = sort_targets(request.targets, by_flags_alone=request.by_flags_alone)
    sources = Sources(request.maps, request.origin)
    inputs = read_inputs(
        [*targets.manifests, *request.files],
        stdin_name=request.stdin_name,
        exclude=request.exclude,
    )
    given = _Given(inputs, targets.images, request, outside)
    if not request.cluster:
        return await _report(given.by_files(), sources, request, outside)
    async with outside.cluster() as view:
        return await _report(await given.by_cluster(view), sources, request, outside, view)


class _Given:
    """What is to be judged, and by what; the cluster may say which namespace is meant."""

    def __init__(
        self,
        inputs: Inputs,
        images: Sequence[str],
        request: CheckRequest,
        outside: Outside,
    ) -> None:
        self._inputs = inputs
        self._images = images
        self._request = request
        self._outside = outside

    def by_files(self) -> _Read:
        namespace = self._request.namespace or _NAMESPACE
        found, known = self._sorted(namespace), self._known(namespace)
        known = replace(known, labels={**known.labels, **found.labels})
        catalog = self._catalog(known)
        return _Read(
            inputs=self._inputs, found=found, known=known, catalog=catalog, namespace=namespace
        )

    async def by_cluster(self, view: ClusterView) -> _Read:
        request, settings = self._request, self._outside.settings
        namespace = request.namespace or view.namespace
        found, own = self._sorted(namespace), self._known(namespace)
        tiers = request.flags.tier is not None
        there = await from_cluster(view, settings, platforms=not request.platforms, tiers=tiers)
        known = replace(
            there,
            exceptions=(*there.exceptions, *own.exceptions),
            # What is applied adds to the labels that a namespace has, or changes them.
            labels={
                **there.labels,
                **{
                    name: {**there.labels.get(name, {}), **labels}
                    for name, labels in found.labels.items()
                },
            },
            files=own.files,
            unplaced=own.unplaced,
        )
        catalog = self._catalog(known)
        workloads = [one.workload for one in found.workloads if not one.is_image]
        now = await running(view, workloads, catalog)
        return _Read(
            inputs=self._inputs,
            found=found,
            known=known,
            catalog=catalog,
            namespace=namespace,
            running=now,
        )

    def _known(self, namespace: str) -> KnownObjects:
        return from_files(self._request.policies, self._request.exceptions, namespace=namespace)

    def _catalog(self, known: KnownObjects) -> Catalog:
        request = self._request
        if request.flags:
            if any(_name(policy) == FLAGS for policy in known.policies):
                raise SettingsError(
                    f"a SlimPolicy is called {FLAGS}, as the limits of the command line are: "
                    "rename it"
                )
            known = replace(known, policies=[*known.policies, request.flags.resource()])
        platforms = platforms_of(request.platforms)
        return known.catalog(self._outside.settings, platforms, strict=request.strict)

    def _sorted(self, namespace: str) -> Sorted:
        paths = self._outside.settings.template_paths
        found = sort(self._inputs.documents, namespace=namespace, template_paths=paths)
        found.workloads += [placed_image(text, namespace) for text in self._images]
        return found


def _name(policy: Mapping[str, object]) -> str:
    return text_at(mapping_at(policy, "metadata"), "name")


async def _report(
    read: _Read,
    sources: Sources,
    request: CheckRequest,
    outside: Outside,
    view: ClusterView | None = None,
) -> Report:
    case = Case(
        workloads=read.found.workloads,
        catalog=read.catalog,
        sources=sources,
        now=datetime.now(UTC),
        running=read.running,
        former=None if view is None else view.former,
        docs=outside.settings.docs_url,
    )
    async with outside.inspector(sources.locate_base) as inspector:
        with board() as shown:
            lookup = Lookup(inspector, seconds=request.seconds, shown=shown)
            judged, missing = await judge(case, lookup)
    around = Circumstances(
        inputs=read.inputs,
        found=read.found,
        with_cluster=request.cluster,
        read=read.known.files,
        unplaced=read.known.unplaced,
        namespace=read.namespace,
        labelled=read.known.labels.keys(),
        broken=() if view is None else (*broken(read.catalog), *view.notes),
        missing=missing,
    )
    return Report(
        judged=judged,
        policies=[policy for _, policy in sorted(case.catalog.policies.items())],
        notes=notes(case, judged, around),
        others=read.found.others,
        strict=request.strict,
        fail_on=request.fail_on,
        require_all=request.require_all,
        docs=outside.settings.docs_url,
    )
