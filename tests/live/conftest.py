"""slimgate's two roles against the lab's API server, and a place for each test."""

import time
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from typing import Final

import pytest

from tests.lab.state import Lab
from tests.live import make
from tests.live.api import Api, eventually
from tests.live.programs import Program
from tests.live.room import VERDICT, Room, Sentinel
from tests.live.site import Site, make_namespace, new_room, open_site, reviewing

_OTHERS_SECONDS: Final = 2.0
"""A controller that runs annotates a new workload in a fraction of it."""

MakeRoom = Callable[..., Room]


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
    # What hangs holds its admissions for as long as the API server waits, to be seen.
    with open_site(lab, api, tmp_path_factory.mktemp("live"), maxAdmissionWait="30s") as site:
        yield site


@pytest.fixture(scope="package")
def sentinel(site: Site) -> Iterator[Sentinel]:
    """Have the API server call the webhook, which runs, and tell when it has seen policies."""
    with reviewing(site) as sentinel:
        yield sentinel


@pytest.fixture
def make_room(site: Site, sentinel: Sentinel) -> Iterator[MakeRoom]:
    """Return a function that makes one more place, which ends with the test."""
    rooms: list[Room] = []

    def build(labels: dict[str, str] | None = None, *, reviewed: bool = True) -> Room:
        rooms.append(new_room(site, sentinel, labels, reviewed=reviewed))
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
        make_namespace(site.api, namespace, {})
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
