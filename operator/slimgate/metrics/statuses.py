"""HTTP statuses as label values: servers choose them, so those that say little become a class."""

from collections.abc import Collection
from typing import Final

from slimgate.metrics.bounded import OTHER

_CLASSES: Final = range(1, 6)


def outcome_label(outcome: int | str, statuses: Collection[int]) -> str:
    """Write one of the `statuses`, the class of another, or the reason why there was none."""
    if isinstance(outcome, str) or outcome in statuses:
        return str(outcome)
    return f"{outcome // 100}xx" if outcome // 100 in _CLASSES else OTHER
