"""Verdicts and mirrors as metrics: what is there now, and nothing of what is gone."""

from dataclasses import dataclass, field

from slimgate.core.finding import Finding, Outcome, Subject
from slimgate.core.policy import Policy
from slimgate.core.verdict import Verdict
from slimgate.core.workload import Workload
from slimgate.metrics import Metrics
from tests.metrics.series import by, series


@dataclass
class Known:
    """Verdicts that a test keeps."""

    kept: list[Verdict] = field(default_factory=list)

    def verdicts(self) -> list[Verdict]:
        """Return all of them."""
        return self.kept


@dataclass
class Mirrored:
    """A mirror as a test wants it."""

    objects: int
    age: float

    def __len__(self) -> int:
        return self.objects

    def seconds_since_event(self) -> float:
        """Return the age."""
        return self.age


def verdict(*policies: str, findings: tuple[Finding, ...] = ()) -> Verdict:
    """Make a verdict of these policies."""
    workload = Workload(group="apps", kind="Deployment", namespace="shop", name="web")
    return Verdict(
        subject=Subject(workload=workload, images={}),
        policies=tuple(Policy(name=name) for name in policies),
        findings=findings,
    )


def finding(policy: str, check: str, outcome: Outcome) -> Finding:
    """Make a finding."""
    return Finding(policy=policy, check=check, outcome=outcome)


def test_workloads() -> None:
    """Each policy counts the workloads that it speaks of by its own verdict."""
    denied = (
        finding("strict", "pullSize", Outcome.DENY),
        finding("strict", "pullSize", Outcome.WARN),
        finding("strict", "layers", Outcome.WARN),
    )
    known = Known([verdict("strict", "lax", findings=denied), verdict("lax"), verdict()])
    metrics = Metrics()
    metrics.show_workloads(known, lambda: ["strict", "lax", "idle"])

    counted = by(metrics.registry, "slimgate_workloads")
    assert {labels: number for labels, number in counted.items() if number} == {
        ("strict", "deny"): 1,
        ("lax", "allow"): 2,
    }
    assert len(counted) == 3 * 4
    assert counted["idle", "unknown"] == 0
    assert series(metrics.registry, "slimgate_workload_findings") == {
        (("check", "layers"), ("policy", "strict"), ("verdict", "warn")): 1,
        (("check", "pullSize"), ("policy", "strict"), ("verdict", "deny")): 1,
        (("check", "pullSize"), ("policy", "strict"), ("verdict", "warn")): 1,
    }


def test_what_is_gone_has_no_series() -> None:
    """Verdicts and policies are read at each scrape."""
    known, policies = Known([verdict("old")]), ["old"]
    metrics = Metrics()
    metrics.show_workloads(known, lambda: policies)
    assert by(metrics.registry, "slimgate_workloads")["old", "allow"] == 1

    known.kept, policies[:] = [], ["new"]

    assert {policy for policy, _ in by(metrics.registry, "slimgate_workloads")} == {"new"}


def test_mirrors() -> None:
    """Each kind tells how long ago it was heard of, and how much there is of it."""
    mirrors = {"nodes": Mirrored(3, 12.5)}
    metrics = Metrics()
    metrics.show_mirrors(mirrors)
    mirrors["policies"] = Mirrored(0, 0.5)
    metrics.show_mirrors({"rollouts": Mirrored(1, 2.5)})

    name = "slimgate_mirror_event_age_seconds"
    ages = {("nodes",): 12.5, ("policies",): 0.5, ("rollouts",): 2.5}
    assert by(metrics.registry, name) == ages
    name = "slimgate_mirror_objects"
    assert by(metrics.registry, name) == {("nodes",): 3, ("policies",): 0, ("rollouts",): 1}
