"""False claims: a base that an image says it has, and does not."""

import pytest

from slimgate.core.images.facts import Base
from slimgate.core.policies.checks.false_claim import check
from slimgate.core.policies.policy import OnFalseClaim
from slimgate.core.workloads.workload import Role
from tests.core.make import DENY, WARN, WEB, brief, image, limiting, one, standing, use

CLAIM = "it claims to be based on alpine:3.21, but its lowest layers are not that base's"
LIAR = image(base=Base(name="golang:1.26", contradiction=CLAIM))


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        (OnFalseClaim.IGNORE, []),
        (OnFalseClaim.WARN, [(WARN, CLAIM, None)]),
        (OnFalseClaim.DENY, [(DENY, CLAIM, None)]),
    ],
)
def test_false_claims(choice: OnFalseClaim, expected: list[tuple[object, ...]]) -> None:
    """A false claim has the outcome that the policy asks for, whichever bases it allows."""
    policy = standing(allow=("golang",), on_false_claim=choice)

    found = list(check(policy, one(LIAR)))

    assert brief(found) == expected
    assert {(finding.use, finding.image) for finding in found} <= {(WEB, LIAR)}


def test_nothing_to_report() -> None:
    """What claims nothing false, is only mounted, or meets no policy of bases is left alone."""
    policy = standing(allow=("golang",), on_false_claim=OnFalseClaim.DENY)

    assert brief(check(policy, one(image()))) == []
    assert brief(check(policy, one(LIAR, use("m", "model", Role.VOLUME)))) == []
    assert brief(check(limiting(), one(LIAR))) == []
