"""`slimgate inspect`: what images weigh, what they stand on, which instruction made each layer."""

import asyncio
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Annotated, Final

import typer

from slimgate.cli.platforms import platforms_of
from slimgate.cli.ports import Inspector
from slimgate.cli.progress import Board, board
from slimgate.core.errors import InvalidReferenceError, SlimgateError
from slimgate.core.image import Inspection, Platform, Wants
from slimgate.core.source import parse_source
from slimgate.core.text import printable

_AT_ONCE: Final = 16
_FAILED: Final = 2
HELP: Final = """Show the size, layers and base of images, without pulling them.

REF is an image in a registry; docker://NAME, one in the Docker engine; oci:FOLDER[:TAG],
an OCI layout; oci-archive:FILE[:TAG] or docker-archive:FILE[:NAME], an archive.

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """A reference that could not be looked up, and why."""

    text: str
    error: SlimgateError

    @property
    def sentence(self) -> str:
        """What is wrong with which reference."""
        if isinstance(self.error, InvalidReferenceError):
            return str(self.error)  # which names the text itself
        return f"{printable(self.text)}: {self.error}"


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
        typer.Option("--exact", help="Read layers whole where their unpacked size is not known."),
    ] = False,
) -> None:
    """Look references up at the same time, and print what was found in their order."""
    platforms = platforms_of(platform or [])
    found = asyncio.run(_inspect_all(references, platforms, exact=exact))
    inspections = [entry for entry in found if isinstance(entry, Inspection)]
    _print(inspections, output, layers=layers, indent=len(references) == 1)
    failures = [entry for entry in found if isinstance(entry, Failure)]
    for failure in failures:
        typer.echo(f"error: {failure.sentence}", err=True)
    if failures:
        raise typer.Exit(_FAILED)


async def _inspect_all(
    references: Sequence[str], platforms: tuple[Platform, ...], *, exact: bool
) -> list[Inspection | Failure]:
    from slimgate.app import cli_inspector  # noqa: PLC0415 - help must not wait for it

    async with cli_inspector(exact=exact) as inspector:
        with board() as shown:
            return await look_up(inspector, references, platforms, shown)


async def look_up(
    inspector: Inspector, references: Sequence[str], platforms: tuple[Platform, ...], shown: Board
) -> list[Inspection | Failure]:
    """Look all references up at the same time; one entry each, in their order."""
    room = asyncio.Semaphore(_AT_ONCE)
    return await asyncio.gather(
        *(_inspect(inspector, text, platforms, room, shown) for text in references)
    )


async def _inspect(
    inspector: Inspector,
    text: str,
    platforms: tuple[Platform, ...],
    room: asyncio.Semaphore,
    shown: Board,
) -> Inspection | Failure:
    try:
        sourced = parse_source(text)
        async with room:
            with shown.line(text) as progress:
                return await inspector.inspect(
                    sourced,
                    platforms=platforms,
                    want=Wants(config=True, layers=True),
                    progress=progress,
                )
    except SlimgateError as err:
        return Failure(text=text, error=err)


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
