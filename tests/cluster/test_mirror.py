"""Mirrors follow the API server through cuts, expired versions and missing kinds."""

import asyncio
import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any
from uuid import uuid4

import pytest

from slimgate.cluster.api import ClusterApi
from slimgate.cluster.backoff import Pace
from slimgate.cluster.errors import ForbiddenError, UnreachableError
from slimgate.cluster.mirror import Mirror, Scope
from slimgate.cluster.resources import NODES, SECRETS, SLIM_EXCEPTIONS
from slimgate.core.errors import MissingError
from slimgate.core.json_object import JsonObject, mapping_at, text_at
from slimgate.core.workloads.kinds import Kind
from tests.cluster.conftest import Login, at_last, connected, soon
from tests.cluster.relay import Relay
from tests.lab.kubectl import Kubectl

pytestmark = pytest.mark.lab
CONFIG_MAPS = Kind(version="v1", kind="ConfigMap", plural="configmaps")
MADE = {"labelSelector": "made=here"}
QUICK = Pace(first=0.01, cap=0.05, jitter=lambda: 0.0)


class Seen:
    """A sink that keeps what it is told."""

    def __init__(self) -> None:
        self.changed = asyncio.Event()
        self.objects: dict[tuple[str, str], JsonObject] = {}
        self.puts: list[str] = []

    def put(self, obj: JsonObject) -> None:
        """Keep an object."""
        metadata = mapping_at(obj, "metadata")
        name = text_at(metadata, "name")
        self.objects[text_at(metadata, "namespace"), name] = obj
        self.puts.append(name)
        self.changed.set()

    def drop(self, namespace: str, name: str) -> None:
        """Forget one."""
        del self.objects[namespace, name]
        self.changed.set()

    @property
    def names(self) -> set[str]:
        """What is there."""
        return {name for _, name in self.objects}

    async def until(self, *names: str) -> None:
        """Wait until exactly these are there."""
        await soon(lambda: self.names == set(names), self.changed)


@asynccontextmanager
async def following(mirror: Mirror) -> AsyncIterator[None]:
    """Run a mirror; it must not end by itself."""
    task = asyncio.create_task(mirror.run())
    try:
        async with asyncio.timeout(60):
            yield
    finally:
        task.cancel()
        await asyncio.wait([task])
        assert task.cancelled()


def scope(namespace: str, page_size: int = 500) -> Scope:
    """Mirror the namespace's config maps of our making."""
    return Scope(path=CONFIG_MAPS.within(namespace), query=MADE, page_size=page_size)


async def make(api: ClusterApi, namespace: str, *names: str) -> None:
    """Make config maps."""
    for name in names:
        body = {"metadata": {"name": name, "labels": {"made": "here"}}, "data": {"a": "1"}}
        await api.create(CONFIG_MAPS.within(namespace), body)


async def problem(mirror: Mirror, kind: type[Exception]) -> None:
    """Wait until a mirror says that it can't follow."""
    await at_last(lambda: isinstance(mirror.problem, kind))


async def test_lists_then_watches(api: ClusterApi, namespace: str) -> None:
    """All pages are there once it is synced, then every change follows."""
    seen = Seen()
    await make(api, namespace, "a", "b", "c")
    mirror = Mirror(api, scope(namespace, page_size=2), seen)

    async with following(mirror):
        await mirror.synced.wait()
        at_once = seen.names
        await make(api, namespace, "d")
        await api.delete(CONFIG_MAPS.one(namespace, "a"))
        await seen.until("b", "c", "d")
        await api.merge_patch(CONFIG_MAPS.one(namespace, "b"), {"data": {"a": "2"}})
        await soon(lambda: seen.objects[namespace, "b"]["data"] == {"a": "2"}, seen.changed)

    assert at_once == {"a", "b", "c"}
    assert seen.puts == ["a", "b", "c", "d", "b"]
    assert len(mirror) == 3
    assert not any("managedFields" in mapping_at(o, "metadata") for o in seen.objects.values())


