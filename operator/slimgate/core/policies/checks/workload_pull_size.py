"""limits.workloadPullSize: all images of one pod together, shared layers once."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import Final

from slimgate.core.errors import ImageError
from slimgate.core.images.facts import ImageFacts, Inspection, Platform, Size
from slimgate.core.policies import ways
from slimgate.core.policies.checks.check import Check, Unit
from slimgate.core.policies.checks.inspection import faults_of
from slimgate.core.policies.checks.measure import Amount, Measured, against
from slimgate.core.policies.checks.sentences import size_sentence
from slimgate.core.policies.finding import Finding, Outcome, Subject
from slimgate.core.policies.policy import Policy
from slimgate.core.policies.ways import Section, Why
from slimgate.core.workloads.workload import ImageUse

NAME: Final = "workloadPullSize"
Images = Mapping[ImageUse, Inspection | ImageError]


def check(policy: Policy, subject: Subject) -> Iterator[Finding]:
    """Report a workload whose pod is more to pull than the limit, in bytes.

    A pod runs on one platform, so the sums are taken for each platform that an image is for.
    """
    limit = policy.limits.workload_pull_size
    if limit is None:
        return
    platforms = _platforms(subject.images)
    # An image that could not be inspected has layers on any platform.
    whys = [why for seen in subject.images.values() for why in faults_of(seen)]
    excess = subject.workload.excess
    whys += [] if excess is None else [Why(excess, ways.MANY_IMAGES)]
    missing = [Size.unknown(why.reason) for why in whys]
    measured: list[Measured] = [
        (None, Amount.sum([*missing, *_pod_pull(subject.images, platform).values()]))
        for platform in sorted(platforms, key=str)
    ]
    found = against(policy, NAME, limit, measured or [(None, Amount.sum(missing))], None)
    no_more = _is_no_more(policy, subject)
    for finding in found:
        way = whys[0].way if whys and finding.outcome is Outcome.UNKNOWN else finding.way
        yield replace(finding, no_more=no_more, way=way)


def _is_no_more(policy: Policy, subject: Subject) -> bool:
    """Whether what runs now is known to come to as much, on every platform.

    What both have cancels out, be it known or not.
    """
    before = {
        use: seen for use, seen in subject.running.items() if policy.match.image(use.reference)
    }
    references = {use.reference for use in before}
    new = {use: seen for use, seen in subject.images.items() if use.reference not in references}
    if not before or subject.workload.excess or any(map(faults_of, new.values())):
        return False
    now, then = _alike(subject.images, before)
    return all(
        _grows_by(_pod_pull(now, platform), _pod_pull(then, platform)) <= 0
        for platform in _platforms(now)
    )


def _alike(now: Images, before: Images) -> tuple[Images, Images]:
    """Have what is on both sides be known on both: one may lack the credentials for it.

    Else an image that an update has nobody look at would count as gone.
    """
    known = {
        use.reference: seen
        for images in (before, now)
        for use, seen in images.items()
        if isinstance(seen, Inspection)
    }

    def filled(images: Images) -> Images:
        return {
            use: known.get(use.reference, seen) if isinstance(seen, ImageError) else seen
            for use, seen in images.items()
        }

    return filled(now), filled(before)


def _grows_by(now: Mapping[object, Size], before: Mapping[object, Size]) -> float:
    added = [size for key, size in now.items() if key not in before]
    if any(size.bytes is None for size in added):
        return float("inf")
    gone = (size.least for key, size in before.items() if key not in now)
    return sum(size.least for size in added) - sum(gone)


def _platforms(images: Images) -> set[Platform | None]:
    """Tell the platforms that indexes were searched for; none where all run where they are put."""
    seen = (one for one in images.values() if isinstance(one, Inspection))
    found: set[Platform | None] = {one for inspection in seen for one in inspection.platforms}
    return found or {None}


def _pod_pull(images: Images, platform: Platform | None) -> Mapping[object, Size]:
    """Put together what a pod pulls; where runtimes differ in their choice, the most counts."""
    choices = [
        [_layers(image) for image in _on(inspection, platform)]
        for inspection in images.values()
        if isinstance(inspection, Inspection)
    ]
    pod: dict[object, Size] = {}
    for layers in sorted(choices, key=len):
        pod.update(max(layers, key=partial(_adds, pod), default={}))
    return pod


def _layers(image: ImageFacts) -> Mapping[object, Size]:
    # The size belongs to it: what one manifest says of a layer is nothing to another image.
    return {
        (layer.digest or (layer.diff_id, id(layer)), layer.pull.bytes): layer.pull
        for layer in image.layers
    }


def _adds(pod: Mapping[object, Size], layers: Mapping[object, Size]) -> int:
    return sum(size.least for key, size in layers.items() if key not in pod)


def _on(inspection: Inspection, platform: Platform | None) -> tuple[ImageFacts, ...]:
    return inspection.images if platform is None else inspection.on(platform)


CHECK: Final = Check(
    name=NAME,
    field="spec.limits.workloadPullSize",
    title="All images of a pod together are more to pull than the policy allows",
    advice="Layers that the images share count once, so give them one base; and leave out "
    "sidecars that the pod does not need.",
    unit=Unit.BYTES,
    is_asked=lambda policy: policy.limits.workload_pull_size is not None,
    find=check,
    sentence=partial(size_sentence, "pulls", " for all its images together"),
    section=Section.LARGE_POD,
    way=lambda _: ways.LARGE_POD,
    unknown=ways.UNKNOWN_PULL_SIZE,
)
