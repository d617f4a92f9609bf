"""Which checks a policy asks for, whether or not they find anything."""

from collections.abc import Callable, Mapping
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
from slimgate.core.policies.finding import INSPECTION
from slimgate.core.policies.policy import OnFalseClaim, Policy

_ASKED: Final[Mapping[str, Callable[[Policy], bool]]] = {
    INSPECTION: lambda _: True,
    pull_size.NAME: lambda policy: policy.limits.pull_size is not None,
    unpacked_size.NAME: lambda policy: policy.limits.unpacked_size is not None,
    layers.NAME: lambda policy: policy.limits.layers is not None,
    layer_size.NAME: lambda policy: policy.limits.layer_size is not None,
    workload_pull_size.NAME: lambda policy: policy.limits.workload_pull_size is not None,
    growth.NAME: lambda policy: policy.limits.growth is not None,
    base.NAME: lambda policy: bool(policy.bases and (policy.bases.allow or policy.bases.deny)),
    max_tier.NAME: lambda policy: bool(policy.bases and policy.bases.max_tier),
    false_claim.NAME: lambda policy: (
        policy.bases is not None and policy.bases.on_false_claim is not OnFalseClaim.IGNORE
    ),
}


def own_checks(policy: Policy) -> tuple[str, ...]:
    """List the checks of which a policy may have findings."""
    return tuple(name for name, is_asked in _ASKED.items() if is_asked(policy))
