"""The checks, one file each: its code, its sentences, and what to do about what it finds."""

from collections.abc import Mapping
from typing import Final

from slimgate.core.policies.checks import (
    base,
    false_claim,
    growth,
    inspection,
    layer_size,
    layers,
    max_tier,
    pull_size,
    unpacked_size,
    workload_pull_size,
)
from slimgate.core.policies.checks.check import Check
from slimgate.core.policies.policy import Policy

_ALL: Final = (
    inspection.CHECK,
    pull_size.CHECK,
    unpacked_size.CHECK,
    layers.CHECK,
    layer_size.CHECK,
    workload_pull_size.CHECK,
    growth.CHECK,
    base.CHECK,
    max_tier.CHECK,
    false_claim.CHECK,
)

CHECKS: Final[Mapping[str, Check]] = {check.name: check for check in _ALL}
"""Every check by the name that messages, reports and metrics give it."""

ON_BASES: Final = frozenset({base.NAME, max_tier.NAME})
"""The checks whose outcome may hinge on BaseImages."""


def asked_by(policy: Policy) -> tuple[str, ...]:
    """List the checks of which a policy may have findings."""
    return tuple(name for name, check in CHECKS.items() if check.is_asked(policy))
