"""The program: its commands, and how it ends when something goes wrong.

Commands import what they need when they run, so that help and completion stay quick.
"""

import io
import sys
from pathlib import Path
from typing import Annotated, Final

import typer
from typer.core import TyperGroup

from slimgate.cli import (
    check,
    configuration,
    controller,
    explain,
    inspect,
    nodes,
    top,
    version,
    webhook,
)
from slimgate.cli.options import ConfigOption
from slimgate.core.errors import SlimgateError

KUBECTL: Final = "kubectl slim"
FAILED: Final = 2
"""Exit status of wrong usage and of anything that could not be looked up."""
_INTERRUPTED: Final = 130
_HELP: Final = "Keep container images slim: inspect them, and judge them by policy."


def run() -> None:
    """Run the command that the arguments name, and exit."""
    _replace_what_the_terminal_lacks()
    try:
        name = _name(sys.argv[0])
        build(name)(prog_name=name)
    except SlimgateError as err:
        for line in str(err).splitlines():
            typer.echo(f"error: {line}", err=True)
        sys.exit(FAILED)
    except KeyboardInterrupt:
        sys.exit(_INTERRUPTED)


def build(name: str = "slimgate") -> typer.Typer:
    """Put the commands together; a kubectl plugin does not show the operator's roles."""
    app = typer.Typer(
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback(help=_HELP)(_options)
    app.command(help=inspect.HELP)(inspect.inspect)
    app.command(help=check.HELP)(check.check)
    app.command(help=explain.HELP)(explain.explain)
    app.command(help=top.HELP)(top.top)
    app.command(help=nodes.HELP)(nodes.nodes)
    app.command(help=version.HELP)(version.version)
    app.add_typer(configuration.build(), name="config")
    hidden = name == KUBECTL
    app.command(help=controller.HELP, hidden=hidden)(controller.controller)
    app.command(help=webhook.HELP, hidden=hidden)(webhook.webhook)
    return app


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version as version_of  # noqa: PLC0415 - no other needs it

        typer.echo(f"slimgate {version_of('slimgate')}")
        raise typer.Exit


def _options(
    ctx: typer.Context,
    *,
    config: ConfigOption = None,
    show_version: Annotated[
        bool,
        typer.Option(
            "--version", help="Print the version and exit.", callback=_print_version, is_eager=True
        ),
    ] = False,
) -> None:
    """Options of all commands."""
    del show_version  # its callback has printed it
    if config is not None:
        assert isinstance(ctx.command, TyperGroup)
        given = {"config": config}
        ctx.default_map = {**dict.fromkeys(ctx.command.commands, given), "config": {"show": given}}


def _name(argument: str) -> str:
    return KUBECTL if Path(argument).name.startswith("kubectl") else "slimgate"


def _replace_what_the_terminal_lacks() -> None:
    # An error about an error message helps nobody, so "…" becomes "?" where there is no Unicode.
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
