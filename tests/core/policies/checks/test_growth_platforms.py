"""limits.growth between images whose platforms differ, or are not known."""

import pytest

from slimgate.core.assemble import UNKNOWN_PLATFORM
from slimgate.core.images.facts import Digest, ImageFacts, Inspection, Layer, Platform, Size
from slimgate.core.policies.checks.growth import check
from slimgate.core.policies.finding import Subject
from slimgate.core.policies.policy import Limit, Limits, Policy
from slimgate.core.workloads.workload import ImageUse, Role, Workload

AMD, ARM = Platform("linux", "amd64"), Platform("linux", "arm64")
POLICY = Policy(name="p", limits=Limits(growth=Limit(deny=10)))
USE = ImageUse(role=Role.CONTAINER, name="c", reference="a:2")


def _inspection(*images: tuple[Platform, int]) -> Inspection:
    return Inspection(
        reference="a",
        digest=None,
        media_type="",
        images=tuple(
            ImageFacts(
                digest=None,
                media_type="",
                platform=platform,
                layers=(
                    Layer(
                        digest=Digest(f"sha256:{size:064x}"),
                        diff_id=None,
                        media_type="",
                        pull=Size.known(size),
                        unpacked=Size.known(size),
                    ),
                ),
            )
            for platform, size in images
        ),
    )


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ([(AMD, 100)], [(AMD, 150)], [50]),
        ([(UNKNOWN_PLATFORM, 100)], [(AMD, 150)], [50]),
        ([(AMD, 100)], [(UNKNOWN_PLATFORM, 150)], [50]),
        ([(UNKNOWN_PLATFORM, 100)], [(UNKNOWN_PLATFORM, 150)], [50]),
        ([(AMD, 100), (ARM, 200)], [(UNKNOWN_PLATFORM, 300)], [50]),
        ([(UNKNOWN_PLATFORM, 100)], [(AMD, 120), (ARM, 150)], [50]),
        ([(AMD, 100)], [(AMD, 100), (ARM, 900)], []),
        ([(AMD, 100), (ARM, 100)], [(AMD, 100), (ARM, 150)], [50]),
        ([], [(AMD, 100)], []),
    ],
)
def test_counterparts(
    before: list[tuple[Platform, int]], after: list[tuple[Platform, int]], expected: list[int]
) -> None:
    """Images are compared by platform, and a single manifest with whatever ran in its place."""
    subject = Subject(
        workload=Workload(kind="Pod", namespace="n", name="w", images=(USE,)),
        images={USE: _inspection(*after)},
        running={USE: _inspection(*before)},
    )

    assert [finding.value for finding in check(POLICY, subject)] == expected
