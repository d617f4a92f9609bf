"""Where policies, exceptions and namespaces come from: files, or a cluster."""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from slimgate.cli.judging.judge import WorkloadKey, key_of
from slimgate.cli.judging.rules import read_base_images, read_exceptions, read_policies
from slimgate.cli.manifests.files import read_all
from slimgate.cli.manifests.sort import EXCEPTION, POLICY, PlacedWorkload, sort
from slimgate.cli.ports import ClusterView
from slimgate.core.errors import InvalidPolicyError, SettingsError
from slimgate.core.images.facts import Platform
from slimgate.core.json_object import JsonObject, mapping_at, text_at
from slimgate.core.policies.base_image import BaseImage, parse_base_image
from slimgate.core.policies.exception import SlimException
from slimgate.core.policies.exception_parser import parse_exception
from slimgate.core.policies.policy import Policy
from slimgate.core.policies.policy_parser import parse_policy
from slimgate.core.text import printable
from slimgate.core.workloads.workload import Workload

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What judges, and under what: `broken` says in sentences what can't be used."""

    policies: tuple[Policy, ...] = ()
    exceptions: tuple[SlimException, ...] = ()
    base_images: tuple[BaseImage, ...] = ()
    labels: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    platforms: tuple[Platform, ...] = ()
    running: Mapping[WorkloadKey, Workload] = field(default_factory=dict)
    broken: tuple[str, ...] = ()
    files: frozenset[str] = frozenset()
    """The files that were read."""


def from_files(policies: Sequence[str], exceptions: Sequence[str], *, namespace: str) -> Known:
    """Read policies, and exceptions and BaseImages beside them; SlimgateError for bad ones."""
    ruling = sort(read_all(policies), namespace=namespace) if policies else None
    excusing = sort(read_all(exceptions), namespace=namespace) if exceptions else None
    for option, names, found in (
        ("--policy", policies, ruling.policies if ruling else ()),
        ("--exceptions", exceptions, excusing.exceptions if excusing else ()),
    ):
        if names and not found:
            kind = POLICY if option == "--policy" else EXCEPTION
            raise SettingsError(f"{option} {printable(' '.join(names), 256)}: it holds no {kind}")
    excuses = [*(ruling.exceptions if ruling else ()), *(excusing.exceptions if excusing else ())]
    rules = ruling.policies if ruling else []
    bases = ruling.base_images if ruling else []
    return Known(
        policies=read_policies(rules),
        exceptions=read_exceptions(excuses, namespace=namespace),
        base_images=read_base_images(bases),
        labels=ruling.labels if ruling else {},
        files=frozenset(os.path.realpath(one.file) for one in (*rules, *excuses, *bases)),
    )


async def from_cluster(
    view: ClusterView, workloads: Sequence[PlacedWorkload], *, platforms: bool, tiers: bool = False
) -> Known:
    """Read what the cluster says; what it can't use itself is left out, and named.

    Only what counts is asked for, since a user may lack the right to the rest: nodes where
    `platforms` are wanted, labels, workloads and BaseImages where a policy, or a limit on `tiers`,
    needs them.
    """
    broken: list[str] = []
    policies = _usable(await view.policies(), parse_policy, broken)
    exceptions = _usable(await view.exceptions(), parse_exception, broken)
    standing = tiers or any(policy.bases for policy in policies)
    bases = _usable(await view.base_images() if standing else (), parse_base_image, broken)
    wanted = {key_of(placed.workload) for placed in workloads}
    choosing = any(policy.match.namespace_selector for policy in policies)
    growing = any(policy.limits.growth for policy in policies)
    namespaces = sorted({placed.workload.namespace for placed in workloads}) if growing else ()
    running = [one for name in namespaces for one in await view.workloads(name)]
    return Known(
        policies=tuple(sorted(policies, key=lambda policy: policy.name)),
        exceptions=tuple(exceptions),
        base_images=tuple(sorted(bases, key=lambda image: image.name)),
        labels=await view.namespaces() if choosing else {},
        platforms=await view.platforms() if platforms else (),
        running={key_of(w): w for w in running if key_of(w) in wanted},
        broken=tuple(broken),
    )


def _usable(
    resources: Sequence[JsonObject], parse: Callable[[JsonObject], T], broken: list[str]
) -> list[T]:
    found: list[T] = []
    for resource in resources:
        try:
            found.append(parse(resource))
        except InvalidPolicyError as err:
            name = printable(text_at(mapping_at(resource, "metadata"), "name"), 253)
            kind = text_at(resource, "kind")
            broken.append(f"{kind} {name} of the cluster is not applied: {err}")
    return found
