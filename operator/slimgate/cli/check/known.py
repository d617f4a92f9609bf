"""Where policies, exceptions and namespaces come from: files, or a cluster."""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from slimgate.cli.check.rules import read_base_images, read_exceptions, read_policies
from slimgate.cli.manifests.files import read_all
from slimgate.cli.manifests.read import FileDocument
from slimgate.cli.manifests.sort import BASE_IMAGE, EXCEPTION, POLICY, sort
from slimgate.cli.shared.ports import ClusterView
from slimgate.core.errors import InvalidPolicyError, SettingsError
from slimgate.core.images.facts import Platform
from slimgate.core.json_object import JsonObject, mapping_at, text_at
from slimgate.core.policies.policy import Mode
from slimgate.core.policies.policy_parser import GROUP, VERSION
from slimgate.core.text import printable
from slimgate.core.workloads.workload import Workload, WorkloadKey
from slimgate.engine.catalog import Catalog, NodePlatforms
from slimgate.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownObjects:
    """The resources that judge, and the labels of the namespaces that are known, by name."""

    policies: Sequence[JsonObject] = ()
    exceptions: Sequence[JsonObject] = ()
    base_images: Sequence[JsonObject] = ()
    labels: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    platforms: NodePlatforms = field(default_factory=NodePlatforms)
    files: frozenset[str] = frozenset()
    """The files that were read."""
    unplaced: Sequence[FileDocument] = ()
    """The exceptions that name no namespace."""

    def catalog(
        self, settings: Settings, platforms: tuple[Platform, ...] = (), *, strict: bool = False
    ) -> Catalog:
        """Fill a catalog as mirrors fill that of the webhook; strictly, every mode is Enforce."""
        catalog = Catalog(
            excluded=[*settings.excluded_namespaces, settings.namespace],
            platforms=self.platforms.all or platforms,
            trusting=self.platforms.trusting,
        )
        for policy in self.policies:
            catalog.put_policy(_enforced(policy) if strict else policy)
        for exception in self.exceptions:
            catalog.put_exception(exception)
        for image in self.base_images:
            catalog.put_base_image(image)
        for name, labels in self.labels.items():
            catalog.put_namespace({"metadata": {"name": name, "labels": labels}})
        return catalog


def from_files(
    policies: Sequence[str], exceptions: Sequence[str], *, namespace: str
) -> KnownObjects:
    """Read policies, and exceptions and BaseImages beside them; SlimgateError for bad ones."""
    ruling = sort(read_all(policies), namespace=namespace)
    excusing = sort(read_all(exceptions), namespace=namespace)
    for option, names, kind, found in (
        ("--policy", policies, POLICY, ruling.policies),
        ("--exceptions", exceptions, EXCEPTION, excusing.exceptions),
    ):
        if names and not found:
            raise SettingsError(
                f"{option} {printable(' '.join(names), 256)}: it holds no {kind}, which has "
                f"apiVersion: {GROUP}/{VERSION} and kind: {kind}"
            )
    excuses = [*ruling.exceptions, *excusing.exceptions]
    read_policies(ruling.policies)
    read_exceptions(excuses)
    read_base_images(ruling.base_images)
    documents = (*ruling.policies, *excuses, *ruling.base_images)
    return KnownObjects(
        policies=[one.content for one in ruling.policies],
        exceptions=[_within(one.content, namespace) for one in excuses],
        base_images=[one.content for one in ruling.base_images],
        labels=ruling.labels,
        unplaced=[one for one in excuses if not _namespace(one.content)],
        files=frozenset(os.path.realpath(one.file) for one in documents),
    )


async def from_cluster(
    view: ClusterView,
    settings: Settings,
    *,
    policies: Sequence[JsonObject] | None = None,
    platforms: bool = True,
    tiers: bool = False,
) -> KnownObjects:
    """Read what the cluster says; `policies` are judged by instead of its own.

    Only what counts is asked for, since a user may lack the right to the rest: nodes where
    `platforms` are wanted, labels and BaseImages where a policy, or a limit on `tiers`, needs them.
    """
    ruling = await view.policies() if policies is None else policies
    known = KnownObjects(policies=ruling, exceptions=await view.exceptions())
    read = known.catalog(settings).policies.values()
    standing = tiers or any(policy.bases for policy in read)
    choosing = any(policy.match.namespace_selector for policy in read)
    return replace(
        known,
        base_images=await view.base_images() if standing else (),
        labels=await view.namespaces() if choosing else {},
        platforms=await view.platforms() if platforms else NodePlatforms(),
    )


async def running(
    view: ClusterView, workloads: Iterable[Workload], catalog: Catalog
) -> dict[WorkloadKey, Workload]:
    """Find what workloads that policies speak of would be an update of."""
    concerned = {one.key: one for one in workloads if one.name and catalog.matching(one)}
    found = {key: await view.current(one) for key, one in concerned.items()}
    return {key: one for key, one in found.items() if one is not None}


def broken(catalog: Catalog) -> Iterator[str]:
    """Say what of a cluster can't be used."""
    faults: Sequence[tuple[str, Mapping[str, InvalidPolicyError]]] = (
        (POLICY, catalog.broken),
        (EXCEPTION, {name: error for (_, name), error in catalog.broken_exceptions.items()}),
        (BASE_IMAGE, catalog.broken_base_images),
    )
    for kind, errors in faults:
        for name, error in errors.items():
            yield f"{kind} {printable(name, 253)} of the cluster is not applied: {error}"


def _enforced(policy: JsonObject) -> JsonObject:
    return {**policy, "spec": {**mapping_at(policy, "spec"), "mode": Mode.ENFORCE.value}}


def _namespace(exception: JsonObject) -> str:
    return text_at(mapping_at(exception, "metadata"), "namespace")


def _within(exception: JsonObject, namespace: str) -> JsonObject:
    """Give an exception that names no namespace one."""
    metadata = mapping_at(exception, "metadata")
    named = _namespace(exception) or namespace
    return {**exception, "metadata": {**metadata, "namespace": named}}
