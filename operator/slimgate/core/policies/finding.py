"""What checks report: one finding for each thing that a policy has to say of a workload."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum

from slimgate.core.errors import ImageError
from slimgate.core.images.facts import ImageFacts, Inspection, SizeEvidence
from slimgate.core.images.reference import Reference
from slimgate.core.images.tier import Evidence, Tier
from slimgate.core.policies.ways import Way
from slimgate.core.workloads.workload import ImageUse, Slot, Workload


class Outcome(IntEnum):
    """How bad a finding is: of several the worst counts, and a denial outweighs an unknown."""

    ALLOW = 0
    WARN = 1
    UNKNOWN = 2
    DENY = 3

    @property
    def label(self) -> str:
        """The word that annotations, reports and metrics use."""
        return self.name.lower()


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What one check found: a violation, or that something it needs is unknown.

    `use` is None where the workload as a whole is meant. `value` and `limit` are bytes, counts,
    percent or tiers, as the check's name says; `at_least` says that the value may be larger.
    `evidence` is that for the base or tier at fault, None for all other checks, and
    `size_evidence` that for an unpacked size.
    `reason` tells why something is unknown, or what keeps the value from being exact. An unknown
    has a limit where a softer one is known to be broken. `way` is what helps, where the check can
    say that of this finding alone. `no_more` says of a workload as a whole that what it runs now is
    known to come to as much.
    """

    policy: str
    check: str
    outcome: Outcome
    use: ImageUse | None = None
    image: ImageFacts | None = None
    value: int | Tier | str | None = None
    at_least: bool = False
    limit: int | Tier | str | None = None
    evidence: Evidence | None = None
    size_evidence: SizeEvidence | None = None
    reason: str | None = None
    way: Way | None = None
    no_more: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """A workload and what is known of its images.

    `running` holds what an update replaces, or leaves as it is, for checks that compare with it.
    `missing_bases` are the references of BaseImages that could not be looked up: an image may be
    based on one of them. `spoken_of` holds, by policy, the images that it speaks of, where they are
    compared with its globs already. `undecided` says of policies why nobody knows whether they
    apply.
    """

    workload: Workload
    images: Mapping[ImageUse, Inspection | ImageError]
    running: Mapping[ImageUse, Inspection | ImageError] = field(default_factory=dict)
    missing_bases: Mapping[Reference, ImageError] = field(default_factory=dict)
    spoken_of: Mapping[str, frozenset[ImageUse]] = field(default_factory=dict)
    undecided: Mapping[str, ImageError] = field(default_factory=dict)

    def replaced(self) -> Mapping[Slot, Inspection | ImageError]:
        """Tell what runs now in each slot of the workload's pods."""
        return {use.slot: seen for use, seen in self.running.items()}

    def gone(self) -> Mapping[ImageUse, Inspection | ImageError]:
        """Tell what runs now in slots that the workload has no more."""
        slots = {use.slot for use in self.workload.images}
        return {use: seen for use, seen in self.running.items() if use.slot not in slots}

    def inspected(self) -> Mapping[ImageUse, Inspection]:
        """Only those images whose inspection succeeded."""
        return {u: seen for u, seen in self.images.items() if isinstance(seen, Inspection)}