async def test_empty(api: ClusterApi, namespace: str) -> None:
    """A kind without objects is synced, too."""
    mirror = Mirror(api, scope(namespace), Seen())

    async with following(mirror):
        await mirror.synced.wait()

    assert len(mirror) == 0


async def test_metadata_only(api: ClusterApi) -> None:
    """Of a node all but its metadata can be left on the server, whose labels say what it is."""
    seen = Seen()
    mirror = Mirror(api, Scope(path=NODES.all(), metadata_only=True), seen)

    async with following(mirror):
        await mirror.synced.wait()

    node = next(iter(seen.objects.values()))
    assert "status" not in node
    assert mapping_at(mapping_at(node, "metadata"), "labels")["kubernetes.io/os"] == "linux"


async def test_cut_off(
    api: ClusterApi,
    far: ClusterApi,
    relay: Relay,
    namespace: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What happened while the API server was out of reach is caught up with, without a listing."""
    seen = Seen()
    await make(api, namespace, "stays", "goes")
    mirror = Mirror(far, scope(namespace), seen, pace=QUICK)

    async with following(mirror):
        await seen.until("stays", "goes")
        monkeypatch.setattr(far, "pages", None)
        await relay.cut()
        await problem(mirror, UnreachableError)
        await api.delete(CONFIG_MAPS.one(namespace, "goes"))
        await make(api, namespace, "comes")
        await relay.mend()
        await seen.until("stays", "comes")

    assert mirror.problem is None
    assert seen.puts == ["goes", "stays", "comes"]


@pytest.mark.usefixtures("crds")
async def test_version_expired(
    api: ClusterApi,
    far: ClusterApi,
    relay: Relay,
    namespace: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """After a gap that the API server has forgotten, what vanished in it is dropped."""
    seen, watch, versions = Seen(), far.watch, list[str]()
    mirror = Mirror(far, SLIM_EXCEPTIONS.within(namespace), seen, pace=QUICK)

    def long_ago(path: str, version: str, *more: Any, **rest: Any) -> AsyncIterator[object]:
        versions.append(version)
        return watch(path, "1" if version == versions[0] else version, *more, **rest)

    await leave(api, namespace, "stays", "goes")

    async with following(mirror):
        await seen.until("stays", "goes")
        await relay.cut()
        await problem(mirror, UnreachableError)
        await api.delete(SLIM_EXCEPTIONS.one(namespace, "goes"))
        await leave(api, namespace, "comes")
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(far, "watch", long_ago)
            await relay.mend()
            await seen.until("stays", "comes")

    assert seen.puts == ["goes", "stays", "comes"]
    assert "too old resource version" in caplog.text


async def leave(api: ClusterApi, namespace: str, *names: str) -> None:
    """Make exceptions."""
    for name in names:
        body = {
            "apiVersion": SLIM_EXCEPTIONS.api_version,
            "kind": SLIM_EXCEPTIONS.kind,
            "metadata": {"name": name},
            "spec": {
                "policyRefs": ["default"],
                "reason": "tried",
                "expirationTime": "2040-01-01T00:00:00Z",
            },
        }
        await api.create(SLIM_EXCEPTIONS.within(namespace), body)


async def test_server_down_at_start(
    api: ClusterApi, far: ClusterApi, relay: Relay, namespace: str
) -> None:
    """A mirror that finds no API server waits for it."""
    seen = Seen()
    await make(api, namespace, "a")
    await relay.cut()
    mirror = Mirror(far, scope(namespace), seen, pace=QUICK)

    async with following(mirror):
        await problem(mirror, UnreachableError)
        synced_without = mirror.synced.is_set() or mirror.tried.is_set()
        await relay.mend()
        await seen.until("a")

    assert not synced_without


def crd(group: str) -> str:
    """Write a CRD that takes anything."""
    return f"""
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {{name: things.{group}}}
spec:
  group: {group}
  scope: Namespaced
  names: {{kind: Thing, plural: things, singular: thing, listKind: ThingList}}
  versions:
  - name: v1
    served: true
    storage: true
    schema: {{openAPIV3Schema: {{type: object, x-kubernetes-preserve-unknown-fields: true}}}}
"""


@pytest.mark.parametrize("optional", [True, False])
async def test_kind_that_comes_and_goes(
    api: ClusterApi, far: ClusterApi, relay: Relay, kubectl: Kubectl, *, optional: bool
) -> None:
    """It is followed once it is installed.

    When it goes, of an optional kind nothing is left; of another the last is known until it is
    back.
    """
    group = f"t{uuid4().hex[:8]}.example.com"
    kind = Kind(group=group, version="v1", kind="Thing", plural="things")
    seen, followed = Seen(), list[bool]()
    scope = Scope(path=kind.all(), optional=optional)
    mirror = Mirror(far, scope, seen, pace=QUICK, on_follow=followed.append)

    async with following(mirror):
        await problem(mirror, MissingError)
        async with installed(kubectl, kind):
            await thing(api, kind, "before")
            await seen.until("before")
            await relay.cut()
            await problem(mirror, UnreachableError)
            unreachable = seen.names
        await relay.mend()
        await problem(mirror, MissingError)
        gone = seen.names
        async with installed(kubectl, kind):
            await thing(api, kind, "after")
            await seen.until("after")

    assert unreachable == {"before"}
    assert gone == (set() if optional else {"before"})
    changes = [one for one, _ in itertools.groupby(followed)]
    assert changes[changes.index(True) :] == ([True, False, True] if optional else [True])


@asynccontextmanager
async def installed(kubectl: Kubectl, kind: Kind) -> AsyncIterator[None]:
    """Have the API server know a kind for a time; it serves it a moment later."""
    try:
        await asyncio.to_thread(lambda: kubectl("apply", "-f", "-", stdin=crd(kind.group)))
        yield
    finally:
        name = f"things.{kind.group}"
        await asyncio.to_thread(lambda: kubectl("delete", "crd", name, "--ignore-not-found"))


async def thing(api: ClusterApi, kind: Kind, name: str) -> None:
    """Make an object of a kind as soon as it is served."""
    body = {"apiVersion": kind.api_version, "kind": kind.kind, "metadata": {"name": name}}
    async with asyncio.timeout(30):
        while True:
            with suppress(MissingError):
                await api.create(kind.within("default"), body)
                return
            await asyncio.sleep(0.01)


async def test_right_granted_later(namespace: str, login: Login, kubectl: Kubectl) -> None:
    """A missing right is a problem that says what it is, and ends when the right is granted."""
    async with connected(await login(namespace, "poor")) as poor:
        mirror = Mirror(poor, SECRETS.within(namespace), Seen(), pace=QUICK)
        async with following(mirror):
            await problem(mirror, ForbiddenError)
            assert mirror.tried.is_set()
            await asyncio.to_thread(grant, kubectl, namespace)
            await mirror.synced.wait()


def grant(kubectl: Kubectl, namespace: str) -> None:
    """Let the account list and watch secrets."""
    where = ("--namespace", namespace)
    kubectl("create", "role", "r", "--verb=list,watch", "--resource=secrets", *where)
    kubectl("create", "rolebinding", "r", "--role=r", f"--serviceaccount={namespace}:poor", *where)


async def test_last_event(api: ClusterApi, namespace: str) -> None:
    """It is the time of the last event, and before the first one that of the start."""
    times = itertools.count()
    seen = Seen()
    mirror = Mirror(api, scope(namespace), seen, now=lambda: float(next(times)))
    started = mirror.last_event

    async with following(mirror):
        await mirror.synced.wait()
        listed = [mirror.last_event for _ in range(3)]
        await make(api, namespace, "a")
        await seen.until("a")
        heard = mirror.last_event

    assert started == 0
    assert len(set(listed)) == 1
    assert started < listed[0] < heard


async def test_broken_sink_ends_it(api: ClusterApi, namespace: str) -> None:
    """A sink that fails is a bug, and is not hidden."""

    class Broken(Seen):
        def put(self, _: JsonObject) -> None:
            raise RuntimeError("broken")

    await make(api, namespace, "a")

    with pytest.raises(RuntimeError, match="broken"):
        await Mirror(api, scope(namespace), Broken()).run()
