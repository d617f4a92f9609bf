"""`slimgate check`: the webhook's verdicts on manifests and images, before they reach a cluster."""

from typing import TYPE_CHECKING, Annotated, Final

import typer

from slimgate.cli.manifests import STDIN_NAME
from slimgate.cli.shared.forms import CheckOutput, FailOn, Origin
from slimgate.cli.shared.options import (
    IMAGES,
    OUTPUT,
    TIMEOUT,
    ConfigOption,
    ContextOption,
    KubeconfigOption,
    TimeoutOption,
)
from slimgate.cli.shared.values import one_of, read_namespace, read_several, words_of
from slimgate.core.errors import SlimgateError
from slimgate.core.images.tier import Tier

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from slimgate.cli.check.reports.report import Report
    from slimgate.cli.check.request import CheckRequest
    from slimgate.cli.shared.outside import Outside

_WHAT: Final = "What is judged"
_RULES: Final = "What judges"
_LIMITS: Final = "Limits, with or without a policy"
HELP: Final = """Judge manifests and images as the webhook would.

An existing file or folder is never taken for an image. An image is judged as a Pod with nothing
else in it. Images are looked up with your docker login, without pulling them.

Policies in mode Warn or Audit refuse nothing; with --strict they do.

Exit status: 0, within policy, or only warnings; 1, a violation: the webhook would refuse it, or
--fail-on says so; 2, wrong usage or input; 3, an image could not be looked up, whatever onUnknown
says. If both 1 and 3 apply, it is 1: a violation is certain.
"""
EXAMPLES: Final = """\
slimgate check deploy/ --policy policy.yaml
slimgate check alpine:3.22 shop:1.2 --max-pull 100Mi --max-tier Slim
helm template CHART | slimgate check - --policy policy.yaml --strict
slimgate check deploy/ --cluster --fail-on warn,unknown
slimgate check deploy/ --policy p.yaml -o github --report sarif=out.sarif
slimgate check deploy/ --policy p.yaml --map shop:1.2=oci-archive:build.tar
"""


