"""The cluster that is measured: made, and ready for a controller."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import yaml

from bench.images import Image, push
from bench.scale import kept, kubelets, objects, plane
from bench.scale.audit import AuditLog
from bench.scale.client import STRATEGIC, Call, Client, connected
from bench.scale.kubelets import Kubelet
from bench.scale.objects import Json, Size
from bench.scale.plane import BARE, SLIMGATE, Plane
from bench.scale.store import keep
from slimgate.cluster.resources import NAMESPACES
from slimgate.core.json_object import mapping_at, objects_at, text_at
from slimgate.core.workloads.kinds import DEPLOYMENTS
from tests.live.api import resource_of
from tests.live.programs import Roles
from tests.registry import servers
from tests.support.configuration import plain, write_configuration

_FILE_BYTES: Final = (500, 2_000)
_SYSTEM: Final = "slimgate-system"
_CRDS: Final = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
_BINDINGS: Final = "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings"
_PATIENCE: Final = 600.0
_QUIET_SECONDS: Final = 2.0
_QUIET_WRITES: Final = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """What there is to measure with. `admin` makes, and `bare` is measured."""

    size: Size
    images: Sequence[Image]
    plane: Plane
    admin: Client
    bare: Client
    audit: AuditLog
    roles: Roles
    kubelet: Kubelet


@asynccontextmanager
async def place(folder: Path, size: Size, *, crowded: bool) -> AsyncIterator[Place]:
    """Make it and end it; `crowded` has Kubernetes' controllers and kwok, too."""
    registry = servers.start(folder, "images")
    try:
        images = await asyncio.to_thread(
            push, registry.host, size.images, file_bytes=_FILE_BYTES, big_every=0
        )
        with plane.running(folder) as running:
            async with (
                connected(running.server, running.pki, "admin") as admin,
                connected(running.server, running.pki, BARE) as bare,
                kubelets.serving(folder) as kubelet,
            ):
                roles = Roles(
                    address="127.0.0.1",
                    common=_environment(folder, running, registry.host),
                    folder=folder,
                )
                made = Place(
                    size=size,
                    images=images,
                    plane=running,
                    admin=admin,
                    bare=bare,
                    audit=AuditLog(running.control.log),
                    roles=roles,
                    kubelet=kubelet,
                )
                try:
                    await _install(admin)
                    await _fill(made, crowded=crowded)
                    yield made
                finally:
                    await asyncio.to_thread(roles.close)
    finally:
        registry.stop()


def _environment(folder: Path, running: Plane, registry: str) -> Mapping[str, str]:
    config = write_configuration(
        folder,
        namespace=_SYSTEM,
        registries=plain([registry]),
        certificates="CertManager",
        address="127.0.0.1",
        logFormat="Text",
    )
    return {"KUBECONFIG": running.kubeconfig(SLIMGATE), "SLIMGATE_CONFIG": config}


async def _install(admin: Client) -> None:
    """Have the resources, slimgate's namespace, and rights for both users."""
    for made in _definitions():
        await admin.call(Call(method="POST", path=_CRDS, body=made))
        name = made["metadata"]["name"]
        await admin.until(Call(method="GET", path=f"{_CRDS}/{name}"), _is_served, 60)
    users = [
        {"kind": "User", "name": name, "apiGroup": "rbac.authorization.k8s.io"}
        for name in (SLIMGATE, BARE)
    ]
    role = {"kind": "ClusterRole", "name": "cluster-admin", "apiGroup": users[0]["apiGroup"]}
    binding = {"metadata": {"name": "bench-scale"}, "subjects": users, "roleRef": role}
    await admin.call(Call(method="POST", path=_BINDINGS, body=binding))
    named: Json = {"apiVersion": "v1", "metadata": {"name": _SYSTEM}}
    await create(admin, [{**named, "kind": "Namespace"}])
    account = {"name": "slimgate-kubelet", "namespace": _SYSTEM}
    await create(admin, [{**named, "kind": "ServiceAccount", "metadata": account}])


def _definitions() -> Sequence[Json]:
    files = sorted(Path("manifests/crds").glob("*.yaml"))
    return [yaml.safe_load(file.read_text(encoding="utf-8")) for file in files]


async def _fill(made: Place, *, crowded: bool) -> None:
    size, admin = made.size, made.admin
    await create(admin, objects.namespaces(size))
    await create(admin, objects.policies(size))
    await create(admin, objects.exceptions(size))
    kubelet = made.kubelet.address, made.kubelet.port
    await keep(made.plane.store, kept.nodes(size, made.images, kubelet))
    await keep(made.plane.store, kept.workloads(size, made.images))
    if crowded:
        await asyncio.to_thread(made.plane.work)
        await _at_work(admin)
    await quiet(admin)


async def _at_work(admin: Client) -> None:
    """Wait until Kubernetes' controllers have seen all, and kwok runs what they make."""
    namespace = "default"
    first = objects.deployment(namespace, "first", "registry.invalid/first:v1", 1)
    await create(admin, [first])
    seen = Call(method="GET", path=DEPLOYMENTS.one(namespace, "first"))
    await admin.until(seen, lambda one: one.get("status", {}).get("readyReplicas") == 1, _PATIENCE)
    await admin.call(Call(method="DELETE", path=seen.path))


async def create(client: Client, made: Iterable[Json]) -> float:
    """Make objects; return how many seconds it took."""
    return await client.all(_creations(made))


def _creations(made: Iterable[Json]) -> Iterator[Call]:
    for one in made:
        resource, namespace = resource_of(one), one["metadata"].get("namespace", "")
        path = resource.within(namespace) if namespace else resource.all()
        yield Call(method="POST", path=path, body=one)


def status_patch(number: int, status: Json) -> Call:
    """Write what a node says of itself."""
    path = f"/api/v1/nodes/{objects.node_name(number)}/status"
    return Call(method="PATCH", path=path, body={"status": status}, content_type=STRATEGIC)


async def quiet(admin: Client) -> None:
    """Wait until hardly anything is written any more."""
    before = await _version(admin)
    while True:
        await asyncio.sleep(_QUIET_SECONDS)
        now = await _version(admin)
        if now - before < _QUIET_WRITES:
            return
        before = now


async def _version(admin: Client) -> int:
    listed = await admin.call(Call(method="GET", path=f"{NAMESPACES.all()}?limit=1"))
    return int(listed["metadata"]["resourceVersion"])


def _is_served(definition: Json) -> bool:
    conditions = objects_at(mapping_at(definition, "status"), "conditions")
    return any(
        (text_at(one, "type"), text_at(one, "status")) == ("Established", "True")
        for one in conditions
    )
