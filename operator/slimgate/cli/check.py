"""`slimgate check`: the verdicts of the webhook on manifests, before anything reaches a cluster."""

import sys
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from slimgate.cli.judging.sources import Origin
from slimgate.cli.options import ConfigOption, ContextOption, KubeconfigOption
from slimgate.core.errors import SettingsError
from slimgate.core.text import printable

if TYPE_CHECKING:
    from slimgate.cli.reports.report import Report

HELP: Final = """Judge manifests as the cluster's webhook would.

FILE is a file, a folder (its *.yaml, *.yml and *.json files, hidden ones aside) or - for standard
input, as in: helm template CHART | slimgate check --policy policy.yaml -

Images are looked up in their registries with your docker login, without pulling them. A manifest
may name an image that is at hand, as oci:FOLDER:TAG or docker-archive:FILE; --map takes one
instead of the image that a manifest names, and --source docker asks the Docker engine.

Exit status: 0, all is within policy, or only warned of or noted; 1, the webhook would refuse
something; 2, wrong usage, or something could not be looked up, whatever onUnknown says. Policies
in mode Warn or Audit refuse nothing; with --strict they do.
"""


class Output(Enum):
    """The forms of the report."""

    TEXT = "text"
    JSON = "json"
    SARIF = "sarif"
    GITHUB = "github"
    JUNIT = "junit"


def check(
    files: Annotated[list[str] | None, typer.Argument(metavar="FILE", show_default=False)] = None,
    *,
    filename: Annotated[
        list[str] | None,
        typer.Option("--filename", "-f", metavar="FILE", help="The same.", show_default=False),
    ] = None,
    policy: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FILE",
            help="A file or folder of SlimPolicies, and SlimExceptions; repeatable.",
            show_default=False,
        ),
    ] = None,
    cluster: Annotated[
        bool,
        typer.Option("--cluster", help="Judge by the policies and exceptions of a cluster."),
    ] = False,
    exceptions: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FILE",
            help="A file or folder of SlimExceptions to honour; repeatable.",
            show_default=False,
        ),
    ] = None,
    namespace: Annotated[
        str,
        typer.Option(
            "--namespace", "-n", metavar="NAME", help="Where objects go that name no namespace."
        ),
    ] = "default",
    output: Annotated[
        Output, typer.Option("--output", "-o", help="The form of the report.")
    ] = Output.TEXT,
    report: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FORM=FILE",
            help="Write a report to a file as well, as in sarif=slimgate.sarif; repeatable.",
            show_default=False,
        ),
    ] = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="Take every policy's mode as Enforce.")
    ] = False,
    mapping: Annotated[
        list[str] | None,
        typer.Option(
            "--map",
            metavar="REF=SOURCE",
            help="Take SOURCE for image REF, as in shop:1=oci:build:1; repeatable.",
            show_default=False,
        ),
    ] = None,
    source: Annotated[
        Origin, typer.Option(help="Where images are looked up that name no place.")
    ] = Origin.REGISTRY,
    platform: Annotated[
        list[str] | None,
        typer.Option(
            metavar="OS/ARCH",
            help="os/arch[/variant], repeatable, or all; the largest image counts. Without it: "
            "those of the cluster's nodes, else linux on this architecture.",
            show_default=False,
        ),
    ] = None,
    timeout: Annotated[
        float, typer.Option(metavar="SECONDS", help="Give an image up after this time.")
    ] = 300.0,
    stdin_name: Annotated[
        str, typer.Option(metavar="FILE", help="What reports call standard input.")
    ] = "<stdin>",
    kubeconfig: KubeconfigOption = None,
    context: ContextOption = None,
    config: ConfigOption = None,
) -> None:
    """Judge, print the report, and exit with its status."""
    import asyncio  # noqa: PLC0415 - help must not wait for it

    from slimgate.cli import outside  # noqa: PLC0415
    from slimgate.cli.judging.run import Options, run  # noqa: PLC0415

    options = Options(
        files=[*(files or []), *(filename or [])],
        policies=policy or [],
        exceptions=exceptions or [],
        cluster=cluster,
        namespace=namespace,
        platforms=platform or [],
        origin=source,
        maps=mapping or [],
        seconds=timeout,
        strict=strict,
        stdin_name=stdin_name,
    )
    files_wanted = list(map(_file_wanted, report or []))
    found = asyncio.run(run(options, outside.real(config, kubeconfig, context)))
    for form, file in files_wanted:
        _write(found, form, file)
    _print(found, output)
    raise typer.Exit(found.status)


def _file_wanted(text: str) -> tuple[Output, str]:
    form, _, file = text.partition("=")
    known = [output.value for output in Output if output is not Output.TEXT]
    if form not in known or not file:
        raise SettingsError(
            f"--report {printable(text, 128)}: write FORM=FILE, where FORM is one of "
            f"{', '.join(known)}"
        )
    return Output(form), file


def _write(report: "Report", form: Output, file: str) -> None:
    try:
        Path(file).write_text(_form(report, form), encoding="utf-8")
    except OSError as err:
        raise SettingsError(f"--report {printable(file)}: {err.strerror}") from err


def _print(report: "Report", output: Output) -> None:
    if output is Output.TEXT:
        from slimgate.cli.reports.text import report_text  # noqa: PLC0415 - it loads rich
        from slimgate.cli.screen import screen, show  # noqa: PLC0415

        show(screen(), report_text(report))
    else:
        sys.stdout.write(_form(report, output))


def _form(report: "Report", form: Output) -> str:
    # Each form is loaded only where it is wanted.
    match form:
        case Output.SARIF:
            from slimgate.cli.reports.sarif import report_sarif as write  # noqa: PLC0415
        case Output.GITHUB:
            from slimgate.cli.reports.github import report_github as write  # noqa: PLC0415
        case Output.JUNIT:
            from slimgate.cli.reports.junit import report_junit as write  # noqa: PLC0415
        case _:
            from slimgate.cli.reports.json_report import report_json as write  # noqa: PLC0415
    return write(report)
