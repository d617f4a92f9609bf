"""Label values of what is unknown that are worth a series before it happens."""

from collections.abc import Iterable, Iterator
from typing import Final

from slimgate.core.errors import IMAGE_REASONS
from slimgate.core.policies.checks import CHECKS, inspection
from slimgate.core.policies.unknown import UNDETERMINED

LABELS: Final = ("check", "reason")


def expected(reasons: Iterable[str] = ()) -> Iterator[tuple[str, str]]:
    """Yield check and reason: of images that fail to be looked up, and of checks of known images.

    `reasons` are further ones for which no image could be looked up.
    """
    for reason in (*IMAGE_REASONS, *reasons):
        yield inspection.NAME, reason
    for check in CHECKS:
        if check != inspection.NAME:
            yield check, UNDETERMINED
