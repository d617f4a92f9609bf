"""What everything that judges says, in one form that can be compared."""

from dataclasses import dataclass

from slimgate.core.images.facts import Inspection
from slimgate.core.policies.finding import Finding
from slimgate.core.policies.verdict import Verdict
from slimgate.core.workloads.workload import Role

Cell = tuple[str, ...]
_ROLES = {Role.INIT: "init/", Role.VOLUME: "volume/", Role.EPHEMERAL: "ephemeral/"}


@dataclass(frozen=True, kw_only=True)
class Admission:
    """What was found at an admission, what becomes of it, and in which words."""

    findings: Cell
    brief: Cell
    allowed: bool
    message: str
    warnings: tuple[str, ...]

    @property
    def does(self) -> str:
        """What becomes of the request, in a word."""
        if not self.allowed:
            return "denied"
        return "warned" if self.warnings else "admitted"


def brief(verdict: Verdict) -> Cell:
    """Write findings as the table does, and what is excused."""
    excused = (f"excused {_brief(finding)}" for finding, _ in verdict.excused)
    return tuple(sorted([*map(_brief, verdict.findings), *excused]))


def whole(verdict: Verdict) -> Cell:
    """Write findings with their figures and reasons."""
    said = (
        f"{one.policy}: {_brief(one)}: {one.value} above {one.limit}, {one.at_least}, "
        f"{one.evidence or one.size_evidence}, {one.reason}"
        for one in verdict.findings
    )
    return (
        *sorted(said),
        *sorted(f"excused {_brief(one)} by {by.name}" for one, by in verdict.excused),
    )


def facts(seen: object) -> Cell:
    """Write what is known of an image, or that nothing is."""
    if not isinstance(seen, Inspection):
        return ("unknown",)
    return tuple(
        f"{one.platform}: {one.pull.bytes}, {one.unpacked.bytes}, {len(one.layers)}, {one.base}"
        for one in seen.images
    )


def _brief(finding: Finding) -> str:
    use = finding.use
    place = "*" if use is None else f"{_ROLES.get(use.role, '')}{use.name}"
    return f"{place} {finding.check} {finding.outcome.label}"
