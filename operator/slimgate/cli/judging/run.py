"""One run of `slimgate check`: read, look up, judge, sum up."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from slimgate.cli.judging.judge import Case, judge
from slimgate.cli.judging.known import Known, from_cluster, from_files
from slimgate.cli.judging.lookup import Lookup
from slimgate.cli.judging.notes import Circumstances, notes
from slimgate.cli.judging.rules import Rules
from slimgate.cli.judging.sources import Origin, Sources
from slimgate.cli.manifests.files import STDIN, STDIN_NAME, read_all
from slimgate.cli.manifests.sort import Sorted, sort
from slimgate.cli.outside import Outside
from slimgate.cli.platforms import platforms_of
from slimgate.cli.progress import board
from slimgate.cli.reports.report import Report
from slimgate.core.errors import SettingsError
from slimgate.core.image import Platform
from slimgate.core.workload import TEMPLATE_PATHS


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What the command line says."""

    files: Sequence[str]
    policies: Sequence[str] = ()
    exceptions: Sequence[str] = ()
    cluster: bool = False
    namespace: str = "default"
    platforms: Sequence[str] = ()
    origin: Origin = Origin.REGISTRY
    maps: Sequence[str] = ()
    seconds: float = 300.0
    strict: bool = False
    stdin_name: str = STDIN_NAME


async def run(options: Options, outside: Outside) -> Report:
    """Check; SlimgateError says what is wrong with the options, the files or the cluster."""
    _check(options)
    sources = Sources(options.maps, options.origin)
    settings = outside.settings
    kinds = {(kind.group, kind.kind): kind.template_path for kind in settings.extra_kinds}
    found = sort(
        read_all(options.files, stdin_name=options.stdin_name),
        namespace=options.namespace,
        template_paths={**TEMPLATE_PATHS, **kinds},
    )
    known = await _known(options, outside, found)
    rules = Rules(
        policies=known.policies,
        exceptions=known.exceptions,
        labels={**known.labels, **found.labels},
        excluded=frozenset({*settings.excluded_namespaces, settings.namespace}),
    )
    case = Case(
        workloads=found.workloads,
        rules=rules.enforced() if options.strict else rules,
        sources=sources,
        now=datetime.now(UTC),
        base_images=known.base_images,
        running=known.running,
    )
    return await _report(case, options, outside, known, found)


async def _report(
    case: Case, options: Options, outside: Outside, known: Known, found: Sorted
) -> Report:
    async with outside.inspector() as inspector:
        with board() as shown:
            lookup = Lookup(
                inspector,
                platforms=_platforms(options, known),
                seconds=options.seconds,
                shown=shown,
            )
            judged, bases = await judge(case, lookup)
    around = Circumstances(
        found=found,
        with_cluster=options.cluster,
        read=known.files,
        broken=known.broken,
        missing=bases.missing,
    )
    return Report(
        judged=judged,
        policies=known.policies,
        notes=notes(case, judged, around),
        strict=options.strict,
    )


async def _known(options: Options, outside: Outside, found: Sorted) -> Known:
    known = from_files(options.policies, options.exceptions, namespace=options.namespace)
    if not options.cluster:
        return known
    async with outside.cluster() as view:
        there = await from_cluster(view, found.workloads, platforms=not options.platforms)
    return replace(there, exceptions=(*there.exceptions, *known.exceptions), files=known.files)


def _platforms(options: Options, known: Known) -> tuple[Platform, ...]:
    return known.platforms or platforms_of(options.platforms)


def _check(options: Options) -> None:
    if not options.files:
        raise SettingsError("name what to check: FILE, a folder, or - for standard input")
    if options.cluster == bool(options.policies):
        raise SettingsError("say what to check by: either --policy FILE or --cluster")
    inputs = [*options.files, *options.policies, *options.exceptions]
    if inputs.count(STDIN) > 1:
        raise SettingsError("standard input can be read only once: name files for the rest")
    if not options.seconds > 0:
        raise SettingsError("--timeout must be above zero")
    platforms_of(options.platforms)  # which refuses what is none, before anything is read
