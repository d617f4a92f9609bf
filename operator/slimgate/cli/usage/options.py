"""Options that `slimgate top`, `nodes` and `report` share."""

from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import Annotated, Final, cast

import typer
from typer.models import OptionInfo

from slimgate.cli.shared.forms import By, UsageOutput
from slimgate.cli.shared.options import CLUSTER, OUTPUT
from slimgate.cli.shared.values import one_of, read_timeout, words_of
from slimgate.core.errors import SettingsError
from slimgate.core.nodes.prices import Prices
from slimgate.core.text import printable

ROWS: Final = 20
"""Rows of a table where nobody says otherwise."""

_MOST_MONEY: Final = 1_000_000
_MAX_TEXT: Final = 32


def _reads(option: str, what: str) -> Callable[[object], Decimal]:
    """Make what reads an amount of money; SettingsError if it is none."""

    def read(given: object) -> Decimal:
        if isinstance(given, Decimal):
            return given
        text = str(given)
        try:
            amount = Decimal(text) if len(text) <= _MAX_TEXT else Decimal("nan")
        except InvalidOperation:
            amount = Decimal("nan")
        if not amount.is_finite() or not 0 < amount <= _MOST_MONEY:
            raise SettingsError(f"{option} takes {what}, as in 0.08, not {printable(text, 64)!r}")
        return amount

    return read


def _price(option: str, what: str, text: str) -> OptionInfo:
    """Make an option that takes a price."""
    return cast(
        "OptionInfo",
        typer.Option(
            option,
            metavar="PRICE",
            parser=_reads(option, what),
            help=text,
            show_default=False,
            rich_help_panel=OUTPUT,
        ),
    )


def prices_of(
    disk: Decimal | None, registry: Decimal | None = None, pull: Decimal | None = None
) -> Prices:
    """Take the prices that were given."""
    none = Decimal(0)
    return Prices(node_disk=disk or none, registry=registry or none, pull=pull or none)


def check_prices(prices: Prices, by: By | None) -> None:
    """Refuse a price of what rows don't have."""
    if by is None and prices.given:
        raise SettingsError("prices are of what --by shows")
    if by is By.NODE and prices.registry:
        raise SettingsError("--registry-price: nodes have nothing in registries; leave it out")
    if by is By.WORKLOAD and prices.pull:
        raise SettingsError("--pull-price: events of pulls name no workload; try --by namespace")


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
DiskPriceOption = Annotated[
    Decimal | None,
    _price(
        "--disk-price",
        "what a GiB costs a month",
        "What a GiB of a node's disk costs a month: costs are shown.",
    ),
]
RegistryPriceOption = Annotated[
    Decimal | None,
    _price(
        "--registry-price",
        "what a GiB costs a month",
        "What a GiB in a registry costs a month: the same, each layer once.",
    ),
]
PullPriceOption = Annotated[
    Decimal | None,
    _price(
        "--pull-price",
        "what a GiB costs",
        "What a GiB that is pulled costs: costs of the last pulls are shown.",
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
