"""A policy that asks for every check there is."""

from slimgate.core.images.tier import Tier
from slimgate.core.policies.policy import BaseRules, Limit, Limits, Policy, TierLimit

_LIMIT = Limit(deny=1)
EVERYTHING = Policy(
    name="everything",
    limits=Limits(
        pull_size=_LIMIT,
        unpacked_size=_LIMIT,
        layers=_LIMIT,
        layer_size=_LIMIT,
        workload_pull_size=_LIMIT,
        growth=_LIMIT,
    ),
    bases=BaseRules(allow=("x",), max_tier=TierLimit(warn=Tier.SLIM)),
)
