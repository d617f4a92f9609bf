"""limits.growth: how much more there is to pull than for the image that runs now, in percent.

A container is compared with the one of its name. One of a new name is compared with those that go
with the update, else with those that stay, of which the next update may take any away: a new name
would be a way round (ADR 22). Of these it is an image of its own repository, else the largest.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from typing import Final

from slimgate.core.errors import ImageError
from slimgate.core.images.facts import Inspection, Platform, Size
from slimgate.core.images.reference import Reference
from slimgate.core.policies import ways
from slimgate.core.policies.checks.check import Check, Unit
from slimgate.core.policies.checks.measure import Amount, Measured, against
from slimgate.core.policies.checks.sentences import platform_of
from slimgate.core.policies.finding import Finding, Outcome, Subject
from slimgate.core.policies.policy import Policy
from slimgate.core.policies.ways import Section
from slimgate.core.workloads.workload import ImageUse, Role

Seen = Mapping[ImageUse, Inspection | ImageError]
NAME: Final = "growth"


def check(policy: Policy, subject: Subject) -> Iterator[Finding]:
    """Report images that grew by more than the limit; what is new has nothing to grow from."""
    limit = policy.limits.growth
    if limit is None:
        return
    running, gone = subject.replaced(), subject.gone()
    for use, seen in subject.inspected().items():
        before = running.get(use.slot)
        former = _former(use, gone, subject.running) if before is None else [before]
        known = [one for one in former if isinstance(one, Inspection)]
        measured = list(_growth(known, seen))
        error = next((one for one in former if isinstance(one, ImageError)), None)
        if error is not None:
            measured = list(_at_most(measured, error))
        for finding in against(policy, NAME, limit, measured, use):
            if finding.outcome is Outcome.UNKNOWN and error is not None:
                yield replace(finding, way=ways.GROWN_FROM_UNKNOWN)
            elif before is None and finding.outcome is not Outcome.UNKNOWN:
                yield replace(finding, way=ways.GROWN_BESIDE)
            else:
                yield finding


def _former(use: ImageUse, gone: Seen, running: Seen) -> Sequence[Inspection | ImageError]:
    """Find what a container or a volume of a new name may stand for."""
    if use.role is Role.EPHEMERAL:
        # It is added to a pod to look into it, and stands for nothing: no update takes others away.
        return []
    alike = _alike(use, gone) or _alike(use, running)
    name = _name(use)
    named = [seen for one, seen in alike.items() if name is not None and _name(one) == name]
    return named or list(alike.values())


def _alike(use: ImageUse, seen: Seen) -> Seen:
    return {one: what for one, what in seen.items() if one.slot[0] is use.slot[0]}


def _name(use: ImageUse) -> str | None:
    try:
        return Reference.parse(use.reference).plain.name
    except ImageError:
        return None


def _at_most(measured: Sequence[Measured], error: ImageError) -> Iterator[Measured]:
    """Take growth for what it is at most: what is not known may have been larger."""
    reason = f"the image that runs now is unknown: {error}"
    unknown = Amount(least=0, exact=False, reason=reason)
    if not measured:
        yield None, unknown
    for image, amount in measured:
        yield image, amount if amount.exact and not amount.least else unknown


def _growth(before: Sequence[Inspection], after: Inspection) -> Iterator[Measured]:
    """Measure growth from the largest that there was."""
    each = [_counterparts(one, after) for one in before]
    old: dict[Platform, Size] = {}
    for platform, size in chain.from_iterable(one.items() for one in each):
        old[platform] = max(old.get(platform, size), size, key=_size)
    for image in after.images:
        for was in (old[one] for one in image.platforms if one in old):
            yield image, _grown(was, image.pull)


def _grown(was: Size, now: Size) -> Amount:
    if was.bytes is None or now.bytes is None:
        # What is known of either size is bytes, and says nothing of a percentage.
        return replace(Amount.of(was if was.bytes is None else now), least=0, evidence=None)
    # Rounded up: a limit of 10% is broken by 10.01%. Nothing has nothing to grow from.
    return Amount(least=max(0, -((was.bytes - now.bytes) * 100 // was.bytes)) if was.bytes else 0)


def _size(size: Size) -> float:
    return float("inf") if size.bytes is None else size.bytes


def _counterparts(before: Inspection, after: Inspection) -> Mapping[Platform, Size]:
    """Find what ran on each platform; a single manifest runs where it is put, whatever it says.

    Of a single manifest whose config nobody has read the platform is not known, so it must not
    be what decides whether two images are compared at all. Where runtimes differ in what they
    take for a platform, the largest counts, before as after.
    """
    by_size = sorted(before.images, key=lambda image: image.pull.bytes or 0)
    old = {platform: image.pull for image in by_size for platform in image.platforms}
    if any(one in old for image in after.images for one in image.platforms):
        return old
    if by_size and (len(before.images) == 1 or len(after.images) == 1):
        return {one: by_size[-1].pull for image in after.images for one in image.platforms}
    return {}


def _sentence(finding: Finding) -> str:
    is_new = finding.way is ways.GROWN_BESIDE
    what = "any image that it may replace" if is_new else "the image that runs now"
    more = f"{finding.value}% more than {what}{platform_of(finding)}"
    return f"pulls {more}, limit {finding.limit}%"


CHECK: Final = Check(
    name=NAME,
    field="spec.limits.growth",
    title="An image grew by more than the policy allows",
    advice="Compare its layers with those of the image that runs now: slimgate inspect --layers.",
    unit=Unit.PERCENT,
    is_asked=lambda policy: policy.limits.growth is not None,
    find=check,
    sentence=_sentence,
    section=Section.GROWTH,
    way=lambda _: ways.GROWTH,
    unknown=ways.UNKNOWN_PULL_SIZE,
)
