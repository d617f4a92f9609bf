"""The checks, one file each: a policy and a subject in, findings out.

The subject's images are those that the policy speaks of.
"""

from collections.abc import Callable, Iterator
from typing import Final

from slimgate.core.policies.checks import (
    base,
    false_claim,
    growth,
    layer_size,
    layers,
    max_tier,
    pull_size,
    unpacked_size,
    workload_pull_size,
)
from slimgate.core.policies.finding import Finding, Subject
from slimgate.core.policies.policy import Policy

Check = Callable[[Policy, Subject], Iterator[Finding]]

CHECKS: Final[dict[str, Check]] = {
    pull_size.NAME: pull_size.check,
    unpacked_size.NAME: unpacked_size.check,
    layers.NAME: layers.check,
    layer_size.NAME: layer_size.check,
    workload_pull_size.NAME: workload_pull_size.check,
    growth.NAME: growth.check,
    base.NAME: base.check,
    max_tier.NAME: max_tier.check,
    false_claim.NAME: false_claim.check,
}
"""Every check by the name that messages, reports and metrics give it."""

ON_BASES: Final = frozenset({base.NAME, max_tier.NAME})
"""The checks whose outcome may hinge on BaseImages."""
