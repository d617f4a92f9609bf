"""`slimgate top`: the largest images that the cluster's workloads use."""

import sys
from typing import TYPE_CHECKING, Annotated, Final

import typer

from slimgate.cli.options import ConfigOption, ContextOption, KubeconfigOption, Output, OutputOption

if TYPE_CHECKING:
    from collections.abc import Sequence

    from slimgate.cli.outside import Outside
    from slimgate.cli.usage.images import UsedImage

HELP: Final = """Show the largest images of a cluster, and their users.

Images are looked up for the platforms of the cluster's nodes, of which the largest counts, with
the pull secrets of the workloads that use them.
"""


def top(
    *,
    number: Annotated[
        int, typer.Option("--number", "-n", metavar="N", min=1, help="How many to show in a table.")
    ] = 20,
    output: OutputOption = Output.TABLE,
    kubeconfig: KubeconfigOption = None,
    context: ContextOption = None,
    config: ConfigOption = None,
) -> None:
    """Look all images up, and print the largest."""
    import asyncio  # noqa: PLC0415 - help must not wait for it

    from slimgate.cli import outside  # noqa: PLC0415

    images = asyncio.run(_images(outside.real(config, kubeconfig, context)))
    if output is Output.JSON:
        from slimgate.cli.usage.usage_json import top_json  # noqa: PLC0415

        sys.stdout.write(top_json(images))
        return
    from slimgate.cli.screen import screen, show  # noqa: PLC0415 - it loads rich
    from slimgate.cli.tables import allows_bars  # noqa: PLC0415
    from slimgate.cli.usage.top_table import top_table  # noqa: PLC0415

    console = screen()
    show(console, top_table(images, number=number, bars=allows_bars(console)))


async def _images(outside: "Outside") -> "Sequence[UsedImage]":
    from slimgate.cli.progress import board  # noqa: PLC0415 - it loads rich
    from slimgate.cli.usage.images import used_images  # noqa: PLC0415

    async with outside.cluster() as view:
        with board() as shown:
            return await used_images(view, shown)
