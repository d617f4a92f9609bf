"""The status of an exception: a pure function of what is counted, and of a clock."""

from datetime import UTC, datetime, timedelta

import pytest

from slimgate.core.images.tier import Tier
from slimgate.core.wording.status import Excess, Excused, Status, Trial, Use, exception_status
from tests.core.wording.status.make import brief, messages

MIB = 2**20
NOW = datetime(2026, 11, 25, 9, 30, tzinfo=UTC)
DAY = timedelta(days=1)


def status(trial: Trial | None = None, use: Use | None = None) -> Status:
    """Write a status as it is now."""
    return exception_status(trial or Trial(expires=NOW + DAY), use or Use(created=NOW), NOW)


def test_in_force() -> None:
    """One that is accepted, whose policies there are, and that has not ended."""
    assert brief(status()) == {
        "Accepted": "True Accepted",
        "ResolvedRefs": "True Resolved",
        "InForce": "True NotExpired",
        "Used": "Unknown NotYetUsed",
    }


LONG = ("TooLong", "policy slim allows 2h at most")
NONE = ("NotAllowed", "policy soya allows none")
CASES = [
    (Trial(error="spec.reason: is required."), {
        "Accepted": ("False Invalid", "spec.reason: is required."),
        "ResolvedRefs": ("Unknown Invalid", "the exception can't be used"),
        "InForce": ("False NotAccepted", "it excuses nothing while it is not accepted"),
    }),
    (Trial(refusals=[LONG, NONE], honoured=False), {
        "Accepted": ("False TooLong", f"{LONG[1]}; {NONE[1]}"),
        "InForce": ("False NotAccepted", "it excuses nothing while it is not accepted"),
    }),
    (Trial(refusals=[NONE], honoured=True), {
        "Accepted": ("False NotAllowed", NONE[1]),
        "InForce": ("True NotExpired", ""),
    }),
    (Trial(missing=["slim", "soya"], honoured=False), {
        "Accepted": ("True Accepted", ""),
        "ResolvedRefs": ("False PolicyNotFound", "there is no SlimPolicy slim, soya"),
        "InForce": ("False PolicyNotFound", "there is no policy to excuse from"),
    }),
    (Trial(invalid=["slim", "soya"], missing=["fat"], honoured=False), {
        "Accepted": ("True Accepted", ""),
        "ResolvedRefs": ("False PolicyNotFound", "there is no SlimPolicy fat"),
        "InForce": ("False PolicyInvalid", "SlimPolicy slim, soya is invalid and not applied"),
    }),
    (Trial(invalid=["slim"]), {
        "ResolvedRefs": ("True Resolved", ""),
        "InForce": ("True NotExpired", ""),
    }),
    (Trial(missing=["slim"]), {
        "ResolvedRefs": ("False PolicyNotFound", "there is no SlimPolicy slim"),
        "InForce": ("True NotExpired", ""),
    }),
    (Trial(expires=NOW, refusals=[NONE], honoured=False), {
        "InForce": ("False Expired", "it ended at 2026-11-25T09:30:00Z"),
    }),
]  # fmt: skip


@pytest.mark.parametrize(("trial", "expected"), CASES)
def test_what_keeps_it_from_being_in_force(
    trial: Trial, expected: dict[str, tuple[str, str]]
) -> None:
    """Each has a reason of its own; it is in force where one of its policies honours it."""
    found = status(trial)

    assert {kind: (brief(found)[kind], messages(found)[kind]) for kind in expected} == expected


@pytest.mark.parametrize(
    ("use", "expected"),
    [
        (Use(created=NOW - 29 * DAY), "Unknown NotYetUsed"),
        (Use(created=NOW - 30 * DAY), "False Unused"),
        (Use(created=NOW - 90 * DAY, last=NOW - 29 * DAY), "True RecentlyUsed"),
        (Use(created=NOW - 90 * DAY, last=NOW - 30 * DAY), "False Unused"),
        (Use(created=NOW - 90 * DAY, last=NOW - 60 * DAY, workloads=1), "True Excusing"),
        (Use(), "Unknown NotYetUsed"),
    ],
)
def test_used(use: Use, expected: str) -> None:
    """One that has excused nothing for thirty days says so."""
    assert brief(status(use=use))["Used"] == expected


@pytest.mark.parametrize(
    ("before", "workloads", "last"),
    [
        (Use(), 0, None),
        (Use(), 1, NOW),
        (Use(workloads=1, last=NOW - DAY / 2), 2, NOW - DAY / 2),
        (Use(workloads=1, last=NOW - DAY), 1, NOW),
        (Use(workloads=0, last=NOW - DAY / 2), 1, NOW - DAY / 2),
        (Use(workloads=1, last=NOW - DAY / 2), 0, NOW),
        (Use(workloads=0, last=NOW - 9 * DAY), 0, NOW - 9 * DAY),
    ],
)
def test_last_use(before: Use, workloads: int, last: datetime | None) -> None:
    """It moves once a day while something is excused, and when that ends: not with each look."""
    after = before.then(workloads, NOW)

    assert (after.workloads, after.last) == (workloads, last)
    assert after.then(workloads, NOW) == after


def test_use_is_read_from_the_object() -> None:
    """So that a restart forgets nothing; what makes no sense there is ignored."""
    held = {"workloads": 3, "lastUsedTime": "2026-11-24T09:30:00Z"}
    metadata = {"creationTimestamp": "2026-11-01T00:00:00Z"}

    assert Use.of({"metadata": metadata, "status": held}) == Use(
        created=datetime(2026, 11, 1, tzinfo=UTC), workloads=3, last=NOW - DAY
    )
    odd = {"workloads": "many", "lastUsedTime": "2026-11-24T09:30:00"}
    assert Use.of({"metadata": {"creationTimestamp": "now"}, "status": odd}) == Use()


def test_how_far_over() -> None:
    """The largest value of each check and its limit, as people write them in policies."""
    excused = Excused(
        workloads=3,
        checks={
            "pullSize": Excess(workloads=2, largest=412 * MIB, limit=300 * MIB),
            "layers": Excess(workloads=1, largest=34, limit=30),
            "growth": Excess(workloads=1, largest=80, limit=50),
            "maxTier": Excess(workloads=1, largest=Tier.BUILDER, limit=Tier.FULL),
            "inspection": Excess(workloads=1),
        },
    )
    use = Use(created=NOW, workloads=3, last=NOW)

    assert status(Trial(expires=NOW + DAY, excused=excused), use).fields == {
        "workloads": 3,
        "lastUsedTime": "2026-11-25T09:30:00Z",
        "excused": [
            {"check": "growth", "workloads": 1, "largest": "80%", "limit": "50%"},
            {"check": "inspection", "workloads": 1},
            {"check": "layers", "workloads": 1, "largest": "34", "limit": "30"},
            {
                "check": "maxTier",
                "workloads": 1,
                "largest": Tier.BUILDER.label,
                "limit": Tier.FULL.label,
            },
            {"check": "pullSize", "workloads": 2, "largest": "412Mi", "limit": "300Mi"},
        ],
    }


def test_nothing_excused() -> None:
    """Fields that have nothing to say are empty or absent."""
    assert status().fields == {"workloads": 0, "lastUsedTime": None, "excused": []}
