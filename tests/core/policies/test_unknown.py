"""Why something is unknown, in one word."""

from dataclasses import replace

import pytest

from slimgate.core.errors import IMAGE_REASONS, ImageError, NotFoundError, RateLimitedError
from slimgate.core.images.facts import Gap, Inspection
from slimgate.core.policies.finding import Finding, Outcome, Subject
from slimgate.core.policies.unknown import UNDETERMINED, reason_of
from slimgate.core.policies.verdict import Verdict
from slimgate.core.workloads.workload import ImageUse
from tests.core.make import DENY, UNKNOWN, WEB, image, inspection, subject, use

GONE, BUSY = NotFoundError("gone"), RateLimitedError("busy")
SIDE = use("proxy:1", "sidecar")
KNOWN = inspection(image(1))
CASES = [
    # the check, its image (None is the workload), the images, what runs, the reason
    ("inspection", WEB, {WEB: GONE}, {}, "not_found"),
    ("inspection", SIDE, {WEB: GONE, SIDE: BUSY}, {}, "rate_limited"),
    ("inspection", None, {WEB: GONE}, {}, "too_large"),
    ("unpackedSize", WEB, {WEB: KNOWN, SIDE: GONE}, {}, UNDETERMINED),
    ("growth", WEB, {WEB: KNOWN}, {WEB: BUSY}, "rate_limited"),
    ("growth", WEB, {WEB: KNOWN}, {WEB: KNOWN}, UNDETERMINED),
    ("growth", WEB, {WEB: KNOWN}, {}, UNDETERMINED),
    ("layers", WEB, {WEB: KNOWN}, {WEB: BUSY}, UNDETERMINED),
    ("workloadPullSize", None, {WEB: KNOWN, SIDE: BUSY}, {}, "rate_limited"),
    ("workloadPullSize", None, {WEB: KNOWN}, {}, UNDETERMINED),
]
Images = dict[ImageUse, Inspection | ImageError]


def finding(check: str, where: ImageUse | None = None, outcome: Outcome = UNKNOWN) -> Finding:
    """Make a finding."""
    return Finding(policy="p", check=check, outcome=outcome, use=where)


@pytest.mark.parametrize(("check", "where", "images", "running", "expected"), CASES)
def test_reasons(
    check: str,
    where: ImageUse | None,
    images: Images,
    running: dict[ImageUse, Inspection | ImageError],
    expected: str,
) -> None:
    """The error about the image that a finding is of gives the reason, else it can't be told."""
    given = Subject(workload=subject({}).workload, images=images, running=running)

    assert reason_of(finding(check, where), given) == expected


def test_what_an_image_lacks_has_its_reason() -> None:
    """A finding on a part of an index names that part's error, by its message."""
    gaps = (Gap(message="down", reason="unavailable"), Gap(message="gone", reason="not_found"))
    given = subject({WEB: replace(KNOWN, gaps=gaps)})
    found = replace(finding("inspection", WEB), reason="gone")

    assert reason_of(found, given) == "not_found"
    assert reason_of(replace(found, reason="other"), given) == "too_large"


def test_only_what_is_unknown_has_a_reason() -> None:
    """A verdict gives the check and the reason of each unknown finding."""
    findings = (finding("inspection", WEB), finding("layers", WEB, DENY), finding("layers", WEB))
    verdict = Verdict(subject=subject({WEB: GONE}), findings=findings)

    assert [*verdict.unknown()] == [("inspection", "not_found"), ("layers", "not_found")]


def test_all_errors_have_their_reason() -> None:
    """The list of reasons is that of all errors about images."""
    kinds = {ImageError}
    while more := {one for kind in kinds for one in kind.__subclasses__()} - kinds:
        kinds |= more
    known = {kind.reason for kind in kinds if kind.__module__ == ImageError.__module__}

    assert sorted(IMAGE_REASONS) == sorted(known)
