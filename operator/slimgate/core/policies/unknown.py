"""Why something is unknown, in one word, for metrics; sentences for people are in findings."""

from typing import Final

from slimgate.core.errors import ImageError, TooLargeError
from slimgate.core.images.facts import Inspection
from slimgate.core.policies.checks import growth, inspection
from slimgate.core.policies.finding import Finding, Subject

UNDETERMINED: Final = "undetermined"
"""The image is known, and does not tell what a check wants."""


def reason_of(finding: Finding, subject: Subject) -> str:
    """Name the error that kept an image from being known, else say that it does not tell.

    What is not inspected for no error is too much: images, or exceptions to compare them with.
    """
    use = finding.use
    if (undecided := subject.undecided.get(finding.policy)) is not None:
        return undecided.reason
    if use is None and finding.check != inspection.NAME:
        errors = [seen for seen in subject.images.values() if isinstance(seen, ImageError)]
        return errors[0].reason if errors else UNDETERMINED
    seen = None if use is None else subject.images.get(use)
    if finding.check == inspection.NAME and isinstance(seen, Inspection):
        said = (gap.reason for gap in seen.gaps if gap.message == finding.reason)
        return next(said, TooLargeError.reason)
    if finding.check == inspection.NAME and not isinstance(seen, ImageError):
        return TooLargeError.reason
    if use is None:
        return UNDETERMINED
    if not isinstance(seen, ImageError) and finding.check == growth.NAME:
        seen = subject.replaced().get(use.slot)
    return seen.reason if isinstance(seen, ImageError) else UNDETERMINED
