"""Every policy's check that images can be looked up."""

from slimgate.core.errors import NotFoundError
from slimgate.core.policies.checks.inspection import check
from slimgate.core.policies.policy import Policy
from tests.core.make import UNKNOWN, WEB, image, inspection, subject, use

POLICY = Policy(name="p")
SIDE = use("side", "side")


def test_images_that_could_not_be_looked_up() -> None:
    """Each is unknown by itself, for the reason that its registry gave; what was, is not."""
    found = check(POLICY, subject({WEB: NotFoundError("gone"), SIDE: inspection(image())}))

    assert [(one.check, one.outcome, one.use, one.reason) for one in found] == [
        ("inspection", UNKNOWN, WEB, "gone")
    ]
