"""Counting verdicts: for policies, exceptions and BaseImages, in one pass."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime

from slimgate.core.images.facts import Base
from slimgate.core.images.tier import Tier
from slimgate.core.policies.exception import SlimException
from slimgate.core.policies.finding import Finding, Outcome
from slimgate.core.policies.policy import Policy
from slimgate.core.policies.verdict import Verdict
from slimgate.core.wording.status import Counts, Excess, Excused, Tally
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

    def over(value: int | Tier | str | None, check: str = "pullSize") -> Finding:
        limit = value if isinstance(value, Tier) else 3
        return replace(finding(check, DENY), value=value, limit=limit)

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
