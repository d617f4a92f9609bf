"""`slimgate version`: which slimgate this is, for bug reports and scripts."""

import json
import sys
from typing import Final

import typer

from slimgate.cli.options import Output, OutputOption

HELP: Final = "Show the version, and which extras are installed."


def version(*, output: OutputOption = Output.TABLE) -> None:
    """Print it."""
    import platform  # noqa: PLC0415 - help must not wait for it
    from importlib.metadata import version as version_of  # noqa: PLC0415

    from slimgate.cli.extras import installed_extras  # noqa: PLC0415

    found = {
        "version": version_of("slimgate"),
        "python": platform.python_version(),
        "extras": installed_extras(),
    }
    if output is Output.JSON:
        sys.stdout.write(json.dumps(found, indent=2) + "\n")
        return
    typer.echo(f"slimgate {found['version']}")
    typer.echo(f"python {found['python']}")
    typer.echo(f"extras {', '.join(installed_extras()) or 'none'}")
