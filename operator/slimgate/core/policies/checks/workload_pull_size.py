"""limits.workloadPullSize: all images of one pod together, shared layers once."""

from collections.abc import Iterable, Iterator
from typing import Final

from slimgate.core.errors import ImageError
from slimgate.core.images.facts import ImageFacts, Inspection, Platform, Size
from slimgate.core.policies.checks.measure import Amount, Measured, against
from slimgate.core.policies.finding import Finding, Subject
from slimgate.core.policies.policy import Policy

NAME: Final = "workloadPullSize"


def check(policy: Policy, subject: Subject) -> Iterator[Finding]:
    """Report a workload whose pod is more to pull than the limit, in bytes.

    A pod runs on one platform, so the sums are taken for each platform that an image has.
    """
    limit = policy.limits.workload_pull_size
    if limit is None:
        return
    images = list(subject.inspected().values())
    platforms = {image.platform for inspection in images for image in inspection.images}
    # An image that could not be inspected has layers on any platform.
    errors = [str(seen) for seen in subject.images.values() if isinstance(seen, ImageError)]
    excess = subject.workload.excess
    missing = [Size.unknown(why) for why in (*errors, *([] if excess is None else [excess]))]
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
