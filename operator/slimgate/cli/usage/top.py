"""`slimgate top`: the largest images that the cluster's workloads use."""

import sys
from typing import TYPE_CHECKING, Final

from slimgate.cli.shared.forms import UsageOutput
from slimgate.cli.shared.options import (
    TIMEOUT,
    AllNamespacesOption,
    ConfigOption,
    ContextOption,
    KubeconfigOption,
    LimitOption,
    NamespaceOption,
    SelectorOption,
    TimeoutOption,
)
from slimgate.cli.shared.values import read_selection
from slimgate.cli.usage.options import (
    ROWS,
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
    from slimgate.cli.shared.outside import Outside
    from slimgate.cli.usage.images import Usage
    from slimgate.cli.usage.scope import UsageScope

HELP: Final = """Show the largest images that workloads use.

As with kubectl, the namespace is that of your kubeconfig's context: -n names another, -A takes all.
-l selects workloads by their own labels, not by those of their pods.

Each image is looked up for the platforms of the cluster's nodes, of which the largest counts, with
the pull secrets of the workloads that use it. Nothing is pulled. A table has 20 rows unless --limit
says otherwise; json, yaml and csv have every image.

--by shows who fills the nodes' disks instead: every byte of their images belongs to somebody, what
several use is divided fairly, and where the kubelet is read, to what was measured. OVER LIMIT is
what would be won if every image were at the limits of the cluster's policies.

Exit status: 0; 2 for wrong usage; 3 if the cluster can't be read.
"""
EXAMPLES: Final = """\
slimgate top
slimgate top -A --limit 5
slimgate top -A --by namespace --disk-price 0.08
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
    by: ByOption = None,
    disk_price: DiskPriceOption = None,
    registry_price: RegistryPriceOption = None,
    pull_price: PullPriceOption = None,
    limit: LimitOption = None,
    watch: WatchOption = False,
    output: UsageOutputOption = UsageOutput.TABLE,
    config: ConfigOption = None,
) -> None:
    """Look all images up, and print the largest."""
    import asyncio  # noqa: PLC0415 - help must not wait for it

    from slimgate.cli.shared import outside  # noqa: PLC0415
    from slimgate.cli.usage.scope import UsageScope  # noqa: PLC0415

    selected = read_selection(selector)
    check_watch(output, watch=watch)
    prices = prices_of(disk_price, registry_price, pull_price)
    check_prices(prices, by)
    outer = outside.real(config, kubeconfig, context)
    if by is None:
        scope = UsageScope(namespace=namespace, everywhere=everywhere, selector=selected)
        asyncio.run(_top(outer, scope, timeout, output, limit, watch=watch))
        return
    from slimgate.cli.usage.who_command import WhoQuestion, run_who  # noqa: PLC0415

    if selector is not None:
        raise SettingsError("-l selects workloads, and --by shows nodes: try slimgate nodes --by")
    asked = WhoQuestion(
        by=by,
        scope=UsageScope(namespace=namespace, everywhere=everywhere),
        output=output,
        limit=limit,
        prices=prices,
        watch=watch,
        seconds=timeout,
    )
    asyncio.run(run_who(outer, asked))


async def _top(
    outside: "Outside",
    scope: "UsageScope",
    seconds: float,
    output: UsageOutput,
    limit: int | None,
    *,
    watch: bool,
) -> None:
    from slimgate.cli.shared.progress import board  # noqa: PLC0415 - help must not wait for it
    from slimgate.cli.usage.images import used_images  # noqa: PLC0415
    from slimgate.cli.usage.watching import look_and_show  # noqa: PLC0415 - it loads asyncio

    async with outside.cluster() as view:

        async def look() -> "Usage":
            with board() as shown:
                return await used_images(view, shown, scope, seconds=seconds)

        await look_and_show(look, lambda usage: _print(usage, output, limit), watch=watch)


def _print(usage: "Usage", output: UsageOutput, limit: int | None) -> None:
    if not output.is_table:
        from slimgate.cli.shared.documents import document_text  # noqa: PLC0415
        from slimgate.cli.usage.usage_csv import top_csv  # noqa: PLC0415
        from slimgate.cli.usage.usage_json import top_document  # noqa: PLC0415

        form = output.document
        sys.stdout.write(
            top_csv(usage, number=limit)
            if form is None
            else document_text(top_document(usage, number=limit), form)
        )
        return
    from slimgate.cli.shared.cells import allows_bars  # noqa: PLC0415 - it loads rich
    from slimgate.cli.shared.screen import screen, show  # noqa: PLC0415
    from slimgate.cli.usage.top_table import top_table  # noqa: PLC0415

    console = screen()
    wide, bars = output is UsageOutput.WIDE, allows_bars(console)
    show(console, top_table(usage, number=limit or ROWS, wide=wide, bars=bars))
