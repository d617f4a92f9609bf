"""limits.growth: how much more there is to pull than for the image that runs now, in percent."""

from collections.abc import Iterator
from typing import Final

from slimgate.core.checks.measure import against
from slimgate.core.finding import Finding, Subject
from slimgate.core.image import ImageFacts, Inspection, Size
from slimgate.core.policy import Policy

NAME: Final = "growth"


def check(policy: Policy, subject: Subject) -> Iterator[Finding]:
    """Report images that grew by more than the limit; a new container has nothing to grow from."""
    limit = policy.limits.growth
    if limit is None:
        return
    for use, seen in subject.inspected().items():
        before = subject.running.get(use.name)
        if before is None or not policy.match.image(use.reference):
            continue
        measured: list[tuple[ImageFacts | None, Size]] = (
            list(_growth(before, seen))
            if isinstance(before, Inspection)
            else [(None, Size.unknown(f"the image that runs now is not known: {before}"))]
        )
        yield from against(policy, NAME, limit, measured, use)


def _growth(before: Inspection, after: Inspection) -> Iterator[tuple[ImageFacts, Size]]:
    old = {image.platform: image.pull for image in before.images}
    for image in after.images:
        was, now = old.get(image.platform), image.pull
        if was is None:
            continue
        if was.bytes is None or now.bytes is None:
            yield image, was if was.bytes is None else now
        elif was.bytes:
            # Rounded up: a limit of 10% is broken by 10.01%.
            yield image, Size.known(max(0, -((was.bytes - now.bytes) * 100 // was.bytes)))