def check(
    targets: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="TARGET",
            help="A manifest, a folder (its *.yaml, *.yml and *.json files), - for standard "
            "input, or an image: in a registry, docker://NAME, oci:FOLDER[:TAG], "
            "oci-archive:FILE[:TAG] or docker-archive:FILE[:NAME].",
            show_default=False,
        ),
    ] = None,
    *,
    filename: Annotated[
        list[str] | None,
        typer.Option(
            "--filename",
            "-f",
            metavar="FILE",
            help="A manifest, a folder or -, as for kubectl; repeatable.",
            show_default=False,
            rich_help_panel=_WHAT,
        ),
    ] = None,
    exclude: Annotated[
        list[str] | None,
        typer.Option(
            metavar="GLOB",
            help="Leave out of folders, as in node_modules or charts/*/templates; repeatable.",
            show_default=False,
            rich_help_panel=_WHAT,
        ),
    ] = None,
    namespace: Annotated[
        str | None,
        typer.Option(
            "--namespace",
            "-n",
            metavar="NAME",
            help="The namespace of images, and of objects without one. Default: with --cluster "
            "that of the kubeconfig's context, else default.",
            show_default=False,
            rich_help_panel=_WHAT,
        ),
    ] = None,
    policy: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FILE",
            help="SlimPolicies, with SlimExceptions and BaseImages; a file or folder; repeatable.",
            show_default=False,
            rich_help_panel=_RULES,
        ),
    ] = None,
    exceptions: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FILE",
            help="A file or folder of SlimExceptions to honour; repeatable.",
            show_default=False,
            rich_help_panel=_RULES,
        ),
    ] = None,
    cluster: Annotated[
        bool,
        typer.Option(
            "--cluster",
            help="Judge by the policies and exceptions of a cluster.",
            rich_help_panel=_RULES,
        ),
    ] = False,
    strict: Annotated[
        bool,
        typer.Option(
            "--strict", help="Take every policy's mode as Enforce.", rich_help_panel=_RULES
        ),
    ] = False,
    fail_on: Annotated[
        list[str] | None,
        typer.Option(
            metavar="VERDICT",
            help="What exits with 1: deny (always does), warn (warnings too), unknown (facts that "
            "an image lacks, such as its base). Join with commas, or repeat. Default: deny.",
            autocompletion=lambda: words_of(FailOn),
            show_default=False,
            rich_help_panel=_RULES,
        ),
    ] = None,
    require_all: Annotated[
        bool,
        typer.Option(
            "--require-all",
            help="Exit with 1 if containers were not judged, since their kind is not, or a "
            "workload names no image.",
            rich_help_panel=_RULES,
        ),
    ] = False,
    max_pull: Annotated[
        str | None,
        typer.Option(
            metavar="SIZE",
            help="The largest pull size allowed, as in 100Mi.",
            show_default=False,
            rich_help_panel=_LIMITS,
        ),
    ] = None,
    max_unpacked: Annotated[
        str | None,
        typer.Option(
            metavar="SIZE",
            help="The largest unpacked size allowed, as in 300Mi.",
            show_default=False,
            rich_help_panel=_LIMITS,
        ),
    ] = None,
    max_layers: Annotated[
        str | None,
        typer.Option(
            metavar="N",
            help="The most layers allowed.",
            show_default=False,
            rich_help_panel=_LIMITS,
        ),
    ] = None,
    max_tier: Annotated[
        str | None,
        typer.Option(
            metavar="TIER",
            help="The highest base tier allowed: Scratch, Distroless, Minimal, Slim, Full or "
            "Builder.",
            autocompletion=lambda: [tier.label for tier in Tier],
            show_default=False,
            rich_help_panel=_LIMITS,
        ),
    ] = None,
    mapping: Annotated[
        list[str] | None,
        typer.Option(
            "--map",
            metavar="REF=SOURCE",
            help="Take SOURCE for image REF, as in shop:1=oci:build:1; repeatable.",
            show_default=False,
            rich_help_panel=IMAGES,
        ),
    ] = None,
    source: Annotated[
        Origin,
        typer.Option(
            metavar="PLACE",
            parser=one_of("--source", Origin),
            autocompletion=lambda: words_of(Origin),
            help="Where to look images up: registry, or docker for the Docker engine. "
            "Default: registry.",
            show_default=False,
            rich_help_panel=IMAGES,
        ),
    ] = Origin.REGISTRY,
    platform: Annotated[
        list[str] | None,
        typer.Option(
            metavar="OS/ARCH",
            help="os/arch[/variant], repeatable, or all; the largest image counts. Default: those "
            "of the cluster's nodes, else linux on this machine's CPU.",
            show_default=False,
            rich_help_panel=IMAGES,
        ),
    ] = None,
    timeout: TimeoutOption = TIMEOUT,
    output: Annotated[
        CheckOutput,
        typer.Option(
            "--output",
            "-o",
            metavar="FORM",
            parser=one_of("-o", CheckOutput),
            autocompletion=lambda: words_of(CheckOutput),
            help="table, wide (more columns), json, yaml, sarif, github or junit. Default: table.",
            show_default=False,
            rich_help_panel=OUTPUT,
        ),
    ] = CheckOutput.TABLE,
    report: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FORM=FILE",
            help="Write the report to a file too, as in sarif=slimgate.sarif; repeatable.",
            show_default=False,
            rich_help_panel=OUTPUT,
        ),
    ] = None,
    stdin_name: Annotated[
        str,
        typer.Option(
            metavar="FILE",
            help="What reports call standard input. Default: <stdin>.",
            show_default=False,
            rich_help_panel=OUTPUT,
        ),
    ] = STDIN_NAME,
    kubeconfig: KubeconfigOption = None,
    context: ContextOption = None,
    config: ConfigOption = None,
) -> None:
    """Judge, print the report, and exit with its status."""
    from slimgate.cli.check.flags import Flags  # noqa: PLC0415
    from slimgate.cli.check.reports.report import Report  # noqa: PLC0415
    from slimgate.cli.check.reports.writing import Writer  # noqa: PLC0415
    from slimgate.cli.check.request import CheckRequest  # noqa: PLC0415
    from slimgate.cli.check.targets import mapped_files, read_files  # noqa: PLC0415
    from slimgate.cli.shared import outside  # noqa: PLC0415 - help must not wait for it
    from slimgate.cli.shared.outputs import own_inputs  # noqa: PLC0415

    def inputs() -> "Iterator[str]":
        yield from read_files(targets or [], filename or [], exclude or [])
        yield from read_files([*(policy or []), *(exceptions or [])])
        yield from mapped_files(mapping or [])
        yield from own_inputs(kubeconfig, config)

    writer = Writer(output, report or [], inputs)
    try:
        request = CheckRequest(
            targets=targets or [],
            files=filename or [],
            exclude=exclude or [],
            policies=policy or [],
            exceptions=exceptions or [],
            flags=Flags(pull=max_pull, unpacked=max_unpacked, layers=max_layers, tier=max_tier),
            cluster=cluster,
            clusters=[name for name in (kubeconfig, context) if name is not None],
            namespace=None if namespace is None else read_namespace(namespace),
            platforms=platform or [],
            origin=source,
            maps=mapping or [],
            seconds=timeout,
            strict=strict,
            fail_on=read_several("--fail-on", FailOn, fail_on or []) | {FailOn.DENY},
            require_all=require_all,
            stdin_name=stdin_name,
        )
        found = _judge(request, lambda: outside.real(config, kubeconfig, context))
    except SlimgateError as error:
        if writer.is_for_people:
            raise
        found = Report.of_error(error, strict=strict)
    raise typer.Exit(writer.write(found))


def _judge(request: "CheckRequest", outside: "Callable[[], Outside]") -> "Report":
    import asyncio  # noqa: PLC0415 - help must not wait for it

    from slimgate.cli.check.run import run  # noqa: PLC0415

    where = outside()
    request.check()
    return asyncio.run(run(request, where))
