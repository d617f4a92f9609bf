"""The Kubernetes API by path: pages, watches, writes, and what a refusal says."""

import asyncio
import json
import subprocess
import sys
from base64 import urlsafe_b64encode
from contextlib import aclosing
from pathlib import Path

import pytest
from aiohttp import web

from slimgate.cluster.addresses import server_addresses
from slimgate.cluster.api import ClusterApi
from slimgate.cluster.errors import (
    ApiError,
    ConflictError,
    ExistsError,
    ForbiddenError,
    GoneError,
    UnreachableError,
)
from slimgate.cluster.resources import NAMESPACES, SECRETS, SLIM_POLICIES
from slimgate.core.errors import MissingError
from slimgate.core.json_object import mapping_at, text_at
from slimgate.core.workloads.kinds import Kind
from tests.cluster.conftest import Login, read_kubeconfig, write_kubeconfig
from tests.cluster.relay import Relay
from tests.lab.state import Lab
from tests.support.cluster_client import client_of

pytestmark = pytest.mark.lab
CONFIG_MAPS = Kind(version="v1", kind="ConfigMap", plural="configmaps")


async def make(api: ClusterApi, namespace: str, name: str) -> dict[str, object]:
    """Make a config map with a label, to be found by."""
    body = {"metadata": {"name": name, "labels": {"made": "here"}}, "data": {"a": "1"}}
    return await api.create(CONFIG_MAPS.within(namespace), body)


def version_of(obj: dict[str, object]) -> str:
    """Return an object's resourceVersion."""
    return text_at(mapping_at(obj, "metadata"), "resourceVersion")


def name_of(obj: dict[str, object]) -> str:
    """Return an object's name."""
    return text_at(mapping_at(obj, "metadata"), "name")


async def test_pages(api: ClusterApi, namespace: str) -> None:
    """A listing comes in pages of the size asked for, each object once, with its kind."""
    names = [f"cm-{number}" for number in range(7)]
    for name in names:
        await make(api, namespace, name)
    query = {"labelSelector": "made=here"}
    path = CONFIG_MAPS.within(namespace)

    sizes = [len(page.items) async for page in api.pages(path, query, page_size=3)]
    found = [item async for item in api.list(path, query, page_size=3)]

    assert sizes == [3, 3, 1]
    assert [name_of(item) for item in found] == names
    assert {(item["apiVersion"], item["kind"]) for item in found} == {("v1", "ConfigMap")}


async def test_metadata_only(api: ClusterApi, namespace: str) -> None:
    """Where only metadata is asked for, the rest of an object stays on the server."""
    await make(api, namespace, "cm")

    pages = api.pages(
        CONFIG_MAPS.within(namespace), {"labelSelector": "made=here"}, metadata_only=True
    )
    items = [item async for page in pages for item in page.items]

    assert [name_of(item) for item in items] == ["cm"]
    assert "data" not in items[0]


FORGET = """
import sys
import urllib.request
opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
opener.open(f"{sys.argv[1]}/v3/kv/compaction", b'{"revision": 2}', timeout=10)
"""


def forget(lab: Lab) -> None:
    """Have etcd forget the very first versions, as the API server does after ten minutes."""
    inside = ["nsenter", f"--net=/run/netns/{lab.netns}", "--"] if lab.netns else []
    asked = [*inside, sys.executable, "-c", FORGET, lab.etcd]
    done = subprocess.run(asked, capture_output=True, text=True, check=False)
    # etcd refuses where the API server was first.
    assert not done.returncode or "400" in done.stderr, done.stderr


@pytest.mark.usefixtures("crds")
async def test_page_too_old(lab: Lab, api: ClusterApi) -> None:
    """A page of a listing that etcd no longer keeps is gone, and says to list again."""
    forget(lab)
    token = urlsafe_b64encode(
        json.dumps({"v": "meta.k8s.io/v1", "rv": 1, "start": "x\0"}).encode()
    ).decode()

    with pytest.raises(GoneError, match="no longer has"):
        # Of kinds of its own the API server itself may hold the first version for a minute more.
        async for _ in api.list(SLIM_POLICIES.all(), {"continue": token.rstrip("=")}):
            pass


