"""Counting verdicts: for policies, exceptions and BaseImages."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from slimgate.core.images.facts import Base
from slimgate.core.images.tier import Tier
from slimgate.core.policies.exception import SlimException
from slimgate.core.policies.finding import Finding, Outcome
from slimgate.core.policies.policy import Policy
from slimgate.core.policies.verdict import Verdict
from slimgate.core.wording.status import Counts, Excess, Excused, Tally, Touched
from tests.core.make import WEB, digest, finding, image, inspection, subject

SLIM, SOYA = Policy(name="slim"), Policy(name="soya")
DENY, WARN, UNKNOWN = Outcome.DENY, Outcome.WARN, Outcome.UNKNOWN


def exception(name: str) -> SlimException:
    """Make an exception of the namespace shop."""
    return SlimException(
        namespace="shop",
        name=name,
        reason="x",
        expires=datetime(2027, 1, 1, tzinfo=UTC),
        policies=("p",),
    )


def tally(verdicts: Iterable[Verdict]) -> Tally:
    """Count verdicts."""
    found = Tally()
    for one in verdicts:
        found.take(one)
    return found


def says(*findings: Finding, policies: tuple[Policy, ...] = (SLIM,)) -> Verdict:
    """Make a verdict."""
    return Verdict(subject=subject({}), policies=policies, findings=findings)


def excusing(*excused: tuple[Finding, SlimException]) -> Verdict:
    """Make a verdict of which all is excused."""
    return Verdict(subject=subject({}), policies=(SLIM,), excused=excused)


def over(value: int | Tier | str | None, check: str = "pullSize") -> Finding:
    """Make a finding above a limit; tiers are limited by themselves."""
    limit = value if isinstance(value, Tier) else 3
    return replace(finding(check, DENY), value=value, limit=limit)


NAMES = ("golden", "os")
VERDICTS = (
    says(),
    says(finding("layers", WARN, policy="slim"), finding("base", UNKNOWN, policy="slim")),
    says(finding("base", DENY, policy="soya"), policies=(SLIM, SOYA)),
    excusing((over(5), exception("legacy")), (over(9), exception("legacy"))),
    excusing((over(9), exception("legacy")), (over(None, "inspection"), exception("other"))),
    excusing((over(Tier.FULL, "maxTier"), exception("other")), (over(1), exception("legacy"))),
    *(
        replace(says(), subject=subject({WEB: inspection(replace(one, digest=digest(number)))}))
        for number, one in enumerate(
            (image(base=Base(base_images=NAMES)), image(base=Base(base_images=("os",))), image())
        )
    ),
)


def test_policies() -> None:
    """Each counts a workload once, by the strictest that it alone says."""
    both = (SLIM, SOYA)
    found = tally(
        [
            says(),
            says(finding("layers", WARN, policy="slim"), finding("layers", WARN, policy="slim")),
            says(finding("layers", WARN, policy="slim"), finding("base", DENY, policy="soya"),
                 policies=both),
            says(finding("base", UNKNOWN, policy="slim"), finding("layers", DENY, policy="slim")),
            says(finding("base", UNKNOWN, policy="soya"), policies=both),
            says(policies=()),
        ]
    )  # fmt: skip

    assert found.policies == {
        "slim": Counts(workloads=5, warned=2, denied=1, unknown=0),
        "soya": Counts(workloads=2, warned=0, denied=1, unknown=1),
    }


def test_exceptions() -> None:
    """Workloads once, in all and for each check, and the largest value with its limit."""
    legacy, other = exception("legacy"), exception("other")

    found = tally(
        [
            excusing((over(5), legacy), (over(9), legacy), (over(None, "inspection"), legacy)),
            excusing((over(7), legacy), (over("golang:1", "base"), other)),
            excusing((over(Tier.SCRATCH, "maxTier"), other)),
        ]
    )

    assert found.exceptions == {
        ("shop", "legacy"): Excused(
            workloads=2,
            checks={
                "pullSize": Excess(workloads=2, largest=9, limit=3),
                "inspection": Excess(workloads=1),
            },
        ),
        ("shop", "other"): Excused(
            workloads=2,
            checks={
                "base": Excess(workloads=1),
                "maxTier": Excess(workloads=1, largest=Tier.SCRATCH, limit=Tier.SCRATCH),
            },
        ),
    }


def test_base_images() -> None:
    """Images once, however many workloads use them, and under all BaseImages that they have."""
    go = image(base=Base(base_images=("golden", "os")))
    other = replace(image(base=Base(base_images=("os",))), digest=digest(7))
    plain = replace(image(), digest=digest(8))
    local = replace(go, digest=None)
    verdicts = [
        replace(says(), subject=subject({WEB: inspection(*images)}))
        for images in ((go, local), (go, other), (plain,))
    ]

    found = tally(verdicts)
    assert [found.images(name) for name in ("golden", "os", "none")] == [1, 2, 0]


@given(
    st.lists(st.tuples(st.sampled_from(VERDICTS), st.booleans()), max_size=12),
    st.lists(st.sampled_from(VERDICTS), max_size=6),
)
def test_what_was_counted_can_be_taken_back(
    passing: list[tuple[Verdict, bool]], staying: list[Verdict]
) -> None:
    """Whatever came and went, only what stayed is counted."""
    found = tally(one for one, _ in passing)
    for one in staying:
        found.take(one)
    for one, _ in sorted(passing, key=lambda pair: pair[1]):
        found.drop(one)
    fresh = tally(staying)

    assert (found.policies, found.exceptions) == (fresh.policies, fresh.exceptions)
    assert [found.images(one) for one in NAMES] == [fresh.images(one) for one in NAMES]
    seen = found.touched()
    assert seen.policies >= found.policies.keys()
    assert seen.exceptions >= found.exceptions.keys()
    assert found.touched() == Touched()
