"""The status of a policy."""

import pytest

from slimgate.core.wording.status import Counts, Dependency, policy_status
from tests.core.wording.status.make import brief, messages

FOUND = Dependency(base_image="golden", reference="r.io/golden:1")
PENDING = Dependency(base_image="java", reference="r.io/java:1", pending=True)
GONE = Dependency(base_image="old", reference="r.io/old:1", error="it is gone")


@pytest.mark.parametrize(
    ("dependencies", "expected"),
    [
        ([], ("True Resolved", "True Judging")),
        ([FOUND], ("True Resolved", "True Judging")),
        ([FOUND, PENDING], ("Unknown Pending", "Unknown Pending")),
        ([PENDING, GONE], ("False BaseUnresolved", "False BaseUnresolved")),
    ],
)
def test_conditions(dependencies: list[Dependency], expected: tuple[str, str]) -> None:
    """A policy is ready once all BaseImages are known that its rules hinge on, and not before."""
    status = policy_status(None, dependencies, Counts())

    assert brief(status) == {
        "Accepted": "True Accepted",
        "ResolvedRefs": expected[0],
        "Ready": expected[1],
    }


def test_messages() -> None:
    """They name the reference, its BaseImage and the error, and of many a few."""
    status = policy_status(None, [GONE] * 7 + [PENDING], Counts())
    one = "r.io/old:1 of BaseImage old: it is gone"

    assert messages(status)["ResolvedRefs"] == "; ".join([*[one] * 5, "and 2 more"])
    assert messages(status)["Ready"] == messages(status)["ResolvedRefs"]


def test_an_invalid_policy() -> None:
    """It counts nothing, and what it names is not looked at."""
    status = policy_status("spec.mode: must be another.", [GONE], Counts(workloads=3))

    assert brief(status) == {
        "Accepted": "False Invalid",
        "ResolvedRefs": "Unknown Invalid",
        "Ready": "False Invalid",
    }
    assert messages(status)["Ready"] == "spec.mode: must be another."
    assert set(status.fields.values()) == {0}


def test_counts() -> None:
    """They are the policy's own."""
    status = policy_status(None, [], Counts(workloads=9, warned=3, denied=2, unknown=1))

    assert status.fields == {"workloads": 9, "warned": 3, "denied": 2, "unknown": 1}
