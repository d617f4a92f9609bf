"""limits.pullSize: what is to pull, each image and platform for itself."""

import pytest

from slimgate.core.errors import NotFoundError
from slimgate.core.images.facts import Size
from slimgate.core.policies.checks.pull_size import CHECK
from slimgate.core.policies.finding import Subject
from slimgate.core.policies.policy import Limit
from slimgate.core.workloads.workload import Role
from tests.core.make import (
    AMD64,
    ARM64,
    DENY,
    UNKNOWN,
    WARN,
    WEB,
    brief,
    image,
    inspection,
    limiting,
    one,
    subject,
    use,
)

POLICY = limiting(pull_size=Limit(warn=50, deny=100))
MODEL = use("models/llama:1", "model", Role.VOLUME)

LOST = Size.unknown("lost")

CASES = [
    ("at the limit", one(image(60, 40)), [(WARN, 100, 50)]),
    ("a byte above", one(image(60, 41)), [(DENY, 101, 100)]),
    ("within", one(image(50)), []),
    ("no layers", one(image()), []),
    ("unknown", one(image(10, LOST)), [(UNKNOWN, None, None)]),
    ("above warn at least", one(image(60, LOST)), [(UNKNOWN, None, 100), (WARN, 60, 50)]),
    ("above deny at least", one(image(60, LOST, 41)), [(DENY, 101, 100)]),
    (
        "the largest platform",
        subject({WEB: inspection(image(101, platform=ARM64), image(1, platform=AMD64))}),
        [(DENY, 101, 100)],
    ),
    (
        "each image for itself",
        subject({WEB: inspection(image(60)), use("b", "b"): inspection(image(101))}),
        [(WARN, 60, 50), (DENY, 101, 100)],
    ),
    ("volumes are pulled too", one(image(101), MODEL), [(DENY, 101, 100)]),
    ("what could not be inspected", subject({WEB: NotFoundError("gone")}), []),
]


@pytest.mark.parametrize(
    ("given", "expected"), [case[1:] for case in CASES], ids=[case[0] for case in CASES]
)
def test_pull_size(given: Subject, expected: list[tuple[object, ...]]) -> None:
    """The sum of the compressed layers is compared."""
    assert brief(CHECK.find(POLICY, given)) == expected
