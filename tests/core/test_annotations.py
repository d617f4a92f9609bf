"""Annotations: the verdict on the workload itself, or none."""

from slimgate.core.annotations import SUMMARY, VERDICT, annotations_of
from slimgate.core.policy import Policy
from tests.core.make import MIB, SHOP, denying, one, subject, verdict

DENYING = Policy(name="p", limits=denying(pull_size=MIB))


def test_a_verdict() -> None:
    """The verdict is there before any mode is applied, and says in short what is wrong."""
    assert annotations_of(verdict(one(SHOP), DENYING)) == {
        "slimgate.dev/verdict": "deny",
        "slimgate.dev/summary": "web: pulls 912 MiB (linux/amd64), limit 1 MiB",
    }


def test_within_policy() -> None:
    """What is right is said too."""
    assert annotations_of(verdict(subject({}), DENYING))[VERDICT] == "allow"


def test_no_policy() -> None:
    """Where no policy speaks of a workload the annotations are taken away."""
    assert annotations_of(verdict(one(SHOP))) == {VERDICT: None, SUMMARY: None}
