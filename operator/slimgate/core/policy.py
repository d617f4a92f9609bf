"""SlimPolicy as the checks see it; policy_parser reads it from the resource."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from enum import Enum
from fnmatch import fnmatchcase
from functools import lru_cache

from slimgate.core.errors import InvalidReferenceError
from slimgate.core.image import Wants
from slimgate.core.reference import Reference
from slimgate.core.selector import Selector
from slimgate.core.tier import EMPTY_BASE, Evidence, Tier
from slimgate.core.workload import Workload


class Mode(Enum):
    """The most that a violation can do."""

    ENFORCE = "Enforce"
    WARN = "Warn"
    AUDIT = "Audit"


class OnUnknown(Enum):
    """What becomes of a workload whose images could not be inspected."""

    ALLOW = "Allow"
    DENY = "Deny"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """A soft and a hard line: bytes, a count, or percent; a value above it violates."""

    warn: int | None = None
    deny: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TierLimit:
    """The slimmest tier that is warned of and the slimmest that is denied."""

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
class NamedBase:
    """An organisation's own base, found in its registry and compared by diffIDs."""

    reference: Reference
    tier: Tier | None = None
    name: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Bases:
    """What a policy says of bases; `allow` and `deny` are globs and never both given."""

    allow: tuple[str, ...] = ()
    deny: tuple[str, ...] = ()
    tier: TierLimit | None = None
    accept: Evidence = Evidence.PROVEN
    known: tuple[NamedBase, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """Which workloads and images a policy speaks of; an empty part matches everything."""

    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    namespace_selector: Selector | None = None
    workload_selector: Selector | None = None
    kinds: frozenset[str] = frozenset()
    images: tuple[str, ...] = ()

    def workload(self, workload: Workload, namespace_labels: Mapping[str, str]) -> bool:
        """Whether the policy speaks of this workload, its images aside."""
        if self.kinds and workload.kind not in self.kinds:
            return False
        if any(fnmatchcase(workload.namespace, glob) for glob in self.exclude):
            return False
        if self.include and not any(fnmatchcase(workload.namespace, g) for g in self.include):
            return False
        if self.namespace_selector and not self.namespace_selector.matches(namespace_labels):
            return False
        return not self.workload_selector or self.workload_selector.matches(workload.labels)

    def image(self, written: str) -> bool:
        """Whether the policy speaks of this image, by its text or its full name."""
        return not self.images or matches_reference(self.images, written)


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """One SlimPolicy."""

    name: str
    generation: int = 0
    match: Match = field(default_factory=Match)
    mode: Mode = Mode.AUDIT
    on_unknown: OnUnknown = OnUnknown.ALLOW
    limits: Limits = field(default_factory=Limits)
    bases: Bases | None = None
    message: str = ""

    @property
    def wants(self) -> Wants:
        """The least facts that this policy's checks need."""
        return Wants(
            config=self.bases is not None,
            # Only contents prove an image to stand on nothing (docs/adr/0002).
            layers=self.limits.unpacked_size is not None
            or (self.bases is not None and EMPTY_BASE in self.bases.allow),
        )


def matches_reference(globs: tuple[str, ...], written: str) -> bool:
    """Whether a glob matches the reference in any form: as written, in full or as people write it.

    Each with its tag or without.
    """
    return any(fnmatchcase(form, glob) for glob in globs for form in _forms(written))


@lru_cache(maxsize=4096)
def _forms(written: str) -> frozenset[str]:
    forms = {written}
    with suppress(InvalidReferenceError):
        reference = Reference.parse(written)
        # No other way to write a registry may lead past a policy.
        plain = reference.registry.lower().removesuffix(":443")
        for registry in (reference.registry, plain):
            whole = replace(reference, registry=registry)
            bare = replace(whole, tag=None, digest=None)
            forms |= {str(whole), whole.familiar, str(bare), bare.familiar}
    return frozenset(forms)
