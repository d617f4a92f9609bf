"""Which known images enforced policies refuse, and in whose namespaces: for the API server to ask.

It refuses by these while slimgate is away, and before slimgate is asked (ADR 26). So all that a
refusal rests on besides the image is told here as data, and what can't be told is left out.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from slimgate.core.errors import ImageError
from slimgate.core.images.facts import Digest, Inspection
from slimgate.core.images.reference import Reference
from slimgate.core.matching.selector import Selector
from slimgate.core.policies.checks import CHECKS, layer_size, layers, pull_size
from slimgate.core.policies.exception import SlimException
from slimgate.core.policies.finding import Finding, Outcome, Subject
from slimgate.core.policies.policy import Chosen, Match, Mode, Policy
from slimgate.core.text import cut
from slimgate.core.wording import render
from slimgate.core.wording.ways import DOCS, ways_out
from slimgate.core.workloads.kinds import GroupKind
from slimgate.core.workloads.workload import ImageUse, Role, Workload

_MAX_SENTENCE: Final = 256
_MAX_AFTER: Final = 512
_OF_THE_MANIFEST: Final = frozenset(
    {pull_size.CHECK.name, layers.CHECK.name, layer_size.CHECK.name}
)
"""Checks of what a digest vouches for, in whatever registry the manifest is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusableImage:
    """What a reference names, and the namespaces that use it.

    It is `shared` if it was seen without any namespace's own login: else no other may know of it.
    `missing_bases` are BaseImages that could not be looked up.
    """

    reference: Reference
    inspection: Inspection
    namespaces: frozenset[str]
    shared: bool
    missing_bases: Mapping[Reference, ImageError] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyScope:
    """Which workloads some policies refuse alike; in `spared` namespaces there is an exception."""

    namespaces: Chosen
    namespace_selector: Selector | None
    object_selector: Selector | None
    resources: frozenset[GroupKind]
    spared: tuple[str, ...] = ()
    policies: tuple[Policy, ...] = field(default=(), compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageRefusal:
    """What the workloads of a scope are answered: `says` of the image, and `after` all of them.

    With `namespaces` it is for those alone.
    """

    scope: PolicyScope
    says: str
    after: tuple[str, ...]
    namespaces: frozenset[str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedImage:
    """A refused image by all keys that manifests may name it by, and the namespaces that use it."""

    name: str
    """Of what the keys mean together, which stays the same for as long as that does."""
    keys: Mapping[str, tuple[ImageRefusal, ...]]
    namespaces: frozenset[str]


def scopes_of(
    policies: Iterable[Policy], exceptions: Iterable[SlimException], now: datetime
) -> tuple[PolicyScope, ...]:
    """Group the policies that enforce by whom they apply to.

    Where an exception from a policy holds for anything of a namespace, all of it is spared: what
    the exception excuses there may hinge on more than an image.
    """
    enforced = {one.name: one for one in policies if one.mode is Mode.ENFORCE}
    spared: dict[str, set[str]] = {}
    for exception in exceptions:
        if now >= exception.expires:
            continue
        for policy in filter(None, map(enforced.get, exception.policies)):
            if exception.refused_by(policy, now) is None:
                spared.setdefault(policy.name, set()).add(exception.namespace)
    found: dict[PolicyScope, list[Policy]] = {}
    for name in sorted(enforced):
        scope = _scope(enforced[name].match, tuple(sorted(spared.get(name, ()))))
        found.setdefault(scope, []).append(enforced[name])
    return tuple(replace(scope, policies=tuple(some)) for scope, some in found.items())


def refused(
    image: RefusableImage, scopes: Iterable[PolicyScope], docs: str = DOCS
) -> RefusedImage | None:
    """Say how an image is refused, None if it is not."""
    keys: dict[str, list[ImageRefusal]] = {}
    for scope in scopes:
        found = {one.name: _violations(image, one) for one in scope.policies}
        for key, text in _keys(image, found.values()).items():
            policies = [one for one in scope.policies if _applies(one, text)]
            findings = [
                finding
                for one in policies
                for finding in found[one.name]
                if text is not None or _is_of_the_manifest(finding)
            ]
            if findings:
                keys.setdefault(key, []).append(_refusal(scope, findings, policies, image, docs))
    for key in [key for key in keys if "@" in key]:
        if keys[key] == keys.get(key.rpartition("@")[2]):
            del keys[key]  # the digest says it all, whatever is before it
    if not keys:
        return None
    return RefusedImage(
        name=image.inspection.digest or str(image.reference),
        keys={key: tuple(refusals) for key, refusals in keys.items()},
        namespaces=image.namespaces,
    )


def _scope(match: Match, spared: tuple[str, ...]) -> PolicyScope:
    return PolicyScope(
        namespaces=match.namespaces,
        namespace_selector=match.namespace_selector,
        object_selector=match.object_selector,
        resources=match.resources,
        spared=spared,
    )


def _violations(image: RefusableImage, policy: Policy) -> list[Finding]:
    """Find what of an image violates a policy whatever workload uses it, now and before."""
    use = ImageUse(role=Role.IMAGE, name="", reference=str(image.reference))
    subject = Subject(
        workload=Workload(kind="", namespace="", name="", images=(use,)),
        images={use: image.inspection},
        missing_bases=image.missing_bases,
        # Whether it applies is another question, which each way to name the image answers.
        spoken_of={policy.name: frozenset({use})},
    )
    return [
        finding
        for check in CHECKS.values()
        for finding in check.find(policy, subject)
        if finding.use is not None and finding.outcome is Outcome.DENY
    ]


def _keys(image: RefusableImage, found: Iterable[Sequence[Finding]]) -> dict[str, str | None]:
    """Write the keys of an image, each with the reference that it means, None if with any name.

    A reference with a tag and a digest is looked up by the digest alone: its tag may be what a
    policy leaves out.
    """
    reference = image.reference.plain
    keys: dict[str, str | None] = {}
    if reference.digest is None:
        keys[str(reference)] = str(reference)
    violating = (f.image.digest for one in found for f in one if f.image is not None)
    digests: list[Digest | None] = [image.inspection.digest, *violating]
    for digest in filter(None, digests):
        named = str(reference.at(digest))
        keys[named] = named
        keys[digest] = None
    return keys


def _is_of_the_manifest(finding: Finding) -> bool:
    # How long a layer is in truth is one registry's word.
    return finding.check in _OF_THE_MANIFEST and not finding.at_least


def _applies(policy: Policy, text: str | None) -> bool:
    if text is None:
        return policy.match.images == Chosen()
    return policy.match.image(text)


def _refusal(
    scope: PolicyScope,
    findings: Sequence[Finding],
    policies: Sequence[Policy],
    image: RefusableImage,
    docs: str,
) -> ImageRefusal:
    names = {finding.policy for finding in findings}
    refusing = [one for one in policies if one.name in names]
    messages = dict.fromkeys(one.message for one in refusing if one.message)
    after = (*ways_out(findings, refusing, docs), *messages)
    return ImageRefusal(
        scope=scope,
        says=cut(render.what(findings), _MAX_SENTENCE),
        # The API server shows no message of several lines.
        after=tuple(cut(" ".join(text.split()), _MAX_AFTER) for text in after),
        namespaces=None if image.shared else image.namespaces,
    )
