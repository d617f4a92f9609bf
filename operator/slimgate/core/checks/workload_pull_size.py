"""limits.workloadPullSize: all images of one pod together, shared layers once."""

from collections.abc import Iterable, Iterator
from typing import Final

from slimgate.core.checks.measure import Amount, Measured, against
from slimgate.core.errors import ImageError
from slimgate.core.finding import Finding, Subject
from slimgate.core.image import ImageFacts, Inspection, Platform, Size
from slimgate.core.policy import Policy

NAME: Final = "workloadPullSize"


def check(policy: Policy, subject: Subject) -> Iterator[Finding]:
    """Report a workload whose pod is more to pull than the limit, in bytes.

    A pod runs on one platform, so the sums are taken for each platform that an image has.
    """
    limit = policy.limits.workload_pull_size
    if limit is None:
        return
    seen = [s for use, s in subject.images.items() if policy.match.image(use.reference)]
    images = [s for s in seen if isinstance(s, Inspection)]
    platforms = {image.platform for inspection in images for image in inspection.images}
    # An image that could not be inspected has layers on any platform.
    missing = [Size.unknown(str(s)) for s in seen if isinstance(s, ImageError)]
    measured: list[Measured] = [
        (None, Amount.sum([*missing, *_pod_pull(images, platform)]))
        for platform in sorted(platforms, key=str)
    ]
    yield from against(policy, NAME, limit, measured or [(None, Amount.sum(missing))], None)


def _pod_pull(inspections: list[Inspection], platform: Platform) -> Iterable[Size]:
    return {
        layer.digest or (layer.diff_id, id(layer)): layer.pull
        for inspection in inspections
        for image in _on(inspection, platform)
        for layer in image.layers
    }.values()


def _on(inspection: Inspection, platform: Platform) -> tuple[ImageFacts, ...]:
    """Pick the image for a platform, else the only one: a single manifest runs where it is put."""
    exact = tuple(image for image in inspection.images if image.platform == platform)
    return exact or (inspection.images if len(inspection.images) == 1 else ())
