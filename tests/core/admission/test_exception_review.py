"""Reviews of SlimExceptions: what is refused before it is stored, and in which words."""

from datetime import UTC, datetime, timedelta

import pytest

from slimgate.core.admission.decision import ALLOWED, Decision, InvalidReviewError
from slimgate.core.admission.exception_review import review
from slimgate.core.errors import InvalidPolicyError
from slimgate.core.policies.policy import ExceptionRules, Policy

NOW = datetime(2026, 11, 25, 12, 0, 30, tzinfo=UTC)
POLICIES = {
    policy.name: policy
    for policy in (
        Policy(name="free"),
        Policy(name="strict", exceptions=ExceptionRules(allowed=False)),
        Policy(name="brief", exceptions=ExceptionRules(max_duration=timedelta(days=90))),
    )
}

BROKEN = {"broken": InvalidPolicyError("spec", "set at least one of limits, bases and budget.")}


def excuse(*policies: str, end: str = "2027-01-31T00:00:00Z", **spec: object) -> dict[str, object]:
    """Make a SlimException."""
    whole = {"policyRefs": list(policies), "reason": "r", "expirationTime": end, **spec}
    return {"metadata": {"name": "legacy", "namespace": "shop"}, "spec": whole}


def reviewed(new: object, old: object = None, operation: str = "CREATE") -> Decision:
    """Review a request."""
    request = {"operation": operation, "object": new, "oldObject": old}
    return review(request, lambda name: POLICIES.get(name) or BROKEN.get(name), NOW)


@pytest.mark.parametrize(
    ("policies", "end", "message"),
    [
        (["free"], "2999-01-01T00:00:00Z", ""),
        (["brief"], "2027-02-23T12:00:30Z", ""),
        (["free", "strict"], "2026-12-01T00:00:00Z", "policy strict allows no exceptions"),
        (
            ["brief", "strict"],
            "2027-02-23T12:00:31Z",
            (
                "policy brief allows exceptions for 2160h at most: "
                "set spec.expirationTime to 2027-02-23T11:59:00Z or earlier"
            ),
        ),
    ],
)
def test_what_policies_allow(policies: list[str], end: str, message: str) -> None:
    """Each policy that is named must allow it; the first that does not is named, in one line."""
    assert reviewed(excuse(*policies, end=end)) == Decision(allowed=not message, message=message)


def test_what_is_stored_may_stay() -> None:
    """A policy that has become stricter keeps nobody from annotating or ending an exception."""
    stored = excuse("strict")
    changed = excuse("strict", reason="another")

    assert reviewed({**stored, "status": {}}, stored, "UPDATE") == ALLOWED
    assert reviewed(None, stored, "DELETE") == ALLOWED
    assert not reviewed(changed, stored, "UPDATE").allowed


def test_a_change_is_measured_from_now() -> None:
    """An exception that was refused long ago can be put right in place."""
    refused = {
        "type": "Accepted",
        "status": "False",
        "reason": "TooLong",
        "observedGeneration": 1,
        "lastTransitionTime": "2026-01-01T00:00:00Z",
    }
    stored = {**excuse("brief", end="2027-12-01T00:00:00Z"), "status": {"conditions": [refused]}}
    for generation in (1, 2):
        metadata = {"name": "legacy", "namespace": "shop", "generation": generation}
        changed = {**stored, **excuse("brief"), "metadata": metadata}

        assert reviewed(changed, stored, "UPDATE") == ALLOWED


def test_policies_that_are_not_there() -> None:
    """An exception may come before its policy, and somebody may have mistyped a name."""
    found = reviewed(excuse("fre", "free"))

    assert found == Decision(
        allowed=True, warnings=("slimgate: there is no policy fre that could be excused from",)
    )
    assert len(reviewed(excuse(*(f"p{n}" for n in range(64)))).warnings) == 5
    assert not reviewed(excuse("fre", "strict")).allowed


def test_policies_that_are_invalid() -> None:
    """One that can't be used is there: whoever looks for it is not sent looking for its name."""
    found = reviewed(excuse("broken", "gone"))

    assert found == Decision(
        allowed=True,
        warnings=(
            "slimgate: policy broken is invalid and not applied",
            "slimgate: there is no policy gone that could be excused from",
        ),
    )


def test_mistakes() -> None:
    """What can't be read is refused; the API server's own schema usually has done so before."""
    assert reviewed(excuse("free", checks=["x"])).message.startswith("spec.checks[0]: must be one")
    with pytest.raises(InvalidReviewError):
        reviewed(None)
