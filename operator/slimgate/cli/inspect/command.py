"""`slimgate inspect`: what images weigh, their bases, which instruction made each layer."""

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Final

import typer

from slimgate.cli.shared.forms import Output
from slimgate.cli.shared.options import (
    IMAGES,
    OUTPUT,
    TIMEOUT,
    ConfigOption,
    OutputOption,
    PlatformOption,
    TimeoutOption,
)

if TYPE_CHECKING:
    from slimgate.cli.shared.lookups import Failure
    from slimgate.core.errors import InvalidReferenceError
    from slimgate.core.images.facts import Inspection, Platform
    from slimgate.settings import Settings

HELP: Final = """Show the size, layers and base of images.

Nothing is pulled. With -o json, one image gives one object over many lines; several give one object
a line, in the order of the arguments. With -o yaml each is a document of its own.

An image that can't be looked up is one line on standard error, and an object with `error`; the
others are shown all the same.

Exit status: 0; 2 for wrong usage, also what is not an image reference; 3 if an image could not be
looked up.
"""
EXAMPLES: Final = """\
slimgate inspect alpine:3.22 debian:12-slim
slimgate inspect --layers registry.example.com/shop:1.2
slimgate inspect --platform all -o json ghcr.io/org/app:v1
slimgate inspect docker://shop:dev oci:build:1.2 docker-archive:shop.tar
"""


def inspect(
    references: Annotated[
        list[str],
        typer.Argument(
            metavar="IMAGE",
            help="An image in a registry; docker://NAME, one in the Docker engine; "
            "oci:FOLDER[:TAG], an OCI layout; oci-archive:FILE[:TAG] or "
            "docker-archive:FILE[:NAME], an archive.",
            show_default=False,
        ),
    ],
    *,
    platform: PlatformOption = None,
    exact: Annotated[
        bool,
        typer.Option(
            "--exact",
            help="Read every layer whole: unpacked sizes are measured, not estimated.",
            rich_help_panel=IMAGES,
        ),
    ] = False,
    timeout: TimeoutOption = TIMEOUT,
    layers: Annotated[
        bool,
        typer.Option(
            "--layers",
            help="Show each layer, and what made it (tables only).",
            rich_help_panel=OUTPUT,
        ),
    ] = False,
    output: OutputOption = Output.TABLE,
    config: ConfigOption = None,
) -> None:
    """Look references up at the same time, and print what was found in their order."""
    import asyncio  # noqa: PLC0415 - help must not wait for it

    from slimgate.cli.shared.lookups import Failure  # noqa: PLC0415
    from slimgate.cli.shared.platforms import platforms_of  # noqa: PLC0415
    from slimgate.settings.sources import read_settings  # noqa: PLC0415

    refused = {text: why for text in references if (why := _no_image(text)) is not None}
    platforms = platforms_of(platform or [])
    looking = _inspect_all(
        read_settings(config),
        [text for text in references if text not in refused],
        platforms,
        exact=exact,
        seconds=timeout,
    )
    looked = iter(asyncio.run(looking))
    found = [
        Failure(text=text, error=refused[text]) if text in refused else next(looked)
        for text in references
    ]
    _print(found, output, layers=layers)
    failures = [entry for entry in found if isinstance(entry, Failure)]
    for failure in failures:
        typer.echo(f"error: {failure.sentence}", err=True)
    if failures:
        raise typer.Exit(max(failure.status for failure in failures))


def _no_image(text: str) -> "InvalidReferenceError | None":
    """Say what is a file's or a layout's name, which would be asked for in Docker Hub."""
    from pathlib import Path  # noqa: PLC0415 - help must not wait for it

    from slimgate.core.errors import InvalidReferenceError  # noqa: PLC0415
    from slimgate.core.text import printable  # noqa: PLC0415

    shown = printable(text, 128)
    if text == "-":
        return InvalidReferenceError("inspect takes images; slimgate check reads standard input")
    if Path(text, "oci-layout").is_file():
        return InvalidReferenceError(f"{shown} is a folder with an OCI layout: write oci:{shown}")
    if Path(text).is_file():
        return InvalidReferenceError(
            f"{shown} is a file: write oci-archive:{shown} or docker-archive:{shown} for an image "
            "in it; slimgate check reads manifests"
        )
    return None


async def _inspect_all(
    settings: "Settings",
    references: Sequence[str],
    platforms: "tuple[Platform, ...]",
    *,
    exact: bool,
    seconds: float,
) -> "list[Inspection | Failure]":
    from slimgate.app.images import cli_inspector  # noqa: PLC0415 - help must not wait for it
    from slimgate.cli.shared.lookups import look_up  # noqa: PLC0415
    from slimgate.cli.shared.progress import board  # noqa: PLC0415

    async with cli_inspector(settings, exact=exact) as inspector:
        with board(len(references)) as shown:
            return await look_up(inspector, references, platforms, shown, seconds=seconds)


def _print(found: "Sequence[Inspection | Failure]", output: Output, *, layers: bool) -> None:
    from slimgate.core.images.facts import Inspection  # noqa: PLC0415 - help must not wait for it

    if output.is_document:
        from slimgate.cli.shared import documents  # noqa: PLC0415
        from slimgate.core.images.facts_json import inspection_to_json  # noqa: PLC0415

        written = [
            inspection_to_json(entry) if isinstance(entry, Inspection) else entry.document
            for entry in found
        ]
        text = documents.json_lines(written)
        if output is Output.YAML:
            text = documents.yaml_text(*written)
        sys.stdout.write(text)
        return
    inspections = [entry for entry in found if isinstance(entry, Inspection)]
    if inspections:
        from slimgate.cli.inspect import tables  # noqa: PLC0415 - it loads rich

        tables.show(inspections, layers=layers, wide=output is Output.WIDE)
