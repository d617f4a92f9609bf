"""`slimgate version`: which slimgate this is, for bug reports and scripts."""

import sys
from typing import Final

import typer

from slimgate.cli.shared.documents import document_text
from slimgate.cli.shared.forms import Output
from slimgate.cli.shared.options import OutputOption

HELP: Final = "Show the version, and which extras are installed."


def version(*, output: OutputOption = Output.TABLE) -> None:
    """Print it."""
    import platform  # noqa: PLC0415 - help must not wait for it
    from importlib.metadata import version as version_of  # noqa: PLC0415

    from slimgate.cli.shared.extras import installed_extras  # noqa: PLC0415

    found = {
        "version": version_of("slimgate"),
        "python": platform.python_version(),
        "extras": installed_extras(),
    }
    if output.is_document:
        sys.stdout.write(document_text(found, output))
        return
    typer.echo(f"slimgate {found['version']}")
    typer.echo(f"python {found['python']}")
    typer.echo(f"extras {', '.join(installed_extras()) or 'none'}")
