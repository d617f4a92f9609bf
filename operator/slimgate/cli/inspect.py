"""`slimgate inspect`: what images weigh, what they stand on, which instruction made each layer."""

import sys
from collections.abc import Sequence
from enum import Enum
from typing import TYPE_CHECKING, Annotated, Final

import typer

from slimgate.cli.options import ConfigOption
from slimgate.cli.platforms import platforms_of
from slimgate.core.image import Inspection, Platform

if TYPE_CHECKING:
    from slimgate.cli.lookups import Failure
    from slimgate.settings import Settings

_FAILED: Final = 2
HELP: Final = """Show the size, layers and base of images.

Nothing is pulled. REF is an image in a registry; docker://NAME, one in the Docker engine;
oci:FOLDER[:TAG], an OCI layout; oci-archive:FILE[:TAG] or docker-archive:FILE[:NAME], an archive.

With -o json, one reference gives one object over many lines; several give one object a line,
in the order of the arguments. With -o yaml each is a document of its own.

A reference that can't be looked up is one line on standard error, the others are shown, and the
exit status is 2.
"""


class Output(Enum):
    """The forms that facts are printed in."""

    TABLE = "table"
    JSON = "json"
    YAML = "yaml"


def inspect(
    references: Annotated[list[str], typer.Argument(metavar="REF", show_default=False)],
    *,
    output: Annotated[
        Output, typer.Option("--output", "-o", help="The form of the output.")
    ] = Output.TABLE,
    platform: Annotated[
        list[str] | None,
        typer.Option(
            metavar="OS/ARCH",
            help="os/arch[/variant], repeatable, or all. Without it: linux on this architecture.",
            show_default=False,
        ),
    ] = None,
    layers: Annotated[
        bool, typer.Option("--layers", help="Show each layer, and what made it (table only).")
    ] = False,
    exact: Annotated[
        bool,
        typer.Option(
            "--exact", help="Read every layer whole: unpacked sizes are measured, not estimated."
        ),
    ] = False,
    config: ConfigOption = None,
) -> None:
    """Look references up at the same time, and print what was found in their order."""
    import asyncio  # noqa: PLC0415 - help must not wait for it

    from slimgate.app.configuration import read_settings  # noqa: PLC0415

    platforms = platforms_of(platform or [])
    settings = read_settings(config)
    found = asyncio.run(_inspect_all(settings, references, platforms, exact=exact))
    inspections = [entry for entry in found if isinstance(entry, Inspection)]
    _print(inspections, output, layers=layers, indent=len(references) == 1)
    failures = [entry for entry in found if not isinstance(entry, Inspection)]
    for failure in failures:
        typer.echo(f"error: {failure.sentence}", err=True)
    if failures:
        raise typer.Exit(_FAILED)


async def _inspect_all(
    settings: "Settings",
    references: Sequence[str],
    platforms: tuple[Platform, ...],
    *,
    exact: bool,
) -> "list[Inspection | Failure]":
    from slimgate.app.images import cli_inspector  # noqa: PLC0415 - help must not wait for it
    from slimgate.cli.lookups import look_up  # noqa: PLC0415
    from slimgate.cli.progress import board  # noqa: PLC0415

    async with cli_inspector(settings, exact=exact) as inspector:
        with board(len(references)) as shown:
            return await look_up(inspector, references, platforms, shown)


def _print(
    inspections: Sequence[Inspection], output: Output, *, layers: bool, indent: bool
) -> None:
    from slimgate.cli import documents, tables  # noqa: PLC0415 - help must not wait for rich

    if output is Output.JSON:
        sys.stdout.write(documents.to_json_text(inspections, indent=indent))
    elif output is Output.YAML and inspections:
        sys.stdout.write(documents.to_yaml_text(inspections))
    elif output is Output.TABLE and inspections:
        tables.show(inspections, layers=layers)
