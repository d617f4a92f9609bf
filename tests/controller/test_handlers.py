"""The kopf that is installed, against an API server: all that is made for it takes effect there."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import kopf
import pytest

from slimgate.cluster.connect import Access, open_access
from slimgate.cluster.errors import UnreachableError
from slimgate.controller.handlers import make_registry, make_settings
from slimgate.controller.kinds import Kinds
from slimgate.controller.ledger import Key
from slimgate.controller.login import Login
from slimgate.controller.sweeper import Sweeper
from slimgate.core.json_object import JsonObject, mapping_at, text_at
from slimgate.core.workloads.kinds import BUILT_IN, DEPLOYMENTS, PODS, Kind
from slimgate.settings import Settings
from tests.app.api_server import HOST, ApiServer
from tests.cluster.conftest import eventually
from tests.controller.fakes import World
from tests.engine.shelf import APP
from tests.live.programs import free_port
from tests.support.kubeconfig import kubeconfig

SPEC = {"containers": [{"name": "main", "image": APP}]}
OWNED = [{"apiVersion": "apps/v1", "kind": "ReplicaSet", "controller": True, "uid": "r1"}]

FINALIZERS = ["slimgate.dev/finalizer", "kopf.zalando.org/KopfFinalizerMarker"]


class Place:
    """Kinds that kopf follows, and what it hands on of them."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.world = World()
        self.kinds = Kinds(self.world.reconciler, Settings())
        self.handed: list[str] = []
        self.requests: list[str] = []
        self.listed: list[str] = []
        for intake in self.kinds.built_in:
            put = intake.put

            def hand(obj: JsonObject, put: object = put) -> None:
                self.handed.append(text_at(mapping_at(obj, "metadata"), "resourceVersion"))
                assert callable(put)
                put(obj)

            monkeypatch.setattr(intake, "put", hand)

    def take(self, kind: Kind, obj: JsonObject) -> None:
        """Take what is listed."""
        self.listed.append(text_at(mapping_at(obj, "metadata"), "name"))
        self.kinds.take(kind, obj)

    @asynccontextmanager
    async def followed(self) -> AsyncIterator[None]:
        """Have kopf at work, which can't log in at first."""
        sweeper = Sweeper(reconciler=self.world.reconciler, take=self.take, left=self.kinds.listed)

        def asked(method: str, outcome: int | str, _seconds: float) -> None:
            self.requests.append(f"{method} {outcome}")

        failures = iter([UnreachableError("there is no kubeconfig yet")])

        async def connect() -> Access:
            if (failure := next(failures, None)) is not None:
                raise failure
            return await open_access()

        login = Login(BUILT_IN, sweeper.listed, connect, asked, self.kinds.concerns)
        tasks = await kopf.spawn_tasks(
            registry=make_registry(self.kinds.built_in, login),
            settings=make_settings(),
            clusterwide=True,
            standalone=True,
        )
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)


@pytest.fixture
def port(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> int:
    """Have the user's kubeconfig lead to a port."""
    port = free_port(HOST)
    path = kubeconfig(tmp_path, f"http://{HOST}:{port}")
    monkeypatch.setattr("slimgate.cluster.connect.KUBE_CONFIG_DEFAULT_LOCATION", path)
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    monkeypatch.setattr("slimgate.controller.login._RETRY", 0.01)
    return port


def event(kind: str, name: str, version: int, **metadata: object) -> JsonObject:
    """Write an event of a pod."""
    named = {"namespace": "team", "name": name, "uid": name, "resourceVersion": str(version)}
    typed = {"apiVersion": "v1", "kind": "Pod"}
    return {"type": kind, "object": {**typed, "metadata": {**named, **metadata}, "spec": SPEC}}


async def test_what_kopf_is_left(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of a listing, and of a watch what changes anything; it writes nothing at all.

    It would take away a finalizer of its own name from whatever carries it.
    """
    place, server = Place(monkeypatch), ApiServer()
    spec = {"template": {"spec": SPEC}}
    server.add(DEPLOYMENTS, {"spec": spec}, namespace="team", name="web", uid="web")
    alone = json.dumps(event("ADDED", "alone", 3, managedFields="deep"))

    async def seen() -> bool:
        is_last = Key(PODS, "team", "last") in place.world.ledger
        return is_last and place.requests.count("WATCH 200") == len(BUILT_IN)

    server.events["pods"] = [
        event("ADDED", "owned", 2, ownerReferences=OWNED),
        alone.replace('"deep"', "[" * 5_000 + "]" * 5_000),
        event("MODIFIED", "alone", 4, ownerReferences=OWNED),
        event("ADDED", "marked", 5, finalizers=FINALIZERS),
        {"type": "BOOKMARK", "object": {"metadata": {"resourceVersion": "6"}}},
        event("ADDED", "last", 7),
    ]
    async with server.serving(port), place.followed():
        await eventually(seen, 20)

    assert place.listed == ["web"]
    assert sorted(place.handed) == ["1", "3", "4", "5", "7"]
    assert {key.name for key in place.world.ledger} == {"web", "marked", "last"}
    assert server.written == []
    assert {one.split()[0] for one in place.requests} == {"GET", "WATCH"}


async def test_what_was_made_anew_under_its_name(
    port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Kopf hands on its forerunner's last changes after it, where all come together."""
    place, server = Place(monkeypatch), ApiServer()
    server.events["pods"] = [
        event("ADDED", "a", 2),
        event("MODIFIED", "a", 3, labels={"a": "b"}),
        event("DELETED", "a", 4),
        event("ADDED", "a", 5, uid="another"),
    ]

    async def seen() -> bool:
        return sorted(place.handed) == ["2", "3", "5"]

    async with server.serving(port), place.followed():
        await eventually(seen, 20)
        await asyncio.sleep(0.2)

    assert place.handed == ["2", "5", "3"]
    (pod,) = place.world.ledger
    record = place.world.record(pod)
    assert record.observed.workload.uid == "another"


async def test_what_went_unseen(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Kopf lists anew once the API server keeps no older changes; what that lacks is forgotten."""
    place, server = Place(monkeypatch), ApiServer()
    for name in ("here", "gone"):
        server.add(PODS, {"spec": SPEC}, namespace="team", name=name, uid=name)
    too_old = {"kind": "Status", "code": 410, "message": "too old resource version"}
    server.events["pods"] = [{"type": "ERROR", "object": too_old}]
    known: set[frozenset[str]] = set()

    async def seen() -> bool:
        known.add(frozenset(key.name for key in place.world.ledger))
        if place.listed:
            del server.objects["pods"][1:]
        return frozenset({"here"}) in known

    async with server.serving(port), place.followed():
        await eventually(seen, 20)

    assert frozenset({"here", "gone"}) in known