async def test_watch_resumes(api: ClusterApi, namespace: str) -> None:
    """A watch tells what came after a version, and of a later one only what came after that."""
    path = CONFIG_MAPS.within(namespace)
    first = await make(api, namespace, "first")
    await make(api, namespace, "second")
    await api.delete(CONFIG_MAPS.one(namespace, "first"))

    async def seen(version: str, count: int) -> list[tuple[str, str]]:
        found: list[tuple[str, str]] = []
        async with aclosing(api.watch(path, version, {"labelSelector": "made=here"})) as events:
            async for kind, obj in events:
                found.append((kind, name_of(obj)))
                if len(found) == count:
                    break
        return found

    expected = [("ADDED", "second"), ("DELETED", "first")]
    assert await seen(version_of(first), 2) == expected
    second = await api.get(CONFIG_MAPS.one(namespace, "second"))
    assert await seen(version_of(second), 1) == expected[1:]


async def test_watch_ends(api: ClusterApi, namespace: str) -> None:
    """A watch ends without an error when its time is over."""
    made = await make(api, namespace, "cm")

    path, query = CONFIG_MAPS.within(namespace), {"labelSelector": "made=here"}
    events = api.watch(path, version_of(made), query, seconds=1)

    assert [kind async for kind, _ in events if kind != "BOOKMARK"] == []


@pytest.mark.usefixtures("crds")
async def test_watch_too_old(api: ClusterApi) -> None:
    """A watch from a version that the server has forgotten is gone."""
    with pytest.raises(GoneError, match="too old resource version"):
        async for _ in api.watch(SLIM_POLICIES.all(), "1", seconds=5):
            pass


async def test_watch_silent(api: ClusterApi) -> None:
    """A watch of which nothing is heard for longer than bookmarks take is dead."""
    nowhere = {"labelSelector": "no=where"}
    listing = [page async for page in api.pages(NAMESPACES.all(), nowhere)]

    with pytest.raises(UnreachableError, match="did not answer in time"):
        async for _ in api.watch(NAMESPACES.all(), listing[-1].version, nowhere, silence=0.2):
            pass


async def test_watch_cut(far: ClusterApi, relay: Relay) -> None:
    """A watch whose connection is cut is unreachable, not over."""
    listing = [page async for page in far.pages(NAMESPACES.all())]
    events = far.watch(NAMESPACES.all(), listing[-1].version)
    cut = asyncio.get_running_loop().call_later(0.2, lambda: asyncio.ensure_future(relay.cut()))

    with pytest.raises(UnreachableError, match="can't be reached"):
        async for _ in events:
            pass
    cut.cancel()


async def test_writes(api: ClusterApi, namespace: str) -> None:
    """An object can be created once, changed in part, applied, and deleted once."""
    one = CONFIG_MAPS.one(namespace, "cm")
    await make(api, namespace, "cm")
    with pytest.raises(ExistsError, match="already exists"):
        await make(api, namespace, "cm")

    patched = await api.merge_patch(one, {"data": {"a": None, "b": "2"}})
    applied = await api.apply(
        one,
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": "cm"},
            "data": {"b": "3"},
        },
    )
    managers = {
        entry["manager"]
        for entry in applied["metadata"]["managedFields"]  # type: ignore[index]
    }
    await api.delete(one)

    assert patched["data"] == {"b": "2"}
    assert applied["data"] == {"b": "3"}
    assert managers == {"slimgate"}
    with pytest.raises(MissingError, match='configmaps "cm" not found'):
        await api.delete(one)


async def test_uid_guards_a_patch(api: ClusterApi, namespace: str) -> None:
    """A patch that names a uid does not touch another object of the same name."""
    await make(api, namespace, "cm")

    with pytest.raises(ConflictError, match="the object has changed or was replaced"):
        await api.merge_patch(
            CONFIG_MAPS.one(namespace, "cm"), {"metadata": {"uid": "other"}, "data": {"a": "2"}}
        )


@pytest.mark.parametrize(
    ("api_version", "plural", "expected"),
    [
        ("v1", "pods", True),
        ("v1", "reports", False),
        ("apps/v1", "deployments", True),
        ("apps/v9", "deployments", False),
        ("nobody.example.com/v1", "reports", False),
    ],
)
async def test_has_resource(
    api: ClusterApi, api_version: str, plural: str, *, expected: bool
) -> None:
    """Discovery tells which kinds there are."""
    assert await api.has_resource(api_version, plural) is expected


