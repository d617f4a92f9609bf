"""The status of a policy."""

import pytest

from slimgate.core.policies.budget import OverBudget
from slimgate.core.wording.status import BudgetLook, Counts, Dependency, policy_status
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
    assert set(status.fields.values()) == {0, None}


@pytest.mark.parametrize(
    ("over", "condition", "message"),
    [
        (None, "Unknown Pending", "what is on nodes has not been looked at"),
        ([], "True WithinBudget", "no namespace is known to be over the budget"),
        (
            [OverBudget(namespace=name, size=3 * 2**10, budget=2**10) for name in ("shop", "cart")],
            "False OverBudget",
            "the budget is 1 KiB; shop has 3 KiB; cart has 3 KiB",
        ),
    ],
)
def test_budgets(over: list[OverBudget] | None, condition: str, message: str) -> None:
    """A budget that a namespace is over has a condition of its own, and the policy is ready."""
    status = policy_status(None, [], Counts(), BudgetLook(over=over))

    assert (brief(status)["WithinBudget"], brief(status)["Ready"]) == (condition, "True Judging")
    assert messages(status)["WithinBudget"] == message
    assert bool(status.fields["overBudget"]) is bool(over)
    assert "WithinBudget" not in brief(policy_status("broken", [], Counts(), BudgetLook(over=over)))


def test_many_over_budget() -> None:
    """A status names no more than the API server takes."""
    over = [OverBudget(namespace=f"n{number}", size=9, budget=1) for number in range(99)]
    told = policy_status(None, [], Counts(), BudgetLook(over=over)).fields["overBudget"]

    assert told == [{"namespace": f"n{number}", "unpackedBytes": 9} for number in range(50)]


def test_counts() -> None:
    """They are the policy's own."""
    status = policy_status(None, [], Counts(workloads=9, warned=3, denied=2, unknown=1))

    assert status.fields == {
        "workloads": 9, "warned": 3, "denied": 2, "unknown": 1,
        "overBudget": None,
    }  # fmt: skip
