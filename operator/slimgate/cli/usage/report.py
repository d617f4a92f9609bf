"""`slimgate report`: who fills the nodes' disks, as a page for a browser."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from slimgate.cli.shared.options import (
    OUTPUT,
    TIMEOUT,
    ConfigOption,
    ContextOption,
    KubeconfigOption,
    SelectorOption,
)
from slimgate.cli.shared.outputs import own_inputs, spare, why_not_writable
from slimgate.cli.shared.values import read_selection
from slimgate.cli.usage.options import (
    AllTimeoutOption,
    DiskPriceOption,
    PullPriceOption,
    RegistryPriceOption,
    prices_of,
)
from slimgate.core.errors import SettingsError
from slimgate.core.text import printable

if TYPE_CHECKING:
    from slimgate.cli.shared.outside import Outside
    from slimgate.core.matching.selector import Selector
    from slimgate.core.nodes.prices import Prices

HELP: Final = """Write who fills the nodes' disks as a page for a browser.

The page is one file, which loads nothing: a picture of each node's image disk, the images, who
uses them, and what would be won, in tables to sort and search. It tells names of workloads and
images, so show it to those only who may know them.

Exit status: 0; 2 for wrong usage, or a file that can't be written; 3 if the cluster can't be read.
"""
EXAMPLES: Final = """\
slimgate report --html disks.html
slimgate report --html - -l pool=build > build.html
slimgate report --html disks.html --disk-price 0.08 --registry-price 0.10
"""


def report(
    *,
    file: Annotated[
        str,
        typer.Option(
            "--html",
            metavar="FILE",
            help="Where to write the page; - prints it.",
            show_default=False,
            rich_help_panel=OUTPUT,
        ),
    ],
    selector: SelectorOption = None,
    kubeconfig: KubeconfigOption = None,
    context: ContextOption = None,
    disk_price: DiskPriceOption = None,
    registry_price: RegistryPriceOption = None,
    pull_price: PullPriceOption = None,
    timeout: AllTimeoutOption = TIMEOUT,
    config: ConfigOption = None,
) -> None:
    """Model all nodes, and write the page."""
    import asyncio  # noqa: PLC0415 - help must not wait for it

    from slimgate.cli.shared import outside  # noqa: PLC0415

    selected = read_selection(selector)
    prices = prices_of(disk_price, registry_price, pull_price)
    if file != "-":
        spare("--html", [file], lambda: own_inputs(kubeconfig, config))
        if why := why_not_writable(file):
            raise SettingsError(f"--html {printable(file)}: {why}")
    outer = outside.real(config, kubeconfig, context)
    page = asyncio.run(report_of(outer, selected, timeout, prices))
    if file == "-":
        typer.echo(page, nl=False)
        return
    try:
        Path(file).write_text(page, encoding="utf-8")
    except OSError as err:
        raise SettingsError(f"--html {printable(file)}: {err.strerror}") from err


async def report_of(
    outside: "Outside", selector: "Selector", seconds: float, prices: "Prices"
) -> str:
    """Write the page of a cluster as it is now."""
    from datetime import UTC, datetime  # noqa: PLC0415 - help must not wait for it

    from slimgate.cli.usage.page.contents import DiskReport  # noqa: PLC0415
    from slimgate.cli.usage.page.page import report_page  # noqa: PLC0415
    from slimgate.cli.usage.who import cut_lists  # noqa: PLC0415
    from slimgate.cli.usage.who_command import look_at  # noqa: PLC0415

    async with outside.cluster() as view:
        seen = await look_at(view, outside, selector, seconds)
    report = DiskReport(
        disks=seen.disks,
        limits=seen.limits,
        pulls=seen.pulls,
        notes=(*cut_lists(seen.disks), *seen.notes),
        prices=prices,
    )
    return report_page(report, datetime.now(UTC))
