"""The way out of a denial: what helps against each of its causes, where to read more, whom to ask.

`docs` is the address of the page, which settings name: docs/slimming.md, or one with its headings.
"""

from collections.abc import Iterable, Sequence
from typing import Final

from slimgate.core.policies.checks import CHECKS, ON_BASES
from slimgate.core.policies.finding import Finding, Outcome
from slimgate.core.policies.policy import Policy
from slimgate.core.policies.ways import Section, Way
from slimgate.core.text import printable
from slimgate.core.workloads.workload import ImageUse

DOCS: Final = "https://slimgate.dev/docs/slimming"
_MAX_WAYS: Final = 4


def way_out(findings: Iterable[Finding], policies: Sequence[Policy], docs: str = DOCS) -> str:
    """Say what helps against all that is refused, and who may exempt it."""
    return " ".join(ways_out(findings, policies, docs))


def ways_out(
    findings: Iterable[Finding], policies: Sequence[Policy], docs: str = DOCS
) -> list[str]:
    """Write the same, a sentence each.

    Of an image above a limit the limit matters, whatever else of it is unknown.
    """
    found: dict[Section, Way] = {}
    for group in _by_use(findings).values():
        broken = [finding for finding in group if finding.outcome is not Outcome.UNKNOWN]
        # What a rule on bases allows or denies must not be contradicted by a limit's advice.
        for finding in sorted(broken or group, key=lambda finding: finding.check not in ON_BASES):
            way = way_of(finding)
            found.setdefault(way.section, way)
    said = [f"{way_text(way, docs)}." for way in list(found.values())[:_MAX_WAYS]]
    return [*said, *_exemption(policies, docs)]


def way_of(finding: Finding) -> Way:
    """Say what helps against one finding."""
    return CHECKS[finding.check].way_of(finding)


def way_text(way: Way, docs: str) -> str:
    """Write a way out, without its full stop."""
    return f"{way.sentence} ({link(way.section, docs)})"


def link(section: Section, docs: str) -> str:
    """Write the address of a section."""
    return f"{docs}#{section}"


def rollback(docs: str) -> str:
    """Write the warning that says why an update is admitted."""
    return (
        "slimgate: this workload ran these images before, so the rollback is admitted: "
        f"{link(Section.ROLLBACK, docs)}"
    )


def _by_use(findings: Iterable[Finding]) -> dict[ImageUse | None, list[Finding]]:
    groups: dict[ImageUse | None, list[Finding]] = {}
    for finding in findings:
        groups.setdefault(finding.use, []).append(finding)
    return groups


def _exemption(policies: Sequence[Policy], docs: str) -> list[str]:
    """Say whom to ask for an exception, where all that refuse allow one."""
    if not policies:
        return []
    strict = [printable(policy.name, 253) for policy in policies if not policy.exceptions.allowed]
    if strict:
        return [f"No exception is allowed from policy {', '.join(strict)}."]
    page = link(Section.EXCEPTION, docs)
    return [f"To exempt it, ask your platform team for a SlimException ({page})."]