async def test_unknown_kind(api: ClusterApi) -> None:
    """A kind whose CRD is not installed is missing, and the sentence says what to install."""
    kind = Kind(group="nobody.example.com", version="v1", kind="Nothing", plural="nothings")

    with pytest.raises(MissingError, match="is the CustomResourceDefinition installed"):
        await api.get(kind.one("default", "x"))


async def test_forbidden(namespace: str, login: Login) -> None:
    """A missing right is named: who, what, where."""
    kubeconfig = await login(namespace, "poor")

    async with ClusterApi.connect(kubeconfig) as poor:
        with pytest.raises(ForbiddenError) as caught:
            await poor.get(SECRETS.one(namespace, "any"))

    text = str(caught.value)
    assert f"system:serviceaccount:{namespace}:poor" in text
    assert 'cannot get resource "secrets"' in text
    assert text.endswith("grant it with a Role or ClusterRole")


async def test_wrong_credentials(lab: Lab, tmp_path: Path) -> None:
    """Credentials that the API server does not know are named as the cause."""
    config = read_kubeconfig(lab)
    config["users"][0]["user"] = {"token": "hunter2"}

    async with ClusterApi.connect(write_kubeconfig(tmp_path, config)) as api:
        with pytest.raises(ApiError, match="does not accept the credentials") as caught:
            await api.get("/api/v1/nodes")

    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"server": "https://127.0.0.1:9"}, "can't be reached: connect"),
        ({"server": "https://api.invalid:6443"}, "its name does not resolve"),
        ({"certificate-authority-data": None}, "its certificate is not trusted"),
    ],
)
async def test_unreachable(
    lab: Lab, tmp_path: Path, change: dict[str, str | None], expected: str
) -> None:
    """A server that is down, not to be found or not the right one gives one line that says so."""
    config = read_kubeconfig(lab)
    cluster = config["clusters"][0]["cluster"]
    cluster |= change
    config["clusters"][0]["cluster"] = {k: v for k, v in cluster.items() if v is not None}

    async with ClusterApi.connect(write_kubeconfig(tmp_path, config)) as api:
        with pytest.raises(UnreachableError) as caught:
            await api.get("/version")

    assert expected in str(caught.value)
    assert "\n" not in str(caught.value)
    assert caught.value.__cause__ is not None


async def test_no_api_server(lab: Lab, tmp_path: Path) -> None:
    """An address that answers, but not as an API server does, is called what it is."""
    config = read_kubeconfig(lab)
    config["clusters"][0]["cluster"] = {"server": f"http://{lab.registry}"}

    async with ClusterApi.connect(write_kubeconfig(tmp_path, config)) as api:
        with pytest.raises(ApiError, match="is it an API server"):
            await api.get("/")


async def test_overload_is_waited_out(tmp_path: Path) -> None:
    """A server that asks for patience gets it, up to a few times."""
    answers = [429, 429, 200, 429, 429, 429, 429]

    async def answer(_: web.Request) -> web.Response:
        status = answers.pop(0)
        return web.json_response({"status": status}, status=status, headers={"Retry-After": "0"})

    app = web.Application()
    app.router.add_get("/version", answer)
    async with client_of(app, tmp_path) as api:
        first = await api.get("/version")
        with pytest.raises(UnreachableError, match="try again"):
            await api.get("/version")

    assert first == {"status": 200}
    assert answers == []


async def test_addresses(api: ClusterApi, lab: Lab, relay: Relay, far: ClusterApi) -> None:
    """The API server's addresses are where it was reached and where it says it is."""
    own = lab.apiserver.removeprefix("https://")

    assert own in await server_addresses(api)
    assert {own, f"127.0.0.1:{relay.own_port}"} <= await server_addresses(far)


async def test_addresses_without_rights(namespace: str, login: Login, lab: Lab) -> None:
    """Without the right to read endpoints the addresses that anybody sees are still found."""
    async with ClusterApi.connect(await login(namespace, "poor")) as poor:
        found = await server_addresses(poor)

    assert lab.apiserver.removeprefix("https://") in found
