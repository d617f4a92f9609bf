"""One run of `slimgate check`: read, look up, judge, sum up."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

from slimgate.cli.judging.flags import FLAGS
from slimgate.cli.judging.judge import Case, judge
from slimgate.cli.judging.known import Known, from_cluster, from_files
from slimgate.cli.judging.lookup import Lookup
from slimgate.cli.judging.notes import Circumstances, notes
from slimgate.cli.judging.request import CheckRequest
from slimgate.cli.judging.rules import Rules
from slimgate.cli.judging.sources import Sources
from slimgate.cli.judging.targets import placed_image, sort_targets
from slimgate.cli.manifests.files import read_all
from slimgate.cli.manifests.read import FileDocument
from slimgate.cli.manifests.sort import Sorted, sort
from slimgate.cli.outside import Outside
from slimgate.cli.platforms import platforms_of
from slimgate.cli.progress import board
from slimgate.cli.reports.report import Report
from slimgate.core.errors import SettingsError
from slimgate.core.workloads.workload import TEMPLATE_PATHS

_NAMESPACE = "default"


async def run(request: CheckRequest, outside: Outside) -> Report:
    """Check what a request that contradicts nothing asks for.

    SlimgateError says what is wrong with the arguments, the files or the cluster.
    """
    targets = sort_targets(request.targets, by_flags_alone=request.by_flags_alone)
    sources = Sources(request.maps, request.origin)
    documents = read_all([*targets.manifests, *request.files], stdin_name=request.stdin_name)
    given = _Given(documents, targets.images, request, outside)
    found, known = await (given.by_cluster() if request.cluster else given.by_files())
    known = _with_flags(known, request)
    settings = outside.settings
    rules = Rules(
        policies=known.policies,
        exceptions=known.exceptions,
        labels={**known.labels, **found.labels},
        excluded=frozenset({*settings.excluded_namespaces, settings.namespace}),
    )
    case = Case(
        workloads=found.workloads,
        rules=rules.enforced() if request.strict else rules,
        sources=sources,
        now=datetime.now(UTC),
        base_images=known.base_images,
        running=known.running,
    )
    return await _report(case, request, outside, known, found)


class _Given:
    """What is to be judged, and by what; the cluster may say which namespace is meant."""

    def __init__(
        self,
        documents: Sequence[FileDocument],
        images: Sequence[str],
        request: CheckRequest,
        outside: Outside,
    ) -> None:
        self._documents = documents
        self._images = images
        self._request = request
        self._outside = outside

    async def by_files(self) -> tuple[Sorted, Known]:
        namespace = self._request.namespace or _NAMESPACE
        return self._sorted(namespace), self._known(namespace)

    async def by_cluster(self) -> tuple[Sorted, Known]:
        async with self._outside.cluster() as view:
            namespace = self._request.namespace or view.namespace
            found, known = self._sorted(namespace), self._known(namespace)
            there = await from_cluster(
                view,
                found.workloads,
                platforms=not self._request.platforms,
                tiers=self._request.flags.tier is not None,
            )
        exceptions = (*there.exceptions, *known.exceptions)
        return found, replace(there, exceptions=exceptions, files=known.files)

    def _known(self, namespace: str) -> Known:
        return from_files(self._request.policies, self._request.exceptions, namespace=namespace)

    def _sorted(self, namespace: str) -> Sorted:
        extra = self._outside.settings.extra_kinds
        kinds = {(kind.group, kind.kind): kind.template_path for kind in extra}
        found = sort(
            self._documents, namespace=namespace, template_paths={**TEMPLATE_PATHS, **kinds}
        )
        found.workloads += [placed_image(text, namespace) for text in self._images]
        return found


def _with_flags(known: Known, request: CheckRequest) -> Known:
    if not request.flags:
        return known
    if any(policy.name == FLAGS for policy in known.policies):
        raise SettingsError(
            f"a SlimPolicy is called {FLAGS}, as the limits of the command line are: rename it"
        )
    return replace(known, policies=(*known.policies, request.flags.policy()))


async def _report(
    case: Case, request: CheckRequest, outside: Outside, known: Known, found: Sorted
) -> Report:
    async with outside.inspector() as inspector:
        with board() as shown:
            lookup = Lookup(
                inspector,
                platforms=known.platforms or platforms_of(request.platforms),
                seconds=request.seconds,
                shown=shown,
            )
            judged, bases = await judge(case, lookup)
    around = Circumstances(
        found=found,
        with_cluster=request.cluster,
        read=known.files,
        broken=known.broken,
        missing=bases.missing,
    )
    return Report(
        judged=judged,
        policies=known.policies,
        notes=notes(case, judged, around),
        strict=request.strict,
        fail_on=request.fail_on,
    )
