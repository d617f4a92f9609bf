"""A preview of one policy: every workload of the cluster, judged as if the mode were Enforce."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from enum import IntEnum
from pathlib import Path
from typing import Final

from slimgate.cli.check.known import from_cluster
from slimgate.cli.check.rules import read_base_images, read_policies
from slimgate.cli.manifests import STDIN, SUFFIXES
from slimgate.cli.manifests.files import read_all
from slimgate.cli.manifests.sort import sort
from slimgate.cli.shared.pool import LookupPool
from slimgate.cli.shared.ports import ClusterView
from slimgate.cli.shared.progress import Board
from slimgate.core.admission.decision import denies
from slimgate.core.errors import InvalidPolicyError, SettingsError
from slimgate.core.json_object import JsonObject, mapping_at, text_at
from slimgate.core.policies.finding import Finding, Outcome
from slimgate.core.policies.policy import Mode, Policy
from slimgate.core.policies.policy_parser import parse_policy
from slimgate.core.policies.verdict import Verdict
from slimgate.core.text import printable
from slimgate.core.wording.ways import DOCS
from slimgate.core.workloads.workload import Workload
from slimgate.settings import Settings

_MAX_NAMED: Final = 10


class Fate(IntEnum):
    """What would become of a workload, the worst last."""

    UNTOUCHED = 0
    """The policy does not speak of it."""
    WITHIN = 1
    WARNED = 2
    UNKNOWN = 3
    DENIED = 4

    @property
    def label(self) -> str:
        """The word that all outputs use."""
        return self.name.lower()


@dataclass(frozen=True, slots=True, kw_only=True)
class Foreseen:
    """One workload, and what the policy says of it."""

    verdict: Verdict
    fate: Fate
    findings: tuple[tuple[Finding, Fate], ...] = ()

    @property
    def workload(self) -> Workload:
        """Who is meant."""
        return self.verdict.subject.workload


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """Everything that would happen, the worst first; `docs` is the page that says what helps."""

    policy: Policy
    foreseen: Sequence[Foreseen] = field(default_factory=tuple)
    docs: str = DOCS

    def count(self, fate: Fate) -> int:
        """Count the workloads of a fate."""
        return sum(1 for entry in self.foreseen if entry.fate is fate)


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedPolicy:
    """The policy to judge by, as a resource too, and BaseImages that the cluster may not have."""

    resource: JsonObject
    policy: Policy
    base_images: Sequence[JsonObject] = ()


async def preview(
    wanted: WantedPolicy, view: ClusterView, settings: Settings, shown: Board, *, seconds: float
) -> Preview:
    """Judge the cluster by a policy; an image that takes longer than `seconds` is unknown."""
    policy = wanted.policy
    there = await from_cluster(view, settings, policies=[wanted.resource])
    known = replace(there, base_images=[*there.base_images, *wanted.base_images])
    judge = view.judge_by(known.catalog(settings))
    workloads = originals(await view.workloads())
    pool = LookupPool(shown)  # the judge has the time

    async def judged(workload: Workload) -> Verdict:
        async with pool.take(str(workload)):
            return await judge.judge(workload, seconds=seconds)

    verdicts = await asyncio.gather(*map(judged, workloads))
    foreseen = [foresee(verdict, policy) for verdict in verdicts]
    return Preview(policy=policy, foreseen=sorted(foreseen, key=_order), docs=settings.docs_url)


def policy_in_file(wanted: str) -> WantedPolicy | None:
    """Read the one policy of a file and its BaseImages; None if it is no file that is meant."""
    is_path = wanted == STDIN or "/" in wanted or wanted.endswith(SUFFIXES)
    if not (is_path or Path(wanted).is_file() or Path(wanted).is_fifo()):
        return None
    found = sort(read_all([wanted]), namespace="")
    policies = read_policies(found.policies)
    read_base_images(found.base_images)
    if len(policies) != 1:
        number = len(policies)
        raise SettingsError(f"{printable(wanted)}: it must hold one SlimPolicy, not {number}")
    return WantedPolicy(
        resource=found.policies[0].content,
        policy=policies[0],
        base_images=[image.content for image in found.base_images],
    )


async def policy_in_cluster(wanted: str, view: ClusterView) -> WantedPolicy:
    """Find a policy by its name; SettingsError if there is none, or it can't be used."""
    there = {text_at(mapping_at(p, "metadata"), "name"): p for p in await view.policies()}
    if wanted not in there:
        names = ", ".join(printable(name) for name in sorted(there)[:_MAX_NAMED]) or "none"
        raise SettingsError(f"there is no SlimPolicy {printable(wanted)}; the cluster has {names}")
    try:
        return WantedPolicy(resource=there[wanted], policy=parse_policy(there[wanted]))
    except InvalidPolicyError as err:
        raise SettingsError(f"SlimPolicy {printable(wanted)} can't be used: {err}") from err


def originals(workloads: Sequence[Workload]) -> list[Workload]:
    """Leave out what another workload made: a Deployment is judged for its ReplicaSets and Pods."""
    there = {workload.key: workload for workload in workloads}
    return [workload for workload in workloads if workload.of_owner(there) is None]


def foresee(verdict: Verdict, policy: Policy) -> Foreseen:
    """Say what would become of a workload if the policy were enforced."""
    enforced = replace(policy, mode=Mode.ENFORCE)
    if not verdict.policies:
        return Foreseen(verdict=verdict, fate=Fate.UNTOUCHED)
    fates = [(finding, _fate(finding, enforced)) for finding in verdict.findings]
    fates.sort(key=lambda pair: -pair[1])
    worst = fates[0][1] if fates else Fate.WITHIN
    return Foreseen(verdict=verdict, fate=worst, findings=tuple(fates))


def _fate(finding: Finding, enforced: Policy) -> Fate:
    if denies(finding, enforced):
        return Fate.DENIED
    return Fate.UNKNOWN if finding.outcome is Outcome.UNKNOWN else Fate.WARNED


def _order(entry: Foreseen) -> tuple[int, str, str, str]:
    workload = entry.workload
    return -entry.fate, workload.namespace, workload.kind, workload.name
