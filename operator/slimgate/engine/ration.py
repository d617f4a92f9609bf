"""What one review may take: of time for what is not known yet, and of registries."""

import math
from dataclasses import dataclass
from typing import NoReturn

from slimgate.core.errors import SpentError
from slimgate.core.quantity import format_bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewLimits:
    """Limits of what a workload's images may take before it is judged; none by default.

    What is not known after `wait_seconds` is looked up further. Beyond the others no more is asked
    for, so that whoever sends a review decides neither how much traffic it makes nor how much
    memory it takes.
    """

    wait_seconds: float = math.inf
    requests: float = math.inf
    document_bytes: float = math.inf


class ReviewRation:
    """What is left of them for one review: core.credentials.identity.Ration."""

    def __init__(self, limits: ReviewLimits) -> None:
        self._limits = limits
        self._requests = limits.requests
        self._bytes = limits.document_bytes

    def take_request(self) -> None:
        """Count a request that is about to be sent; SpentError if nothing is left."""
        self.check_bytes()
        if self._requests <= 0:
            self._refuse(f"{self._limits.requests:,} requests")
        self._requests -= 1

    def check_bytes(self) -> None:
        """Raise SpentError if no more documents may be read."""
        if self._bytes <= 0:
            self._refuse(f"{format_bytes(int(self._limits.document_bytes))} of documents")

    def count_bytes(self, count: int) -> None:
        """Hear how much of documents was read."""
        self._bytes -= count

    def _refuse(self, what: str) -> NoReturn:
        raise SpentError(
            f"this review's {what} are used up: try again, which goes on from here, "
            "or run fewer images in one workload"
        )
