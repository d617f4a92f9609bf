"""`slimgate checks`: every check that a policy may ask for, and what to do about what it finds."""

import sys
from typing import TYPE_CHECKING, Final

from slimgate.cli.shared.forms import Output
from slimgate.cli.shared.options import OutputOption

if TYPE_CHECKING:
    from rich.table import Table

HELP: Final = """List the checks, their fields in a policy, and what to do.

Findings in messages, reports and metrics bear the names of checks, and so do exceptions. All are in
docs/checks.md.
"""
EXAMPLES: Final = """\
slimgate checks
slimgate checks -o json
"""
SCHEMA: Final = 1


def checks(*, output: OutputOption = Output.TABLE) -> None:
    """Print them."""
    if output.is_document:
        from slimgate.cli.shared.documents import document_text  # noqa: PLC0415
        from slimgate.core.policies.checks import CHECKS  # noqa: PLC0415 - help must not wait

        listed = [
            {"name": one.name, "field": one.field, "finds": one.title, "advice": one.advice}
            for one in CHECKS.values()
        ]
        sys.stdout.write(document_text({"schema": SCHEMA, "checks": listed}, output))
        return
    from slimgate.cli.shared.screen import screen, show  # noqa: PLC0415

    show(screen(), table())


def table() -> "Table":
    """Make a row of each."""
    from rich.text import Text  # noqa: PLC0415

    from slimgate.cli.shared.cells import plain_table  # noqa: PLC0415
    from slimgate.core.policies.checks import CHECKS  # noqa: PLC0415

    shown = plain_table("CHECK", "FIELD OF A POLICY", "FINDS", "WHAT TO DO")
    for one in CHECKS.values():
        shown.add_row(*map(Text, (one.name, one.field, one.title, one.advice)))
    return shown
