"""False claims: a base that an image says it stands on, and does not."""

from slimgate.core.checks.base_claim import check
from slimgate.core.image import Base
from slimgate.core.workload import Role
from tests.core.make import DENY, brief, image, limiting, one, standing, use

CLAIM = "it claims to stand on alpine:3.21, but its lowest layers are not that base's"
LIAR = image(base=Base(name="golang:1.26", contradiction=CLAIM))


def test_false_claims() -> None:
    """A false claim is a violation wherever a policy cares for bases, whichever it allows."""
    assert brief(check(standing(allow=("golang",)), one(LIAR))) == [(DENY, CLAIM, None)]


def test_nothing_to_report() -> None:
    """What claims nothing false, is only mounted, or meets no policy of bases is left alone."""
    policy = standing(allow=("golang",))

    assert brief(check(policy, one(image()))) == []
    assert brief(check(policy, one(LIAR, use("m", "model", Role.VOLUME)))) == []
    assert brief(check(limiting(), one(LIAR))) == []
