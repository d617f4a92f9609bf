"""What policies allow an image to be, in bytes, for what stands on nodes' disks."""

from collections.abc import Iterable, Iterator

from slimgate.core.nodes.over_limits import SizeLimit
from slimgate.core.policies.policy import Limit, Policy


def size_limits(policies: Iterable[Policy], reference: str) -> Iterator[SizeLimit]:
    """Yield the lines that policies draw for an image; an image at the lowest violates none."""
    for policy in policies:
        pull, unpacked = _line(policy.limits.pull_size), _line(policy.limits.unpacked_size)
        if (pull is not None or unpacked is not None) and policy.match.image(reference):
            yield SizeLimit(policy=policy.name, pull=pull, unpacked=unpacked)


def _line(limit: Limit | None) -> int | None:
    """Choose the softer line: what is above it violates already."""
    lines = () if limit is None else (limit.warn, limit.deny)
    return min((line for line in lines if line is not None), default=None)
