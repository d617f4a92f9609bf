"""limits.growth: how much more there is to pull than for the image that runs now, in percent."""

from collections.abc import Iterator, Mapping
from typing import Final

from slimgate.core.errors import ImageError
from slimgate.core.images.facts import Inspection, Platform, Size
from slimgate.core.policies.checks.measure import Amount, Measured, against
from slimgate.core.policies.finding import Finding, Subject
from slimgate.core.policies.policy import Policy

NAME: Final = "growth"


def check(policy: Policy, subject: Subject) -> Iterator[Finding]:
    """Report images that grew by more than the limit; what is new has nothing to grow from."""
    limit = policy.limits.growth
    if limit is None:
        return
    running = subject.replaced()
    for use, seen in subject.inspected().items():
        before = running.get(use.slot)
        if before is None:
            continue
        measured = _growth(before, seen) if isinstance(before, Inspection) else [_unknown(before)]
        yield from against(policy, NAME, limit, measured, use)


def _unknown(error: ImageError) -> Measured:
    return None, Amount.of(Size.unknown(f"the image that runs now is unknown: {error}"))


def _growth(before: Inspection, after: Inspection) -> Iterator[Measured]:
    old = _counterparts(before, after)
    for image in after.images:
        was, now = old.get(image.platform), image.pull
        if was is None:
            continue
        if was.bytes is None or now.bytes is None:
            # What is known of either size is bytes, and says nothing of a percentage.
            reason = was.reason if was.bytes is None else now.reason
            yield image, Amount(least=0, exact=False, reason=reason)
        elif was.bytes:
            # Rounded up: a limit of 10% is broken by 10.01%.
            yield image, Amount(least=max(0, -((was.bytes - now.bytes) * 100 // was.bytes)))


def _counterparts(before: Inspection, after: Inspection) -> Mapping[Platform, Size]:
    """Find what ran on each platform; a single manifest runs where it is put, whatever it says.

    Of a single manifest whose config nobody has read the platform is not known, so it must not
    be what decides whether two images are compared at all.
    """
    old = {image.platform: image.pull for image in before.images}
    if any(image.platform in old for image in after.images):
        return old
    if len(before.images) == 1 or len(after.images) == 1:
        largest = max(before.images, key=lambda image: image.pull.bytes or 0, default=None)
        if largest is not None:
            return {image.platform: largest.pull for image in after.images}
    return {}
