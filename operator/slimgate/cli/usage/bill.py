"""What everybody's bytes cost, where prices were given."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal

from slimgate.cli.usage.rows import Row
from slimgate.cli.usage.who import Who
from slimgate.core.nodes.prices import Billed, Prices, costs


@dataclass(frozen=True, slots=True, kw_only=True)
class Bill:
    """By keys of rows, to the cent: a month on disks and in registries, and pulls.

    The cents of all add up to those of the whole. None is what has no price. The pulls are those
    that events tell of, which a cluster keeps for an hour or some: nobody knows a month's.
    """

    months: Mapping[str, Decimal] | None = None
    pulls: Mapping[str, Decimal] | None = None

    def month(self, *rows: Row) -> Decimal | None:
        """Tell what some rows cost a month."""
        return _sum(self.months, rows)

    def pulled(self, *rows: Row) -> Decimal | None:
        """Tell what their pulls cost."""
        return _sum(self.pulls, rows)


def bill_of(found: Who, prices: Prices) -> Bill:
    """Write the bill of all rows and the rest."""
    rows = [*found.rows, *found.rest]
    held = {row.key: Billed(node_disk=row.share.disk, registry=row.registry or 0) for row in rows}
    pulled = {row.key: Billed(pulled=row.pulls.size) for row in rows if row.pulls is not None}
    return Bill(
        months=costs(held, replace(prices, pull=Decimal(0))),
        pulls=costs(pulled, Prices(pull=prices.pull)),
    )


def money_text(amount: Decimal | None) -> str:
    """Write an amount in whatever currency prices are in."""
    return "-" if amount is None else f"{amount:.2f}"


def money_figure(amount: Decimal | None) -> float | None:
    """Write it for other programs."""
    return None if amount is None else float(amount)


def _sum(amounts: Mapping[str, Decimal] | None, rows: Iterable[Row]) -> Decimal | None:
    if amounts is None:
        return None
    return sum((amounts.get(row.key, Decimal(0)) for row in rows), Decimal(0))
