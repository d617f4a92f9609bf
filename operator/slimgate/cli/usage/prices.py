"""What disks cost, if the user says what a GiB of them costs."""

from dataclasses import dataclass

from slimgate.core.nodes.prices import Billed, Prices, cost
from slimgate.core.nodes.stored import Stored


@dataclass(frozen=True, slots=True, kw_only=True)
class Money:
    """Prices that were given, or none."""

    prices: Prices

    @property
    def given(self) -> bool:
        """Whether there is any."""
        return self.prices.given

    def of(self, stored: Stored) -> float | None:
        """Tell what bytes on disks cost a month; None without a price."""
        if not self.given:
            return None
        return round(float(cost(Billed(node_disk=stored.disk), self.prices)), 2)

    def text(self, stored: Stored) -> str:
        """Write it."""
        amount = self.of(stored)
        return "-" if amount is None else f"{amount:.2f}"
