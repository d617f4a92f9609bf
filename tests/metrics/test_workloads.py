"""Verdicts as metrics: what is there now, nothing of what is gone, zero where nothing is found."""

from datetime import UTC, datetime

import pytest

from slimgate.core.errors import InvalidPolicyError, NotFoundError
from slimgate.core.policies.exception import SlimException
from slimgate.core.policies.finding import Finding, Outcome, Subject
from slimgate.core.policies.policy import Limit, Limits, Mode, OnUnknown, Policy
from slimgate.core.policies.verdict import Verdict
from slimgate.core.workloads.workload import ImageUse, Role, Workload
from slimgate.engine.catalog import Catalog
from slimgate.metrics import ControllerMetrics
from slimgate.metrics.bounded import MAX_NAMESPACES, MAX_POLICIES
from tests.metrics.series import by

STRICT = Policy(
    name="strict",
    mode=Mode.ENFORCE,
    on_unknown=OnUnknown.DENY,
    limits=Limits(pull_size=Limit(deny=1), layers=Limit(warn=1)),
)
LAX = Policy(name="lax")
WEB = ImageUse(name="web", role=Role.CONTAINER, reference="shop:1")


class Known(Catalog):
    """A real catalog of policies that a test sets, and verdicts that it keeps."""

    def __init__(
        self,
        kept: list[Verdict],
        policies: dict[str, Policy],
        broken: dict[str, InvalidPolicyError] | None = None,
    ) -> None:
        super().__init__()
        self.kept, self.policies, self.broken = kept, policies, broken or {}

    def verdicts(self) -> list[Verdict]:
        """Return all of them."""
        return self.kept


def verdict(
    *policies: Policy,
    findings: tuple[Finding, ...] = (),
    excused: tuple[Finding, ...] = (),
    namespace: str = "shop",
) -> Verdict:
    """Make a verdict of these policies."""
    workload = Workload(kind="Deployment", namespace=namespace, name="web", images=(WEB,))
    exception = SlimException(
        namespace=namespace,
        name="x",
        reason="r",
        expires=datetime(2027, 1, 1, tzinfo=UTC),
        policies=("p",),
    )
    return Verdict(
        subject=Subject(workload=workload, images={WEB: NotFoundError("gone")}),
        policies=policies,
        findings=findings,
        excused=tuple((one, exception) for one in excused),
    )


def finding(policy: Policy, check: str, outcome: Outcome) -> Finding:
    """Make a finding."""
    return Finding(policy=policy.name, check=check, outcome=outcome, use=WEB)


def shown(known: Known) -> ControllerMetrics:
    """Show verdicts and policies."""
    metrics = ControllerMetrics()
    metrics.show_workloads(known, known)
    return metrics


def named(*policies: Policy) -> dict[str, Policy]:
    """Key policies by name."""
    return {policy.name: policy for policy in policies}


DENIED = verdict(
    STRICT,
    LAX,
    findings=(
        finding(STRICT, "pullSize", Outcome.DENY),
        finding(STRICT, "pullSize", Outcome.WARN),
        finding(STRICT, "layers", Outcome.WARN),
    ),
)
UNKNOWN = verdict(
    STRICT, findings=(finding(STRICT, "inspection", Outcome.UNKNOWN),), namespace="blog"
)
EXCUSED = verdict(STRICT, excused=(finding(STRICT, "layers", Outcome.WARN),), namespace="blog")


def test_workloads() -> None:
    """Each policy counts the workloads that it applies to, by its own verdict."""
    idle = Policy(name="idle")
    known = Known([DENIED, UNKNOWN, verdict(LAX), verdict()], named(STRICT, LAX, idle))

    counted = by(shown(known).registry, "slimgate_workloads")
    assert {labels: number for labels, number in counted.items() if number} == {
        ("strict", "deny"): 1,
        ("strict", "unknown"): 1,
        ("lax", "allow"): 2,
    }
    assert len(counted) == 3 * 4
    assert counted["idle", "unknown"] == 0


def test_namespaces() -> None:
    """Each workload counts once, by its strictest verdict; no namespace lacks a verdict."""
    known = Known([DENIED, UNKNOWN, EXCUSED, verdict()], named(STRICT, LAX))

    counted = by(shown(known).registry, "slimgate_namespace_workloads")
    assert {labels: number for labels, number in counted.items() if number} == {
        ("deny", "shop"): 1,
        ("allow", "shop"): 1,
        ("unknown", "blog"): 1,
        ("allow", "blog"): 1,
    }
    assert len(counted) == 2 * 4


