"""SlimPolicy as the checks see it; policy_parser reads it from the resource."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import Enum

from slimgate.core.images.facts import SizeEvidence, Wants
from slimgate.core.images.tier import Evidence, Tier
from slimgate.core.matching.globs import Globs
from slimgate.core.matching.selector import Selector
from slimgate.core.workloads.kinds import GroupKind
from slimgate.core.workloads.workload import ImageUse, Workload


class Mode(Enum):
    """The most that a violation can do."""

    ENFORCE = "Enforce"
    WARN = "Warn"
    AUDIT = "Audit"


class OnUnknown(Enum):
    """What becomes of a workload whose images could not be inspected."""

    ALLOW = "Allow"
    DENY = "Deny"


class OnFalseClaim(Enum):
    """What an image deserves that claims a base which its layers contradict."""

    IGNORE = "Ignore"
    WARN = "Warn"
    DENY = "Deny"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """A soft and a hard line: bytes, a count, or percent; a value above it violates.

    `evidence` is the weakest by which an unpacked size is within the lines.
    """

    warn: int | None = None
    deny: int | None = None
    evidence: SizeEvidence = SizeEvidence.ESTIMATED


@dataclass(frozen=True, slots=True, kw_only=True)
class TierLimit:
    """A soft and a hard line of tiers; a tier above it violates."""

    warn: Tier | None = None
    deny: Tier | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """All limits of a policy; None where it has none."""

    pull_size: Limit | None = None
    unpacked_size: Limit | None = None
    layers: Limit | None = None
    layer_size: Limit | None = None
    workload_pull_size: Limit | None = None
    growth: Limit | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MinEvidence:
    """The weakest evidence that each rule on bases believes.

    An image is allowed by `allow` on no weaker evidence. What violates `deny` or `maxTier` on
    weaker evidence is unknown.
    """

    allow: Evidence = Evidence.PROVEN
    deny: Evidence = Evidence.INFERRED
    tier: Evidence = Evidence.INFERRED


@dataclass(frozen=True, slots=True, kw_only=True)
class BaseRules:
    """The rules on bases; `allow` and `deny` are globs and never both given."""

    allow: tuple[str, ...] = ()
    deny: tuple[str, ...] = ()
    max_tier: TierLimit | None = None
    min_evidence: MinEvidence = field(default_factory=MinEvidence)
    on_false_claim: OnFalseClaim = OnFalseClaim.WARN


@dataclass(frozen=True, slots=True, kw_only=True)
class ExceptionRules:
    """Whether SlimExceptions may excuse from a policy, and for how long; None is without end."""

    allowed: bool = True
    max_duration: timedelta | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """Globs of what is meant, all if there are none, and of what is left out of it."""

    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    _include: Globs = field(init=False, repr=False, compare=False)
    _exclude: Globs = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_include", Globs(self.include))
        object.__setattr__(self, "_exclude", Globs(self.exclude))

    def holds(self, name: str) -> bool:
        """Whether a name is meant."""
        if self.exclude and self._exclude.matches(name):
            return False
        return not self.include or self._include.matches(name)

    def holds_reference(self, written: str) -> bool:
        """Whether an image is meant, in any form of its reference."""
        if self.exclude and self._exclude.excuses_reference(written):
            return False
        return not self.include or self._include.matches_reference(written)


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """Which workloads and images a policy applies to; an empty part matches everything."""

    namespaces: Chosen = field(default_factory=Chosen)
    namespace_selector: Selector | None = None
    object_selector: Selector | None = None
    resources: frozenset[GroupKind] = frozenset()
    images: Chosen = field(default_factory=Chosen)

    def namespace(self, name: str, labels: Mapping[str, str], *, whole: bool = True) -> bool:
        """Whether the policy applies in a namespace; `whole` is as below."""
        if not self.namespaces.holds(name):
            return False
        if (selector := self.namespace_selector) is None:
            return True
        return selector.matches(labels) if whole else selector.may_match(labels)

    def workload(
        self, workload: Workload, namespace_labels: Mapping[str, str], *, whole: bool = True
    ) -> bool:
        """Whether the policy applies to this workload, its images aside.

        Where the namespace's labels are not known as a `whole`, or those of a workload that was not
        read, it is whether it may.
        """
        return self.place(workload, namespace_labels, whole=whole) and self.object(workload)

    def place(
        self, workload: Workload, namespace_labels: Mapping[str, str], *, whole: bool = True
    ) -> bool:
        """Whether it applies to such workloads there, or may, whatever their own labels are."""
        if self.resources and workload.group_kind not in self.resources:
            return False
        return self.namespace(workload.namespace, namespace_labels, whole=whole)

    def object(self, workload: Workload) -> bool:
        """Whether it applies by the labels of the workload itself, or may."""
        if not self.object_selector or workload.unread:
            return True
        return self.object_selector.matches(workload.labels)

    def image(self, written: str) -> bool:
        """Whether the globs for images match a reference, in any of its forms."""
        return self.images.holds_reference(written)

    def spoken_of(self, uses: Iterable[ImageUse]) -> frozenset[ImageUse]:
        """Find the images of a matching workload that the policy applies to."""
        return frozenset(use for use in uses if self.image(use.reference))


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What one SlimPolicy asks, and of which workloads.

    `budget` is how many bytes all images that one namespace runs may unpack to, each layer once.
    """

    name: str
    generation: int = 0
    match: Match = field(default_factory=Match)
    mode: Mode = Mode.AUDIT
    on_unknown: OnUnknown = OnUnknown.ALLOW
    limits: Limits = field(default_factory=Limits)
    bases: BaseRules | None = None
    budget: int | None = None
    exceptions: ExceptionRules = field(default_factory=ExceptionRules)
    message: str = ""

    @property
    def wants(self) -> Wants:
        """All facts that this policy's checks may rest on: none may be another by more of them."""
        # What a layer holds may tell another family, tier or claim than the config (ADR 2).
        layers = self.limits.unpacked_size is not None or self.bases is not None
        # Platforms that are compared must all be named by configs, or all by indexes.
        return Wants(config=layers or self.wants_running, layers=layers)

    @property
    def wants_pull(self) -> bool:
        """Whether its checks rest on what images are to pull."""
        limits = self.limits
        sizes = (limits.pull_size, limits.layer_size, limits.workload_pull_size, limits.growth)
        return any(limit is not None for limit in sizes)

    @property
    def wants_running(self) -> bool:
        """Whether its checks compare with what an update replaces."""
        return self.limits.growth is not None or self.limits.workload_pull_size is not None
