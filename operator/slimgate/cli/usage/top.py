"""`slimgate top`: the largest images that the cluster's workloads use."""

import sys
from typing import TYPE_CHECKING, Final

from slimgate.cli.shared.forms import Output
from slimgate.cli.shared.options import (
    TIMEOUT,
    AllNamespacesOption,
    ConfigOption,
    ContextOption,
    KubeconfigOption,
    LimitOption,
    NamespaceOption,
    OutputOption,
    SelectorOption,
    TimeoutOption,
)
from slimgate.cli.shared.values import read_selection

if TYPE_CHECKING:
    from slimgate.cli.shared.outside import Outside
    from slimgate.cli.usage.images import Usage
    from slimgate.cli.usage.scope import UsageScope

_ROWS: Final = 20
HELP: Final = """Show the largest images that workloads use.

As with kubectl, the namespace is that of your kubeconfig's context: -n names another, -A takes all.
-l selects workloads by their own labels, not by those of their pods.

Each image is looked up for the platforms of the cluster's nodes, of which the largest counts, with
the pull secrets of the workloads that use it. Nothing is pulled. A table has 20 rows unless --limit
says otherwise; json and yaml have every image.

Exit status: 0; 2 for wrong usage; 3 if the cluster can't be read.
"""
EXAMPLES: Final = """\
slimgate top
slimgate top -A --limit 5
slimgate top -n shop -l app=web,tier!=test -o json
"""


def top(
    *,
    namespace: NamespaceOption = None,
    everywhere: AllNamespacesOption = False,
    selector: SelectorOption = None,
    kubeconfig: KubeconfigOption = None,
    context: ContextOption = None,
    timeout: TimeoutOption = TIMEOUT,
    limit: LimitOption = None,
    output: OutputOption = Output.TABLE,
    config: ConfigOption = None,
) -> None:
    """Look all images up, and print the largest."""
    import asyncio  # noqa: PLC0415 - help must not wait for it

    from slimgate.cli.shared import outside  # noqa: PLC0415
    from slimgate.cli.usage.scope import UsageScope  # noqa: PLC0415

    selected = read_selection(selector)
    scope = UsageScope(namespace=namespace, everywhere=everywhere, selector=selected)
    usage = asyncio.run(_usage(outside.real(config, kubeconfig, context), scope, timeout))
    _print(usage, output, limit)


async def _usage(outside: "Outside", scope: "UsageScope", seconds: float) -> "Usage":
    from slimgate.cli.shared.progress import board  # noqa: PLC0415 - help must not wait for it
    from slimgate.cli.usage.images import used_images  # noqa: PLC0415

    async with outside.cluster() as view:
        with board() as shown:
            return await used_images(view, shown, scope, seconds=seconds)


def _print(usage: "Usage", output: Output, limit: int | None) -> None:
    if output.is_document:
        from slimgate.cli.shared.documents import document_text  # noqa: PLC0415
        from slimgate.cli.usage.usage_json import top_document  # noqa: PLC0415

        sys.stdout.write(document_text(top_document(usage, number=limit), output))
        return
    from slimgate.cli.shared.cells import allows_bars  # noqa: PLC0415 - it loads rich
    from slimgate.cli.shared.screen import screen, show  # noqa: PLC0415
    from slimgate.cli.usage.top_table import top_table  # noqa: PLC0415

    console = screen()
    wide, bars = output is Output.WIDE, allows_bars(console)
    show(console, top_table(usage, number=limit or _ROWS, wide=wide, bars=bars))
