"""SlimException: what a namespace's workloads are excused from, why, how far, and until when."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from slimgate.core.duration import format_duration
from slimgate.core.matching.globs import Globs
from slimgate.core.policies.finding import Finding, Subject
from slimgate.core.policies.policy import Policy
from slimgate.core.text import printable
from slimgate.core.timestamp import format_time
from slimgate.core.workloads.kinds import GroupKind
from slimgate.core.workloads.workload import Workload

NOT_ALLOWED = "NotAllowed"
TOO_LONG = "TooLong"


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a policy does not honour an exception: a word for its status, and a sentence.

    `latest` is when the exception may end at the latest, None where it may not be at all.
    """

    reason: str
    message: str
    latest: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExcusedWorkloads:
    """Workloads of one kind, by a glob of their names."""

    group: str
    kind: str
    name: str = "*"

    _names: Globs = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_names", Globs((self.name,)))

    def holds(self, workload: Workload) -> bool:
        """Whether it means the workload, or what that was made by: anyone can write an owner."""
        owner = workload.owner if workload.vouched else None
        return self._is(workload.group_kind, workload.name) or (
            owner is not None and self._is(owner.group_kind, owner.name)
        )

    def _is(self, kind: GroupKind, name: str) -> bool:
        return kind == (self.group, self.kind) and self._names.matches(name)


@dataclass(frozen=True, slots=True, kw_only=True)
class SlimException:
    """What one SlimException excuses, in its own namespace only and until `expires`.

    Without `checks`, `resources` or `images` it excuses all of them. `up_to` holds for each check
    the largest value that is excused: bytes, a count, or percent. Without `checks`, a cap names
    its check: who says `pullSize: 900Mi` and no more means pull sizes. `refused_since` is when a
    policy was first found not to allow it as it is.
    """

    namespace: str
    name: str
    reason: str
    expires: datetime
    policies: tuple[str, ...]
    checks: tuple[str, ...] = ()
    resources: tuple[ExcusedWorkloads, ...] = ()
    images: tuple[str, ...] = ()
    up_to: Mapping[str, int] = field(default_factory=dict)
    refused_since: datetime | None = None
    _globs: Globs = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_globs", Globs(self.images))

    def concerns(self, workload: Workload, now: datetime) -> bool:
        """Whether it may excuse anything of the workload now."""
        return (
            now < self.expires
            and workload.namespace == self.namespace
            and (not self.resources or any(one.holds(workload) for one in self.resources))
        )

    def excuses(
        self, finding: Finding, subject: Subject, compare: Callable[[Globs, str], bool]
    ) -> bool:
        """Whether it excuses a finding of a workload that it concerns; globs are told last."""
        return (
            finding.policy in self.policies
            and self._check(finding)
            and self._within(finding)
            and self._image(finding, subject, compare)
        )

    def refused_by(self, policy: Policy, now: datetime) -> Refusal | None:
        """Say why a policy that it names does not honour it now; None if it does.

        The time that a policy allows is that from now on, but time alone brings nothing into force:
        what was refused goes on being measured from then, until it or the policy is changed.
        """
        rules, name = policy.exceptions, printable(policy.name, 253)
        if not rules.allowed:
            return Refusal(NOT_ALLOWED, f"policy {name} allows no exceptions")
        since = now if self.refused_since is None else min(now, self.refused_since)
        if rules.max_duration is None or self.expires - since <= rules.max_duration:
            return None
        longest = format_duration(rules.max_duration.total_seconds())
        message = f"policy {name} allows exceptions for {longest} at most"
        if self.refused_since is not None:
            message += f", counted from {format_time(since)}, when this one was first refused"
        return Refusal(TOO_LONG, message, now + rules.max_duration)

    def _check(self, finding: Finding) -> bool:
        named = self.checks or self.up_to
        return not named or finding.check in named

    def _image(
        self, finding: Finding, subject: Subject, compare: Callable[[Globs, str], bool]
    ) -> bool:
        if not self.images:
            return True
        if finding.use is None and subject.workload.excess is not None:
            return False  # nobody has looked at all its images
        uses = [finding.use] if finding.use else list(subject.images)
        return all(compare(self._globs, use.reference) for use in uses)

    def _within(self, finding: Finding) -> bool:
        """Whether a value is known to be no more than its cap.

        Of an unknown size, and of one that is known to be at least so much, nobody can tell.
        """
        cap, value = self.up_to.get(finding.check), finding.value
        if cap is None:
            return True
        return isinstance(value, int) and not finding.at_least and value <= cap
