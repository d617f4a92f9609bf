"""The check that every policy has: that its images can be looked up."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from slimgate.core.errors import ImageError, TooLargeError, UnsupportedError
from slimgate.core.images.facts import Inspection
from slimgate.core.policies.checks.check import Check
from slimgate.core.policies.finding import Finding, Outcome, Subject
from slimgate.core.policies.policy import Policy
from slimgate.core.workloads.workload import ImageUse

NAME: Final = "inspection"
_LASTING: Final = {TooLargeError.reason, UnsupportedError.reason}
"""Of what nothing but another image helps; all else may be set right where the image lies."""


def check(policy: Policy, subject: Subject) -> Iterator[Finding]:
    """Report images that could not be looked up, and that there are more than are judged.

    Where nobody knows whether the policy applies, there is nothing else to say.
    """
    if (why := subject.undecided.get(policy.name)) is not None:
        yield unknown(policy, str(why))
        return
    excess = subject.workload.excess
    if excess is not None:
        yield unknown(policy, excess)
    for use, seen in subject.images.items():
        for reason, lasts in _faults(seen):
            yield replace(unknown(policy, reason, use), lasting=lasts)


def _faults(seen: Inspection | ImageError) -> Iterator[tuple[str, bool]]:
    """Say why something is not known, and whether it is the image's own fault, which lasts."""
    if isinstance(seen, ImageError):
        yield str(seen), seen.reason in _LASTING
    else:
        yield from ((gap.message, gap.reason in _LASTING) for gap in seen.gaps)


def whys(seen: Inspection | ImageError) -> list[str]:
    """Say why an image, or something that a node may choose of its index, is not known."""
    return [str(seen)] if isinstance(seen, ImageError) else [gap.message for gap in seen.gaps]


def unknown(policy: Policy, reason: str, use: ImageUse | None = None) -> Finding:
    """Say that an image, or a workload as a whole, is not looked at."""
    return Finding(policy=policy.name, check=NAME, outcome=Outcome.UNKNOWN, use=use, reason=reason)


CHECK: Final = Check(
    name=NAME,
    field="spec.onUnknown",
    title="An image could not be looked up",
    advice="Check that the image exists and that your registry login may pull it. Where the image "
    "is built in the same job, map it to a local one: --map REF=oci:FOLDER:TAG.",
    is_asked=lambda _: True,
    find=check,
    sentence=lambda _: "could not be looked up",
)
