"""limits.workloadPullSize: all images of one pod together, shared layers once."""

from collections.abc import Iterator
from typing import Final

from slimgate.core.checks.measure import against
from slimgate.core.errors import ImageError
from slimgate.core.finding import Finding, Subject
from slimgate.core.image import ImageFacts, Inspection, Platform, Size, total
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
    measured: list[tuple[ImageFacts | None, Size]] = [
        (None, _pod_pull(images, platform)) for platform in sorted(platforms, key=str)
    ]
    missing = next((s for s in seen if isinstance(s, ImageError)), None)
    if missing is not None:
        measured.append((None, Size.unknown(str(missing))))
    yield from against(policy, NAME, limit, measured, None)


def _pod_pull(inspections: list[Inspection], platform: Platform) -> Size:
    layers = {
        layer.digest or (layer.diff_id, id(layer)): layer.pull
        for inspection in inspections
        for image in _on(inspection, platform)
        for layer in image.layers
    }
    return total(layers.values())


def _on(inspection: Inspection, platform: Platform) -> tuple[ImageFacts, ...]:
    """Pick the image for a platform, else the only one: a single manifest runs where it is put."""
    exact = tuple(image for image in inspection.images if image.platform == platform)
    return exact or (inspection.images if len(inspection.images) == 1 else ())
