"""`slimgate nodes`: what images cost the disk of each node."""

import sys
from typing import TYPE_CHECKING, Annotated, Final

import typer

from slimgate.cli.options import ConfigOption, ContextOption, KubeconfigOption, Output, OutputOption

if TYPE_CHECKING:
    from collections.abc import Sequence

    from slimgate.cli.outside import Outside
    from slimgate.core.disk import NodeDisk

HELP: Final = """Show what images cost the disk of each node.

COMPRESSED are layers as pulled, which containerd keeps beside the UNPACKED ones; a layer that
images share counts once. FREEABLE is what no pod on the node uses. MEASURED is what the kubelet
itself found, where you have the right to nodes/proxy.
"""


def nodes(
    *,
    images: Annotated[
        bool, typer.Option("--images", help="Show every image of every node (table only).")
    ] = False,
    output: OutputOption = Output.TABLE,
    kubeconfig: KubeconfigOption = None,
    context: ContextOption = None,
    config: ConfigOption = None,
) -> None:
    """Model all nodes, and print them."""
    import asyncio  # noqa: PLC0415 - help must not wait for it

    from slimgate.cli import outside  # noqa: PLC0415

    disks = asyncio.run(_disks(outside.real(config, kubeconfig, context)))
    if output is Output.JSON:
        from slimgate.cli.usage.usage_json import nodes_json  # noqa: PLC0415

        sys.stdout.write(nodes_json(disks))
        return
    from slimgate.cli.screen import screen, show  # noqa: PLC0415 - it loads rich
    from slimgate.cli.usage.nodes_table import images_tables, nodes_table  # noqa: PLC0415

    show(screen(), images_tables(disks) if images else nodes_table(disks))


async def _disks(outside: "Outside") -> "Sequence[NodeDisk]":
    from slimgate.cli.progress import board  # noqa: PLC0415 - it loads rich

    async with outside.cluster() as view:
        with board() as shown, shown.line("the nodes' images"):
            return await view.disks()
