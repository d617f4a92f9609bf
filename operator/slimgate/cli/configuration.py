"""`slimgate config`: the settings in effect, and the schema of the file that sets them."""

import json
import sys
from typing import Final

import typer

from slimgate.cli.shared.options import ConfigOption

HELP: Final = "Show slimgate's own settings: docs/configuration.md."


def build() -> typer.Typer:
    """Put the subcommands together."""
    app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)
    app.callback(help=HELP)(_group)
    app.command(help="Print the settings in effect, as a configuration file.")(show)
    app.command(help="Print the JSON Schema of the configuration file.")(schema)
    return app


def show(*, config: ConfigOption = None) -> None:
    """Read the file and the variables, print the outcome, and say which files it misses."""
    import yaml  # noqa: PLC0415 - help must not wait for it

    from slimgate.settings.files import ROLES_OWN, check_files  # noqa: PLC0415
    from slimgate.settings.schema import as_file  # noqa: PLC0415
    from slimgate.settings.sources import read_unchecked  # noqa: PLC0415

    settings = read_unchecked(config)
    sys.stdout.write(yaml.safe_dump(as_file(settings), sort_keys=False))
    check_files(settings, ROLES_OWN)


def schema() -> None:
    """Print the schema."""
    from slimgate.settings import schema as described  # noqa: PLC0415 - help must not wait for it

    sys.stdout.write(json.dumps(described.schema(), indent=2) + "\n")


def _group() -> None:
    """Hold the subcommands."""
