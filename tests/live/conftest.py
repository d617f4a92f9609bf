"""slimgate's two roles against the lab's API server, and a place for each test."""

import time
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Final
from uuid import uuid4

import pytest

from slimgate.cluster.certificates.authority import make as make_certificates
from slimgate.core.images.facts import Digest
from tests.lab.state import Lab
from tests.live import make
from tests.live.api import Api, Json, eventually
from tests.live.hook import Hook, configuration
from tests.live.programs import Program, Roles, free_port
from tests.live.registries import Cable, Listener
from tests.live.room import VERDICT, Room, Sentinel
from tests.live.shelf import Shelf
from tests.support.configuration import plain, write_configuration

_ROOT: Final = Path(__file__).parents[2]
_LABEL: Final = "slimgate-live"
ABSENT_PORT: Final = 5999
"""Of the lab's registry's address; nobody listens there."""
_OTHERS_SECONDS: Final = 2.0
"""A controller that runs annotates a new workload in a fraction of it."""
EXTRA_KIND: Final = {
    "apiGroup": "live.slimgate.dev",
    "version": "v1",
    "plural": "rollers",
    "kind": "Roller",
    "templatePath": "spec.workload.template",
}

MakeRoom = Callable[..., Room]


@dataclass(frozen=True, kw_only=True)
class Site:
    """What all tests share."""

    lab: Lab
    api: Api
    run: str
    """A word that the objects of no other run have."""
    hook: Hook
    roles: Roles
    cable: Cable
    hole: Listener
    pushed: set[Digest] = field(default_factory=set)
    """The manifests of all images, whose profiles are deleted in the end."""

    @property
    def labels(self) -> dict[str, str]:
        """Of the namespaces whose objects the API server has the webhook review."""
        return {_LABEL: self.run}


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show the end of slimgate's logs with a failure."""
    report = yield
    site = getattr(item, "funcargs", {}).get("site")
    if report.failed and isinstance(site, Site):
        report.sections += [(f"log of {role}", tail) for role, tail in site.roles.logs().items()]
    return report


@pytest.fixture(scope="package")
def api(lab: Lab) -> Iterator[Api]:
    """Return a connection to the API server."""
    with closing(Api(lab)) as api:
        yield api


@pytest.fixture(scope="package")
def installed(crds: None, api: Api) -> None:
    """Wait until the API server validates by the resources as they are now."""
    del crds
    upside_down = make.policy("live", {"limits": {"layers": {"warn": 2, "deny": 1}}})
    eventually(
        lambda: not api.try_create(upside_down, dry_run=True).accepted,
        "a limit that is upside down is refused",
    )


@pytest.fixture(scope="package")
def unshared(api: Api) -> None:
    """Skip where another slimgate reviews what the tests make: it knows other registries."""
    own = {"labelSelector": "app.kubernetes.io/name=slimgate"}
    if api.list("ValidatingWebhookConfiguration", query=own):
        pytest.skip("slimgate is installed in this cluster: python -m examples.demo remove")


