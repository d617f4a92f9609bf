"""slimgate's two roles against the lab's API server, with settings and registries of their own."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Final
from uuid import uuid4

import yaml

from slimgate.cluster.certificates.authority import make as make_certificates
from slimgate.cluster.resources import OPEN_REPORTS
from slimgate.core.images.facts import Digest
from tests.lab.state import Lab
from tests.live import make
from tests.live.api import Api, Json, eventually
from tests.live.hook import Hook, configuration
from tests.live.programs import Roles, free_port
from tests.live.registries import Cable, Listener
from tests.live.room import Room, Sentinel
from tests.live.shelf import Shelf
from tests.support.configuration import plain, write_configuration

_LABEL: Final = "slimgate-live"
_REPORTS: Final = Path(__file__).parents[1] / "cluster" / "testdata" / "openreports.yaml"
ABSENT_PORT: Final = 5999
"""Of the lab's registry's address; nobody listens there."""
EXTRA_KIND: Final = {
    "apiGroup": "live.slimgate.dev",
    "version": "v1",
    "plural": "rollers",
    "kind": "Roller",
    "templatePath": "spec.workload.template",
}


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


@contextmanager
def open_site(lab: Lab, api: Api, folder: Path, **settings: object) -> Iterator[Site]:
    """Make what both roles need, no role runs yet; end all of it afterwards.

    `settings` are keys of the configuration file.
    """
    run = f"live-{uuid4().hex[:6]}"
    host, _, port = lab.registry.rpartition(":")
    cable = Cable(address=lab.host_address, target=(host, int(port))).mend()
    hole = Listener(address=lab.host_address).mend()
    made = make_certificates([lab.host_address], datetime.now(UTC))
    hook = Hook(host=lab.host_address, port=free_port(lab.host_address), ca_bundle=made.ca_bundle)
    (folder / "tls.crt").write_bytes(made.certificate)
    (folder / "tls.key").write_bytes(made.key)
    registries = (lab.registry, f"{host}:{ABSENT_PORT}", cable.registry, hole.registry)
    keys: dict[str, object] = {
        "namespace": f"{run}-system",
        "registries": plain(registries),
        "extraKinds": [EXTRA_KIND],
        "certificates": "CertManager",
        "tlsDirectory": str(folder),
        "address": lab.host_address,
        "webhookPort": hook.port,
        # So that tests see every verdict; test_annotations.py has the other modes.
        "annotations": "All",
        "logFormat": "Text",
        "drainDuration": 0,
        # The nodes' images are looked up for metrics only, which the demo's tests see.
        "nodeRefreshInterval": 0,
    }
    config = write_configuration(folder, **(keys | settings))
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


@contextmanager
def reviewing(site: Site) -> Iterator[Sentinel]:
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


@contextmanager
def reports_served(api: Api) -> Iterator[None]:
    """Have the cluster serve the kind of report meanwhile, unless it does so anyway."""
    crd: Json = yaml.safe_load(_REPORTS.read_text(encoding="utf-8"))
    missing = api.find(crd) is None
    if missing:
        api.create(crd)
    try:
        eventually(lambda: api.call("GET", OPEN_REPORTS.all()).accepted, "reports are served")
        yield
    finally:
        if missing:
            api.delete(crd)


def new_room(
    site: Site, sentinel: Sentinel, labels: dict[str, str] | None = None, *, reviewed: bool = True
) -> Room:
    """Make a place of its own; whoever asks for it closes it."""
    namespace = f"{site.run}-{uuid4().hex[:6]}"
    room = Room(
        api=site.api,
        sentinel=sentinel,
        namespace=namespace,
        shelf=Shelf(registry=site.lab.registry, path=namespace, pushed=site.pushed),
    )
    try:
        make_namespace(site.api, namespace, {**(site.labels if reviewed else {}), **(labels or {})})
    except BaseException:
        room.close()
        raise
    return room


def make_namespace(api: Api, name: str, labels: dict[str, str]) -> None:
    """Make a namespace in which pods can be made: that takes a service account."""
    api.create(
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}
    )
    account: Json = {
        "kind": "ServiceAccount",
        "metadata": {"name": "default", "namespace": name},
    }
    eventually(lambda: api.find(account), f"the service account of {name}")


def _await_calls(site: Site) -> None:
    """Wait until the API server calls the webhook, which takes it a moment to learn."""
    namespace = f"{site.run}-calls"
    asked = make.workload("Deployment", namespace, make.pod_spec("x"))
    program = site.roles.start("webhook")
    make_namespace(site.api, namespace, site.labels)
    before = program.metric("slimgate_admissions_total")

    def called() -> bool:
        site.api.try_create(asked, dry_run=True)
        return program.metric("slimgate_admissions_total") > before

    try:
        eventually(called, "the API server calls the webhook")
    finally:
        site.api.delete({"kind": "Namespace", "metadata": {"name": namespace}})
