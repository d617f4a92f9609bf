"""`slimgate explain`: what a policy would do to the cluster as it runs now, before it does."""

import sys
from typing import TYPE_CHECKING, Annotated, Final

import typer

from slimgate.cli.options import ConfigOption, ContextOption, KubeconfigOption, Output, OutputOption

if TYPE_CHECKING:
    from slimgate.cli.outside import Outside
    from slimgate.cli.previews.preview import Preview

HELP: Final = """Show what a policy would deny, were it enforced now.

POLICY is the name of a SlimPolicy of the cluster, or a file with one that is not there yet. Every
workload that runs is judged by it alone, with the cluster's exceptions and the credentials of the
workload's own pods. Nothing is changed; the exit status is 0 whatever would be denied.
"""


def explain(
    policy: Annotated[str, typer.Argument(metavar="POLICY", show_default=False)],
    *,
    output: OutputOption = Output.TABLE,
    kubeconfig: KubeconfigOption = None,
    context: ContextOption = None,
    config: ConfigOption = None,
) -> None:
    """Judge the cluster by one policy, and print what would happen."""
    import asyncio  # noqa: PLC0415 - help must not wait for it

    from slimgate.cli import outside  # noqa: PLC0415

    found = asyncio.run(_preview(policy, outside.real(config, kubeconfig, context)))
    _print(found, output)


async def _preview(policy: str, outside: "Outside") -> "Preview":
    from slimgate.cli.previews.preview import preview  # noqa: PLC0415 - help must not wait for it
    from slimgate.cli.progress import board  # noqa: PLC0415

    async with outside.cluster() as view:
        with board() as shown:
            return await preview(policy, view, shown)


def _print(found: "Preview", output: Output) -> None:
    if output is Output.JSON:
        from slimgate.cli.previews.preview_json import preview_json  # noqa: PLC0415

        sys.stdout.write(preview_json(found))
        return
    from slimgate.cli.previews.table import preview_table  # noqa: PLC0415 - it loads rich
    from slimgate.cli.screen import screen, show  # noqa: PLC0415

    show(screen(), preview_table(found))