@pytest.fixture(scope="package")
def site(
    lab: Lab, api: Api, unshared: None, installed: None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    """Return what all tests share: no role runs yet."""
    del unshared, installed
    run = f"live-{uuid4().hex[:6]}"
    folder = tmp_path_factory.mktemp("live")
    host, _, port = lab.registry.rpartition(":")
    cable = Cable(address=lab.host_address, target=(host, int(port))).mend()
    hole = Listener(address=lab.host_address).mend()
    made = make_certificates([lab.host_address], datetime.now(UTC))
    hook = Hook(host=lab.host_address, port=free_port(lab.host_address), ca_bundle=made.ca_bundle)
    (folder / "tls.crt").write_bytes(made.certificate)
    (folder / "tls.key").write_bytes(made.key)
    registries = (lab.registry, f"{host}:{ABSENT_PORT}", cable.registry, hole.registry)
    config = write_configuration(
        folder,
        namespace=f"{run}-system",
        registries=plain(registries),
        extraKinds=[EXTRA_KIND],
        certificates="CertManager",
        tlsDirectory=str(folder),
        address=lab.host_address,
        webhookPort=hook.port,
        # So that tests see every verdict; test_annotations.py has the other modes.
        annotations="All",
        logFormat="Text",
        drainDuration=0,
        # What hangs holds its admissions for as long as the API server waits, to be seen.
        maxAdmissionWait="30s",
        # The nodes' images are looked up for metrics only, which the demo's tests see.
        nodeRefreshInterval=0,
    )
    common = {"KUBECONFIG": lab.kubeconfig, "SLIMGATE_CONFIG": config}
    roles = Roles(address=lab.host_address, common=common, folder=folder)
    system: Json = {"kind": "Namespace", "metadata": {"name": f"{run}-system"}}
    api.create({"apiVersion": "v1", **system})
    site = Site(lab=lab, api=api, run=run, hook=hook, roles=roles, cable=cable, hole=hole)
    try:
        yield site
    finally:
        roles.close()
        for digest in site.pushed:
            name = digest.replace(":", "-")
            api.delete({"kind": "ImageProfile", "metadata": {"name": name}})
        hook.close()
        cable.cut()
        hole.cut()
        api.delete(system)


@pytest.fixture(scope="package")
def sentinel(site: Site) -> Iterator[Sentinel]:
    """Have the API server call the webhook, which runs, and tell when it has seen policies."""
    sentinel = Sentinel(api=site.api, hook=site.hook, name=f"{site.run}-sentinel")
    configured = configuration(site.run, site.hook.url, site.hook.ca_bundle, site.labels)
    site.roles.start("webhook")
    try:
        site.api.create(sentinel.policy)
        sentinel.settle()
        site.api.create(configured)
        _await_calls(site)
        yield sentinel
    finally:
        site.api.delete(configured)
        site.api.delete(sentinel.policy)


@pytest.fixture
def make_room(site: Site, sentinel: Sentinel) -> Iterator[MakeRoom]:
    """Return a function that makes one more place, which ends with the test."""
    rooms: list[Room] = []

    def build(labels: dict[str, str] | None = None, *, reviewed: bool = True) -> Room:
        namespace = f"{site.run}-{uuid4().hex[:6]}"
        rooms.append(
            Room(
                api=site.api,
                sentinel=sentinel,
                namespace=namespace,
                shelf=Shelf(registry=site.lab.registry, path=namespace, pushed=site.pushed),
            )
        )
        _make_namespace(site, namespace, {**(site.labels if reviewed else {}), **(labels or {})})
        return rooms[-1]

    try:
        yield build
    finally:
        for room in rooms:
            room.close()


@pytest.fixture
def room(make_room: MakeRoom) -> Room:
    """Return a place of the test's own, where the webhook reviews."""
    return make_room()


@pytest.fixture
def webhook(site: Site, sentinel: Sentinel) -> Program:
    """Return the webhook, which runs."""
    del sentinel
    return site.roles.start("webhook")


@pytest.fixture
def controller(site: Site) -> Program:
    """Return a controller that runs with the settings that all tests share."""
    return site.roles.start("controller")


@pytest.fixture(scope="package")
def alone(site: Site, sentinel: Sentinel) -> None:
    """Skip where another controller judges what ours does: they would write over each other."""
    del sentinel
    site.roles.stop("controller")
    namespace = f"{site.run}-alone"
    match = {"namespaces": {"include": [namespace]}}
    policy = make.policy(namespace, {"match": match, "limits": {"layers": {"deny": 1}}})
    deployment = make.workload("Deployment", namespace, make.pod_spec("no//reference"))
    try:
        _make_namespace(site, namespace, {})
        site.api.create(policy)
        site.api.create(deployment)
        deadline = time.monotonic() + _OTHERS_SECONDS
        while time.monotonic() < deadline:
            if VERDICT in site.api.get(deployment)["metadata"].get("annotations", {}):
                pytest.skip("another slimgate controller runs in this cluster: end it")
            time.sleep(0.1)
    finally:
        site.api.delete(policy)
        site.api.delete({"kind": "Namespace", "metadata": {"name": namespace}})


def _make_namespace(site: Site, name: str, labels: dict[str, str]) -> None:
    """Make a namespace in which pods can be made: that takes a service account."""
    site.api.create(
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}
    )
    account: Json = {
        "kind": "ServiceAccount",
        "metadata": {"name": "default", "namespace": name},
    }
    eventually(lambda: site.api.find(account), f"the service account of {name}")


def _await_calls(site: Site) -> None:
    """Wait until the API server calls the webhook, which takes it a moment to learn."""
    namespace = f"{site.run}-calls"
    asked = make.workload("Deployment", namespace, make.pod_spec("x"))
    program = site.roles.start("webhook")
    _make_namespace(site, namespace, site.labels)
    before = program.metric("slimgate_admissions_total")

    def called() -> bool:
        site.api.try_create(asked, dry_run=True)
        return program.metric("slimgate_admissions_total") > before

    try:
        eventually(called, "the API server calls the webhook")
    finally:
        site.api.delete({"kind": "Namespace", "metadata": {"name": namespace}})
