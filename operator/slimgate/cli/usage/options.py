"""Options that `slimgate top` and `nodes` share."""

from decimal import Decimal, InvalidOperation
from typing import Annotated, Final

import typer

from slimgate.cli.shared.forms import By, UsageOutput
from slimgate.cli.shared.options import CLUSTER, OUTPUT
from slimgate.cli.shared.values import one_of, read_timeout, words_of
from slimgate.core.errors import SettingsError
from slimgate.core.text import printable

ROWS: Final = 20
"""Rows of a table where nobody says otherwise."""

_MOST_MONEY: Final = 1_000_000
_MAX_TEXT: Final = 32


def read_price(given: object) -> Decimal:
    """Read an amount of money; SettingsError if it is none."""
    if isinstance(given, Decimal):
        return given
    text = str(given)
    try:
        amount = Decimal(text) if len(text) <= _MAX_TEXT else Decimal("nan")
    except InvalidOperation:
        amount = Decimal("nan")
    if not amount.is_finite() or not 0 < amount <= _MOST_MONEY:
        raise SettingsError(
            f"--disk-price takes what a GiB costs a month, as in 0.08, not {printable(text, 64)!r}"
        )
    return amount


def check_watch(output: UsageOutput, *, watch: bool) -> None:
    """Refuse to write documents without end."""
    if watch and not output.is_table:
        raise SettingsError(f"--watch shows tables, so leave out -o {output.value}")


AllTimeoutOption = Annotated[
    float,
    typer.Option(
        "--timeout",
        metavar="DURATION",
        parser=read_timeout,
        help="How long all images may take together; 0 for no limit. Default: 5m.",
        show_default=False,
        rich_help_panel=CLUSTER,
    ),
]
ByOption = Annotated[
    By | None,
    typer.Option(
        "--by",
        metavar="WHAT",
        parser=one_of("--by", By),
        autocompletion=lambda: words_of(By),
        help="Show who fills the nodes' disks: by image, workload, namespace, node or base.",
        show_default=False,
        rich_help_panel=OUTPUT,
    ),
]
PriceOption = Annotated[
    Decimal | None,
    typer.Option(
        "--disk-price",
        metavar="PRICE",
        parser=read_price,
        help="What a GiB of a node's disk costs a month: with --by, costs are shown.",
        show_default=False,
        rich_help_panel=OUTPUT,
    ),
]
WatchOption = Annotated[
    bool,
    typer.Option(
        "--watch",
        "-w",
        help="Look again every 30 seconds, until interrupted (tables only).",
        rich_help_panel=OUTPUT,
    ),
]
UsageOutputOption = Annotated[
    UsageOutput,
    typer.Option(
        "--output",
        "-o",
        metavar="FORM",
        parser=one_of("-o", UsageOutput),
        autocompletion=lambda: words_of(UsageOutput),
        help="table, wide (more columns), json, yaml or csv. Default: table.",
        show_default=False,
        rich_help_panel=OUTPUT,
    ),
]
