"""What `--by` does: models all nodes, adds up who fills their disks, and prints that."""

import sys
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING

from slimgate.cli.shared.forms import By, UsageOutput
from slimgate.cli.usage.options import ROWS, check_prices, check_watch
from slimgate.cli.usage.watching import look_and_show
from slimgate.core.nodes.prices import Prices

if TYPE_CHECKING:
    from collections.abc import Sequence

    from slimgate.cli.shared.outside import Outside
    from slimgate.cli.shared.ports import ClusterView
    from slimgate.cli.usage.scope import UsageScope
    from slimgate.cli.usage.who import Who
    from slimgate.core.matching.selector import Selector
    from slimgate.core.nodes.disk import NodeDisk
    from slimgate.core.nodes.over_limits import Limits
    from slimgate.core.nodes.pulls import PullTable


@dataclass(frozen=True, slots=True, kw_only=True)
class WhoQuestion:
    """What is to be shown, and how."""

    by: By
    scope: "UsageScope"
    """Of which namespace, and on which nodes: its selector is theirs."""
    output: UsageOutput = UsageOutput.TABLE
    limit: int | None = None
    prices: Prices = field(default_factory=Prices)
    watch: bool = False
    seconds: float = 0.0


async def run_who(outside: "Outside", asked: WhoQuestion) -> None:
    """Look, and print; with a watch again and again."""
    check_watch(asked.output, watch=asked.watch)
    check_prices(asked.prices, asked.by)
    async with outside.cluster() as view:

        async def look() -> "Who":
            return await found_in(view, outside, asked)

        await look_and_show(look, lambda found: show_who(found, asked), watch=asked.watch)


async def found_in(view: "ClusterView", outside: "Outside", asked: WhoQuestion) -> "Who":
    """Model the nodes, and add up."""
    from slimgate.cli.usage.who import who  # noqa: PLC0415 - help must not wait for it
    from slimgate.core.nodes.over_limits import over_limits  # noqa: PLC0415

    namespace = asked.scope.namespace_in(view)
    seen = await look_at(view, outside, asked.scope.selector, asked.seconds, namespace)
    over = [] if seen.limits is None else [over_limits(one, seen.limits) for one in seen.disks]
    found = who(seen.disks, asked.by, namespace=namespace, over=over, pulls=seen.pulls)
    return replace(found, notes=(*found.notes, *seen.notes))


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What there is on nodes, which limits are on it, and what was pulled, where that is known."""

    disks: "Sequence[NodeDisk]"
    limits: "Limits | None"
    pulls: "PullTable | None"
    notes: "Sequence[str]"
    """Why something is not known."""


async def look_at(
    view: "ClusterView",
    outside: "Outside",
    selector: "Selector",
    seconds: float,
    namespace: str | None = None,
) -> Seen:
    """Model the nodes, and tell the limits on what is on them, and what they pulled."""
    from slimgate.cli.shared.pool import LookupPool  # noqa: PLC0415 - help must not wait for it
    from slimgate.cli.shared.progress import board  # noqa: PLC0415
    from slimgate.cli.usage.disks import unread_notes  # noqa: PLC0415
    from slimgate.cli.usage.limits import limits_of  # noqa: PLC0415
    from slimgate.cli.usage.pulled import pulls_by  # noqa: PLC0415

    with board() as shown:
        async with LookupPool(shown, seconds).take("the nodes' images"):
            disks = await view.disks(selector)
            limits, notes = await limits_of(view, outside.settings, disks)
            pulls, more = await pulls_by(view, namespace, disks)
            unread = unread_notes(disks, view.unread)
    return Seen(disks=disks, limits=limits, pulls=pulls, notes=(*unread, *notes, *more))


def show_who(found: "Who", asked: WhoQuestion) -> None:
    """Print it in the form that was asked for."""
    from slimgate.cli.usage.bill import bill_of  # noqa: PLC0415 - help must not wait for it

    bill = bill_of(found, asked.prices)
    if not asked.output.is_table:
        from slimgate.cli.shared.documents import document_text  # noqa: PLC0415
        from slimgate.cli.usage.who_json import who_csv, who_document  # noqa: PLC0415

        form = asked.output.document
        text = (
            who_csv(found, bill, number=asked.limit)
            if form is None
            else document_text(who_document(found, bill, number=asked.limit), form)
        )
        sys.stdout.write(text)
        return
    from slimgate.cli.shared.cells import allows_bars  # noqa: PLC0415 - it loads rich
    from slimgate.cli.shared.screen import fits, screen, show  # noqa: PLC0415
    from slimgate.cli.usage.who_table import who_table  # noqa: PLC0415

    console = screen()
    wide = asked.output is UsageOutput.WIDE
    write = partial(who_table, found, bill, number=asked.limit or ROWS, wide=wide)
    barred = write(bars=allows_bars(console) and not wide)
    show(console, barred if fits(console, barred) else write())
