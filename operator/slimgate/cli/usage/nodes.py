"""`slimgate nodes`: what images cost the disk of each node."""

import sys
from typing import TYPE_CHECKING, Annotated, Final

import typer

from slimgate.cli.shared.forms import Output
from slimgate.cli.shared.options import (
    CLUSTER,
    OUTPUT,
    TIMEOUT,
    ConfigOption,
    ContextOption,
    KubeconfigOption,
    LimitOption,
    OutputOption,
    SelectorOption,
)
from slimgate.cli.shared.values import read_namespace, read_selection, read_timeout

if TYPE_CHECKING:
    from collections.abc import Sequence

    from slimgate.cli.shared.outside import Outside
    from slimgate.core.matching.selector import Selector
    from slimgate.core.nodes.disk import NodeDisk

HELP: Final = """Show what images cost each node's disk.

The node with the most comes first. COMPRESSED is layers as pulled, which containerd keeps beside
the UNPACKED ones; a layer that images share counts once. FREEABLE is what no pod on the node uses.
MEASURED is what the kubelet itself reports, if you have the right to nodes/proxy.

-l selects nodes by their labels. With -n, only images that pods of that namespace use are counted,
and OWN is the part that no other namespace uses.

Exit status: 0; 2 for wrong usage; 3 if the cluster can't be read.
"""
EXAMPLES: Final = """\
slimgate nodes
slimgate nodes -l node-role.kubernetes.io/control-plane --images
slimgate nodes -n shop --limit 10
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
    timeout: Annotated[
        float,
        typer.Option(
            "--timeout",
            metavar="DURATION",
            parser=read_timeout,
            help="How long all images may take together; 0 for no limit. Default: 5m.",
            show_default=False,
            rich_help_panel=CLUSTER,
        ),
    ] = TIMEOUT,
    images: Annotated[
        bool,
        typer.Option(
            "--images", help="Show every image of every node (tables only).", rich_help_panel=OUTPUT
        ),
    ] = False,
    limit: LimitOption = None,
    output: OutputOption = Output.TABLE,
    config: ConfigOption = None,
) -> None:
    """Model all nodes, and print them."""
    import asyncio  # noqa: PLC0415 - help must not wait for it

    from slimgate.cli.shared import outside  # noqa: PLC0415

    selected = read_selection(selector)
    disks = asyncio.run(_disks(outside.real(config, kubeconfig, context), selected, timeout))
    only = None if everywhere else namespace
    if output.is_document:
        from slimgate.cli.shared.documents import document_text  # noqa: PLC0415
        from slimgate.cli.usage.usage_json import nodes_document  # noqa: PLC0415

        document = nodes_document(disks, number=limit, namespace=only)
        sys.stdout.write(document_text(document, output))
        return
    from slimgate.cli.shared.screen import screen, show  # noqa: PLC0415 - it loads rich
    from slimgate.cli.usage.nodes_table import images_tables, nodes_table  # noqa: PLC0415

    write = images_tables if images else nodes_table
    show(screen(), write(disks, number=limit, namespace=only, wide=output is Output.WIDE))


async def _disks(outside: "Outside", selector: "Selector", seconds: float) -> "Sequence[NodeDisk]":
    from slimgate.cli.shared.pool import LookupPool  # noqa: PLC0415
    from slimgate.cli.shared.progress import board  # noqa: PLC0415 - help must not wait for it

    async with outside.cluster() as view:
        with board() as shown:
            async with LookupPool(shown, seconds).take("the nodes' images"):
                return await view.disks(selector)