def test_findings() -> None:
    """Every check that a policy has, and no other, has a series for whatever it may say."""
    known = Known([DENIED], named(STRICT))

    counted = by(shown(known).registry, "slimgate_workload_findings")
    assert counted == {
        (check, "strict", word): float((check, word) in FOUND)
        for check in ("inspection", "pullSize", "layers")
        for word in ("warn", "deny", "unknown")
    }


FOUND = {("pullSize", "deny"), ("pullSize", "warn"), ("layers", "warn")}


def test_excused_findings() -> None:
    """What an exception excuses is counted apart."""
    metrics = shown(Known([EXCUSED], named(STRICT)))

    assert by(metrics.registry, "slimgate_workload_excused_findings") == {
        ("inspection", "strict"): 0,
        ("layers", "strict"): 1,
        ("pullSize", "strict"): 0,
    }
    assert set(by(metrics.registry, "slimgate_workload_findings").values()) == {0}


def test_unknown_findings() -> None:
    """They are counted by check and reason."""
    metrics = shown(Known([UNKNOWN, UNKNOWN], named(STRICT)))

    counted = by(metrics.registry, "slimgate_workload_unknown_findings")
    assert {labels: number for labels, number in counted.items() if number} == {
        ("inspection", "not_found"): 2
    }
    assert {("inspection", "unavailable"), ("growth", "undetermined")} <= counted.keys()
    assert ("inspection", "late") not in counted


def test_what_is_gone_has_no_series() -> None:
    """Verdicts and policies are read at each scrape."""
    known = Known([verdict(LAX)], named(LAX))
    metrics = shown(known)
    assert by(metrics.registry, "slimgate_workloads")["lax", "allow"] == 1

    known.policies = named(STRICT)
    assert {policy for policy, _ in by(metrics.registry, "slimgate_workloads")} == {"strict"}
    assert by(metrics.registry, "slimgate_namespace_workloads")["allow", "shop"] == 1

    known.kept = []
    assert by(metrics.registry, "slimgate_namespace_workloads") == {}


def test_policies() -> None:
    """Their modes, and how many can't be used."""
    known = Known([], named(STRICT, LAX), {"bad": InvalidPolicyError("spec", "no")})
    metrics = shown(known)

    assert by(metrics.registry, "slimgate_policy_info") == {
        ("Enforce", "Deny", "strict"): 1,
        ("Audit", "Allow", "lax"): 1,
    }
    assert by(metrics.registry, "slimgate_invalid_objects") == {
        ("slimpolicies.slimgate.dev",): 1,
        ("slimexceptions.slimgate.dev",): 0,
        ("baseimages.slimgate.dev",): 0,
    }


@pytest.mark.parametrize("surplus", [0, 7])
def test_number_of_policies_is_bounded(surplus: int) -> None:
    """Policies beyond the limit are counted together, and no workload of theirs is lost."""
    policies = [Policy(name=f"p{number:05}") for number in range(MAX_POLICIES + surplus)]
    metrics = shown(Known([verdict(*policies)] * 2, named(*policies)))

    counted = by(metrics.registry, "slimgate_workloads")
    assert sum(counted.values()) == 2 * len(policies)
    assert counted.get(("_other", "allow"), 0) == 2 * surplus
    assert len(by(metrics.registry, "slimgate_policy_info")) == MAX_POLICIES


def test_number_of_namespaces_is_bounded() -> None:
    """Those with the most workloads over policy have series, all others share them."""
    over = finding(STRICT, "layers", Outcome.WARN)
    many = [verdict(STRICT, namespace=f"a{number}") for number in range(MAX_NAMESPACES)]
    bad = verdict(STRICT, findings=(over,), namespace="zzz")
    counted = by(shown(Known([*many, bad], named(STRICT))).registry, "slimgate_namespace_workloads")

    assert counted["warn", "zzz"] == 1
    assert counted["allow", "_other"] == 1
    assert sum(counted.values()) == MAX_NAMESPACES + 1
    assert len(counted) == 4 * (MAX_NAMESPACES + 1)
