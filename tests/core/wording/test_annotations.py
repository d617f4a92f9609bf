"""Annotations: the verdict on the workload itself, or none."""

import pytest

from slimgate.core.errors import NotFoundError
from slimgate.core.policies.finding import Outcome
from slimgate.core.policies.policy import Limit, Limits, Policy
from slimgate.core.wording.annotations import (
    NO_ANNOTATIONS,
    VERDICT,
    Annotate,
    annotations_of,
    wanted_annotations,
)
from tests.core.make import MIB, SHOP, WEB, denying, one, subject, verdict

DENYING = Policy(name="p", limits=denying(pull_size=MIB))
WARNING = Policy(name="p", limits=Limits(pull_size=Limit(warn=MIB)))
UNSEEN = subject({WEB: NotFoundError("gone")})
JUDGED = {
    Outcome.ALLOW: verdict(subject({}), DENYING),
    Outcome.WARN: verdict(one(SHOP), WARNING),
    Outcome.DENY: verdict(one(SHOP), DENYING),
    Outcome.UNKNOWN: verdict(UNSEEN, DENYING),
}


def test_a_verdict() -> None:
    """The verdict is there before any mode is applied, and says in short what is wrong."""
    assert annotations_of(verdict(one(SHOP), DENYING)) == {
        "slimgate.dev/verdict": "deny",
        "slimgate.dev/summary": "web: pulls 912 MiB (linux/amd64), limit 1 MiB",
    }


@pytest.mark.parametrize(
    ("outcome", "over_policy"),
    [(Outcome.ALLOW, False), (Outcome.WARN, True), (Outcome.DENY, True), (Outcome.UNKNOWN, True)],
)
def test_who_is_annotated(outcome: Outcome, *, over_policy: bool) -> None:
    """All, or whoever is over policy or unknown, or nobody."""
    found = JUDGED[outcome]
    said = annotations_of(found)

    assert (found.outcome, said[VERDICT]) == (outcome, outcome.label)
    assert wanted_annotations(Annotate.ALL, said) == said
    assert wanted_annotations(Annotate.OVER_POLICY, said) == (
        said if over_policy else NO_ANNOTATIONS
    )
    assert wanted_annotations(Annotate.NONE, said) is None


def test_no_policy() -> None:
    """What no policy applies to loses its annotations, or is left alone where nobody has any."""
    said = annotations_of(verdict(one(SHOP)))

    assert said == NO_ANNOTATIONS
    assert wanted_annotations(Annotate.ALL, said) == NO_ANNOTATIONS
    assert wanted_annotations(Annotate.OVER_POLICY, said) == NO_ANNOTATIONS
    assert wanted_annotations(Annotate.NONE, said) is None
