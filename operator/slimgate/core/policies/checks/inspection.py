"""The check that every policy has: that its images can be looked up."""

from collections.abc import Iterator
from typing import Final

from slimgate.core.errors import ImageError
from slimgate.core.images.facts import Inspection
from slimgate.core.policies import ways
from slimgate.core.policies.checks.check import Check
from slimgate.core.policies.finding import Finding, Outcome, Subject
from slimgate.core.policies.policy import Policy
from slimgate.core.policies.ways import Section, Why
from slimgate.core.workloads.workload import ImageUse

NAME: Final = "inspection"


def check(policy: Policy, subject: Subject) -> Iterator[Finding]:
    """Report images that could not be looked up, and that there are more than are judged.

    Where nobody knows whether the policy applies, there is nothing else to say.
    """
    if (why := subject.undecided.get(policy.name)) is not None:
        yield unknown(policy, Why(str(why), ways.API_SERVER))
        return
    excess = subject.workload.excess
    if excess is not None:
        yield unknown(policy, Why(excess, ways.MANY_IMAGES))
    for use, seen in subject.images.items():
        for fault in faults_of(seen):
            yield unknown(policy, fault, use)


def faults_of(seen: Inspection | ImageError) -> list[Why]:
    """Say why an image, or something that a node may choose of its index, is not known."""
    if isinstance(seen, ImageError):
        return [Why(str(seen), ways.of_error(seen))]
    return [
        Why(gap.message, ways.of_reason(gap.reason, no_platform=gap.no_platform))
        for gap in seen.gaps
    ]


def unknown(policy: Policy, why: Why, use: ImageUse | None = None) -> Finding:
    """Say that an image, or a workload as a whole, is not looked at."""
    return Finding(
        policy=policy.name,
        check=NAME,
        outcome=Outcome.UNKNOWN,
        use=use,
        reason=why.reason,
        way=why.way,
    )


CHECK: Final = Check(
    name=NAME,
    field="spec.onUnknown",
    title="An image could not be looked up",
    advice="Check that the image exists and that your registry login may pull it. Where the image "
    "is built in the same job, map it to a local one: --map REF=oci:FOLDER:TAG.",
    is_asked=lambda _: True,
    find=check,
    sentence=lambda _: "could not be looked up",
    section=Section.UNKNOWN,
    way=lambda _: ways.UNKNOWN,
)
