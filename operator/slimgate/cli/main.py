"""The program: its commands, and how it ends when something goes wrong.

Commands import what they need when they run, so that help and completion stay quick.
"""

import errno
import io
import os
import re
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Final, TextIO

import typer
from typer.exceptions import TyperException

from slimgate.cli import checks, cleanup, configuration, version
from slimgate.cli.check import command as check
from slimgate.cli.inspect import command as inspect
from slimgate.cli.preview import command as preview
from slimgate.cli.roles import controller, probe, webhook
from slimgate.cli.shared.exits import USAGE, WITHIN, said
from slimgate.cli.shared.helping import Group, HelpedCommand, complaint
from slimgate.cli.shared.options import ConfigOption
from slimgate.cli.usage import nodes, report, top

KUBECTL: Final = "kubectl slim"
_SHORT: Final = re.compile(r"\A(-[A-Za-z])=")
_INTERRUPTED: Final = 130
_BROKEN_PIPE: Final = 141
_UNWRITABLE: Final = frozenset(
    {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EBADF, errno.EROFS}
)
"""What writing to standard output ends with, where a disk is full or a terminal is gone."""
_CLUSTER: Final = "Clusters"
_IMAGES: Final = "Images and manifests"
_SETTINGS: Final = "slimgate itself"
_ROLES: Final = "Roles, as the operator's pods run them"
_HELP: Final = """Keep container images slim: inspect them, and judge them by policy.

Images are looked up in their registries with your docker login. Nothing is pulled.
"""


def run() -> None:
    """Run the command that the arguments name, and exit."""
    _open_what_is_closed()
    _replace_what_the_terminal_lacks()
    sys.exit(_status(_name(sys.argv[0]), as_kubectl(sys.argv[1:])))


def as_kubectl(arguments: Sequence[str]) -> list[str]:
    """Have -o=json mean -o json, which kubectl takes, and typer would take for `=json`."""
    end = arguments.index("--") if "--" in arguments else len(arguments)
    options = [_SHORT.sub(r"\1", argument) for argument in arguments[:end]]
    return [*options, *arguments[end:]]


def _status(name: str, arguments: list[str]) -> int:
    try:
        return _ended(name, arguments)
    except OSError as err:
        _leave_unwritten(sys.stdout)
        with suppress(OSError):
            typer.echo(f"error: the output can't be written: {err.strerror}", err=True)
            return USAGE
        _leave_unwritten(sys.stderr)
        return USAGE


def _ended(name: str, arguments: list[str]) -> int:
    """Run the command; OSError if what it prints can't be written."""
    try:
        status = build(name)(arguments, prog_name=name, standalone_mode=False)
        sys.stdout.flush()
    except TyperException as err:
        typer.echo(f"error: {complaint(err)}", err=True)
        return USAGE
    except (KeyboardInterrupt, typer.Abort):
        return _INTERRUPTED
    except BrokenPipeError:
        _leave_unwritten(sys.stdout)  # who read it has enough
        return _BROKEN_PIPE
    except SystemExit as err:
        # typer ends so once completion is done, and with 1 where the reader has enough.
        replaced = not isinstance(sys.stdout, io.TextIOWrapper)
        return _BROKEN_PIPE if replaced else int(err.code or 0)
    except Exception as err:
        if isinstance(err, OSError) and err.errno in _UNWRITABLE:
            raise
        return said(err)
    return status if isinstance(status, int) else WITHIN


def build(name: str = "slimgate") -> typer.Typer:
    """Put the commands together; a kubectl plugin does not show the operator's roles."""
    app = typer.Typer(
        cls=Group,
        invoke_without_command=True,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback(help=_HELP)(_options)
    for panel, command, help_text, epilog in (
        (_IMAGES, inspect.inspect, inspect.HELP, inspect.EXAMPLES),
        (_IMAGES, check.check, check.HELP, check.EXAMPLES),
        (_IMAGES, checks.checks, checks.HELP, checks.EXAMPLES),
        (_CLUSTER, preview.preview, preview.HELP, preview.EXAMPLES),
        (_CLUSTER, top.top, top.HELP, top.EXAMPLES),
        (_CLUSTER, nodes.nodes, nodes.HELP, nodes.EXAMPLES),
        (_CLUSTER, report.report, report.HELP, report.EXAMPLES),
        (_SETTINGS, cleanup.cleanup, cleanup.HELP, cleanup.EXAMPLES),
    ):
        app.command(cls=HelpedCommand, help=help_text, epilog=epilog, rich_help_panel=panel)(
            command
        )
    for role, help_text in (
        (controller.controller, controller.HELP),
        (webhook.webhook, webhook.HELP),
    ):
        app.command(
            cls=HelpedCommand, help=help_text, rich_help_panel=_ROLES, hidden=name == KUBECTL
        )(role)
    app.add_typer(configuration.build(), name="config", rich_help_panel=_SETTINGS)
    app.command(cls=HelpedCommand, help=version.HELP, rich_help_panel=_SETTINGS)(version.version)
    app.command(cls=HelpedCommand, help=probe.HELP, hidden=True)(probe.probe)
    return app


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version as version_of  # noqa: PLC0415 - no other needs it

        typer.echo(f"slimgate {version_of('slimgate')}")
        raise typer.Exit


def _options(
    context: typer.Context,
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
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())
        raise typer.Exit(USAGE)
    if config is not None:
        assert isinstance(context.command, Group)
        given = {"config": config}
        names = context.command.commands
        context.default_map = {**dict.fromkeys(names, given), "config": {"show": given}}


def _name(argument: str) -> str:
    return KUBECTL if Path(argument).name.startswith("kubectl") else "slimgate"


def _open_what_is_closed() -> None:
    # Python has None for a stream that the caller closed; the next file would take its number.
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(os.open(os.devnull, os.O_RDWR), "w" if number else "r"))


def _leave_unwritten(stream: TextIO) -> None:
    # Python would write what is left, and complain, when it ends.
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _replace_what_the_terminal_lacks() -> None:
    # An error about an error message helps nobody, so "…" becomes "?" where there is no Unicode.
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
