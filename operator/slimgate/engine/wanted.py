"""Which images of a workload are looked up, and for which of their facts."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from slimgate.core.images.facts import Platform, Wants
from slimgate.core.policies.policy import Policy
from slimgate.core.workloads.workload import ImageUse, Workload

SpokenOf = Mapping[str, frozenset[ImageUse]]
"""By policy, the images that it applies to."""
_COMPARED_AT_ONCE: Final = 512
"""Images and policies that are compared before others have their turn: milliseconds."""


async def spoken_of(policies: Sequence[Policy], workload: Workload) -> SpokenOf:
    """Compare a workload's images with policies' globs, once for a verdict.

    Policies may have many globs, and workloads many images: others have their turn in between, and
    whoever waits gives up when the time is up.
    """
    found: dict[str, frozenset[ImageUse]] = {}
    compared = 0
    for policy in policies:
        found[policy.name] = policy.match.spoken_of(workload.judged)
        compared += len(workload.judged)
        if compared >= _COMPARED_AT_ONCE:
            compared = 0
            await asyncio.sleep(0)
    return found


def spoken_of_all(policies: Sequence[Policy], workload: Workload) -> SpokenOf:
    """Compare few of both at once."""
    return {policy.name: policy.match.spoken_of(workload.judged) for policy in policies}


def wants_of(policy: Policy, trusting: frozenset[Platform]) -> Wants:
    """Find what a policy wants of images; `trusting` are the nodes that believe manifests."""
    if not trusting or not policy.wants_pull:
        return policy.wants
    return replace(policy.wants, lengths=trusting)


def wanted_by(
    policies: Sequence[Policy],
    workload: Workload,
    spoken_of: SpokenOf,
    trusting: frozenset[Platform],
) -> dict[ImageUse, Wants]:
    """Find what policies want of each image that they speak of."""
    wanted: dict[ImageUse, Wants] = {}
    for policy in policies:
        wants = wants_of(policy, trusting)
        for use in spoken_of[policy.name]:
            wanted[use] = wanted.get(use, Wants()) | wants
    return {use: wanted[use] for use in workload.judged if use in wanted}


def replaced_by(old: Workload, new: Workload) -> tuple[ImageUse, ...]:
    """Find what new images are compared with: those of their names, else those that go."""
    before, after = ({use.slot for use in one.images} for one in (old, new))
    if after <= before:
        return tuple(use for use in old.images if use.slot in after)
    return old.images
