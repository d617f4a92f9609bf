"""`slimgate nodes`: what images cost the disk of each node."""

import sys
from functools import partial
from typing import TYPE_CHECKING, Annotated, Final

import typer

from slimgate.cli.shared.forms import UsageOutput
from slimgate.cli.shared.options import (
    CLUSTER,
    OUTPUT,
    TIMEOUT,
    ConfigOption,
    ContextOption,
    KubeconfigOption,
    LimitOption,
    SelectorOption,
)
from slimgate.cli.shared.values import read_namespace, read_selection
from slimgate.cli.usage.options import (
    AllTimeoutOption,
    ByOption,
    DiskPriceOption,
    PullPriceOption,
    RegistryPriceOption,
    UsageOutputOption,
    WatchOption,
    check_prices,
    check_watch,
    prices_of,
)
from slimgate.core.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from slimgate.cli.shared.outside import Outside
    from slimgate.core.matching.selector import Selector
    from slimgate.core.nodes.disk import NodeDisk
    from slimgate.core.nodes.pulls import PullTable

    Found = tuple[Sequence[NodeDisk], PullTable | None, Sequence[str]]
    """Models, what was pulled, and why something is not known."""

HELP: Final = """Show what images cost each node's disk.

The node with the most comes first. COMPRESSED is layers as pulled, which containerd keeps beside
the UNPACKED ones; a layer that images share counts once. FREEABLE is what no pod on the node uses.
MEASURED is what the kubelet itself reports, if you have the right to nodes/proxy. With -o wide
there is the rest of each disk, too, and what the node pulled, by its kubelet's events.

-l selects nodes by their labels. With -n, only images that pods of that namespace use are counted,
and OWN is the part that no other namespace uses.

--by shows who fills these nodes' disks instead: every byte of their images belongs to somebody,
what several use is divided fairly, and where the kubelet is read, to what was measured. OVER LIMIT
is what would be won if every image were at the limits of the cluster's policies.

Exit status: 0; 2 for wrong usage; 3 if the cluster can't be read.
"""
EXAMPLES: Final = """\
slimgate nodes
slimgate nodes -l node-role.kubernetes.io/control-plane --images
slimgate nodes -n shop --limit 10
slimgate nodes --by workload --watch
"""


def nodes(
    *,
    namespace: Annotated[
        str | None,
        typer.Option(
            "--namespace",
            "-n",
            metavar="NAME",
            parser=read_namespace,
            help="Only images that pods of this namespace use.",
            show_default=False,
            rich_help_panel=CLUSTER,
        ),
    ] = None,
    everywhere: Annotated[
        bool,
        typer.Option(
            "--all-namespaces",
            "-A",
            help="Images of all namespaces, and unused ones. The default.",
            rich_help_panel=CLUSTER,
        ),
    ] = False,
    selector: SelectorOption = None,
    kubeconfig: KubeconfigOption = None,
    context: ContextOption = None,
    timeout: AllTimeoutOption = TIMEOUT,
    images: Annotated[
        bool,
        typer.Option(
            "--images", help="Show every image of every node (tables only).", rich_help_panel=OUTPUT
        ),
    ] = False,
    by: ByOption = None,
    disk_price: DiskPriceOption = None,
    registry_price: RegistryPriceOption = None,
    pull_price: PullPriceOption = None,
    limit: LimitOption = None,
    watch: WatchOption = False,
    output: UsageOutputOption = UsageOutput.TABLE,
    config: ConfigOption = None,
) -> None:
    """Model all nodes, and print them."""
    import asyncio  # noqa: PLC0415 - help must not wait for it

    from slimgate.cli.shared import outside  # noqa: PLC0415

    selected = read_selection(selector)
    check_watch(output, watch=watch)
    prices = prices_of(disk_price, registry_price, pull_price)
    check_prices(prices, by)
    outer = outside.real(config, kubeconfig, context)
    only = None if everywhere else namespace
    if by is None:
        show = partial(_print, only, output, limit, images=images)
        asyncio.run(_nodes(outer, selected, timeout, show, only, watch=watch))
        return
    from slimgate.cli.usage.scope import UsageScope  # noqa: PLC0415
    from slimgate.cli.usage.who_command import WhoQuestion, run_who  # noqa: PLC0415

    if images:
        raise SettingsError("--images shows every image of every node: leave out --by")
    asked = WhoQuestion(
        by=by,
        scope=UsageScope(namespace=only, everywhere=only is None, selector=selected),
        output=output,
        limit=limit,
        prices=prices,
        watch=watch,
        seconds=timeout,
    )
    asyncio.run(run_who(outer, asked))


async def _nodes(
    outside: "Outside",
    selector: "Selector",
    seconds: float,
    show: "Callable[[Found], None]",
    namespace: str | None,
    *,
    watch: bool,
) -> None:
    from slimgate.cli.shared.pool import LookupPool  # noqa: PLC0415
    from slimgate.cli.shared.progress import board  # noqa: PLC0415 - help must not wait for it
    from slimgate.cli.usage.disks import unread_notes  # noqa: PLC0415
    from slimgate.cli.usage.pulled import pulls_by  # noqa: PLC0415
    from slimgate.cli.usage.watching import look_and_show  # noqa: PLC0415 - it loads asyncio

    async with outside.cluster() as view:

        async def look() -> "Found":
            with board() as shown:
                async with LookupPool(shown, seconds).take("the nodes' images"):
                    disks = await view.disks(selector)
                    pulls, notes = await pulls_by(view, namespace, disks)
            return disks, pulls, (*unread_notes(disks, view.unread), *notes)

        await look_and_show(look, show, watch=watch)


def _print(
    namespace: str | None, output: UsageOutput, limit: int | None, found: "Found", *, images: bool
) -> None:
    disks, pulls, notes = found
    if not output.is_table:
        from slimgate.cli.shared.documents import document_text  # noqa: PLC0415
        from slimgate.cli.usage.usage_csv import nodes_csv  # noqa: PLC0415
        from slimgate.cli.usage.usage_json import nodes_document  # noqa: PLC0415

        if (form := output.document) is None:
            text = nodes_csv(disks, pulls, number=limit, namespace=namespace)
        else:
            document = nodes_document(disks, pulls, notes, number=limit, namespace=namespace)
            text = document_text(document, form)
        sys.stdout.write(text)
        return
    from slimgate.cli.shared.cells import is_narrow  # noqa: PLC0415 - it loads rich
    from slimgate.cli.shared.screen import screen, show  # noqa: PLC0415
    from slimgate.cli.usage.nodes_table import images_tables, nodes_table  # noqa: PLC0415

    console, wide = screen(), output is UsageOutput.WIDE
    write = images_tables if images else partial(nodes_table, narrow=is_narrow(console))
    show(console, write(disks, pulls, notes, number=limit, namespace=namespace, wide=wide))
