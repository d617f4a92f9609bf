"""How the cluster is found and logged in to: in a pod, by kubeconfigs, and by broken ones."""

import json
from contextlib import suppress
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from slimgate.cluster.api import ClusterApi
from slimgate.cluster.connect import open_access
from slimgate.cluster.errors import ApiError, UnreachableError
from slimgate.core.errors import NoClusterError
from slimgate.core.json_object import mapping_at, text_at
from tests.cluster.conftest import Login, read_kubeconfig, write_kubeconfig
from tests.lab.state import Lab

WHO_AM_I = "/apis/authentication.k8s.io/v1/selfsubjectreviews"


async def user(api: ClusterApi) -> str:
    """Ask the API server who is asking."""
    body = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
    answer = await api.create(WHO_AM_I, body)
    return text_at(mapping_at(mapping_at(answer, "status"), "userInfo"), "username")


async def token_of(login: Login, namespace: str, name: str) -> str:
    """Make a service account and return its token."""
    return _token_in(await login(namespace, name))


def _token_in(kubeconfig: str) -> str:
    config = json.loads(Path(kubeconfig).read_text())
    token: str = config["users"][0]["user"]["token"]
    return token


@pytest.mark.lab
async def test_in_a_pod(
    lab: Lab, namespace: str, login: Login, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where Kubernetes has mounted a service account, it is used, whatever kubeconfigs say."""
    token = tmp_path / "token"
    token.write_text(await token_of(login, namespace, "pod"))
    client = "kubernetes.aio.config.incluster_config"
    monkeypatch.setattr(f"{client}.SERVICE_TOKEN_FILENAME", str(token))
    monkeypatch.setattr(f"{client}.SERVICE_CERT_FILENAME", lab.ca_file)
    host, port = lab.apiserver.removeprefix("https://").split(":")
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", host)
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", port)

    async with ClusterApi.connect() as api:
        in_pod = await user(api)
    async with ClusterApi.connect(lab.kubeconfig) as api:
        named = await user(api)

    assert in_pod == f"system:serviceaccount:{namespace}:pod"
    assert named == "lab-admin"


@pytest.mark.lab
async def test_default_kubeconfig(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """Outside a pod the user's own kubeconfig is found, several files in one variable too."""
    paths = f"/nowhere/config:{lab.kubeconfig}"
    monkeypatch.setattr("slimgate.cluster.connect.KUBE_CONFIG_DEFAULT_LOCATION", paths)
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)

    async with ClusterApi.connect() as api:
        assert await user(api) == "lab-admin"


@pytest.mark.lab
async def test_plugin_renews(lab: Lab, namespace: str, login: Login, tmp_path: Path) -> None:
    """A credential plugin is run again once what it gave has expired, without a new start."""
    token = tmp_path / "token"
    token.write_text("expired")
    script = (
        'printf \'{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1",'
        '"status":{"expirationTimestamp":"2020-01-01T00:00:00Z","token":"%s"}}\' "$(cat "$0")"'
    )
    config = read_kubeconfig(lab)
    config["users"][0]["user"] = {
        "exec": {
            "apiVersion": "client.authentication.k8s.io/v1",
            "command": "sh",
            "args": ["-c", script, str(token)],
            "interactiveMode": "Never",
        }
    }

    async with ClusterApi.connect(write_kubeconfig(tmp_path, config)) as api:
        with pytest.raises(ApiError, match="does not accept the credentials"):
            await user(api)
        token.write_text(await token_of(login, namespace, "renewed"))
        renewed = await user(api)

    assert renewed == f"system:serviceaccount:{namespace}:renewed"


def write(folder: Path, text: str) -> str:
    """Write a file."""
    path = folder / "kubeconfig"
    path.write_text(text)
    return str(path)


def config(cluster: dict[str, str], **user: object) -> str:
    """Write a kubeconfig of one cluster and one user."""
    return json.dumps(
        {
            "current-context": "x",
            "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
            "clusters": [{"name": "c", "cluster": cluster}],
            "users": [{"name": "u", **user}],
        }
    )


TOKEN = {"token": "hunter2"}


def plugin(*command: str) -> dict[str, object]:
    """Write a user who logs in by a program."""
    version = "client.authentication.k8s.io/v1"
    return {"exec": {"apiVersion": version, "command": command[0], "args": [*command[1:]]}}


NO_PEM = {"server": "https://x", "certificate-authority-data": "aHVudGVyMg=="}
BROKEN = [
    ("]", "is not YAML"),
    ("[]", "can't be used"),
    ("", "can't be used"),
    ("current-context: x", "can't be used: it has no context x"),
    (config({"server": "https://x"}, usr=TOKEN), "Invalid kube-config file. Expected key user"),
    (config(NO_PEM, user=TOKEN), "its certificates can't be read"),
    (config({"server": "x:6443"}, user=TOKEN), "has no server: write https://host:port"),
    (config({"server": "ftp://x"}, user=TOKEN), "has no server: write https://host:port"),
    (config({"servr": "https://x"}, user=TOKEN), "has no server: write https://host:port"),
    (config({"server": "https://x"}, user={"tokenFile": "/nowhere/t"}), "No such file"),
    (
        config({"server": "https://x"}, user=plugin("nope-login")),
        "can't be used: its credential plugin gave no login: [Errno 2] No such file or directory",
    ),
    (config({"server": "https://x"}, user=plugin("false")), "gave no login: process returned 1"),
    (config({"server": "https://x"}, user=plugin("true")), "gave no login: failed to decode"),
    (config({"server": "https://x"}, user=plugin("echo", "{}")), "gave no login: malformed resp"),
]


@pytest.mark.parametrize(("text", "expected"), BROKEN)
async def test_broken_kubeconfig(tmp_path: Path, text: str, expected: str) -> None:
    """A kubeconfig that can't be used gives one line, which holds nothing secret of it."""
    with pytest.raises(NoClusterError) as caught:
        async with ClusterApi.connect(write(tmp_path, text)):
            pass

    assert expected in str(caught.value)
    assert "hunter2" not in str(caught.value)
    assert "\n" not in str(caught.value)


async def test_no_kubeconfig(tmp_path: Path) -> None:
    """Where there is no kubeconfig, the sentence says where it was looked for and what to do."""
    with pytest.raises(NoClusterError, match=r"no kubeconfig at .*nowhere; name one with"):
        async with ClusterApi.connect(str(tmp_path / "nowhere")):
            pass


@pytest.mark.parametrize(
    ("context", "expected"),
    [({}, "default"), ({"namespace": "shop"}, "shop"), ({"namespace": ""}, "default")],
)
async def test_namespace(tmp_path: Path, context: dict[str, str], expected: str) -> None:
    """The namespace is that of the context, as for kubectl."""
    text = json.loads(config({"server": "https://x"}, user=TOKEN))
    text["contexts"][0]["context"] |= context
    async with ClusterApi.connect(write(tmp_path, json.dumps(text))) as api:
        assert api.namespace == expected


@pytest.mark.lab
async def test_no_context(lab: Lab) -> None:
    """A context that the kubeconfig lacks is named."""
    with pytest.raises(NoClusterError, match="it has no context staging"):
        async with ClusterApi.connect(lab.kubeconfig, "staging"):
            pass


async def test_no_cluster_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Outside a pod and without a kubeconfig, both are said to be missing."""
    monkeypatch.setattr(
        "slimgate.cluster.connect.KUBE_CONFIG_DEFAULT_LOCATION", str(tmp_path / "config")
    )
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)

    with pytest.raises(NoClusterError, match=r"no kubeconfig at .*config, and this is not a pod"):
        async with ClusterApi.connect():
            pass


async def test_token_that_is_gone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a token can't be renewed, the error says so, and holds nothing of it."""
    path = write(tmp_path, config({"server": "https://x"}, user=TOKEN))
    monkeypatch.setattr("slimgate.cluster.connect.KUBE_CONFIG_DEFAULT_LOCATION", path)
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    access = await open_access()

    def renew(_: object) -> None:
        raise FileNotFoundError(2, "No such file or directory", "/run/token")

    known = await access.authorization()
    access.configuration.refresh_api_key_hook = renew  # type: ignore[assignment]
    with pytest.raises(UnreachableError, match="No such file or directory: /run/token"):
        await access.authorization()

    assert known == "Bearer hunter2"
    assert "hunter2" not in repr(access)


SERVER = "http://api.test:6443"
PROXIES: list[tuple[dict[str, str], dict[str, str], bool]] = [
    ({}, {}, False),
    ({"http_proxy": "proxy"}, {}, True),
    ({"https_proxy": "proxy"}, {}, False),
    ({"http_proxy": "proxy", "no_proxy": "other,api.test"}, {}, False),
    ({"http_proxy": "http://127.0.0.1:1"}, {"proxy-url": "proxy"}, True),
    ({"no_proxy": "*"}, {"proxy-url": "proxy"}, True),
]


@pytest.mark.parametrize(("environment", "cluster", "through"), PROXIES)
async def test_the_way_is_the_environments(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    *,
    environment: dict[str, str],
    cluster: dict[str, str],
    through: bool,
) -> None:
    """A proxy is used as kubectl does, by the kubeconfig first, and no login of a netrc is."""
    asked: list[tuple[str, str | None]] = []

    async def answer(request: web.Request) -> web.Response:
        asked.append((str(request.url), request.headers.get("Authorization")))
        return web.json_response({})

    (tmp_path / ".netrc").write_text("default login somebody password else\n")
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    app = web.Application()
    app.router.add_get("/{path:.*}", answer)
    async with TestServer(app) as proxy:
        address = str(proxy.make_url("")).rstrip("/")
        for name in ("http_proxy", "https_proxy", "no_proxy"):
            value = environment.get(name, "").replace("proxy", address)
            monkeypatch.setenv(name, value)
            monkeypatch.delenv(name.upper(), raising=False)
        ways = dict.fromkeys(cluster, address)
        path = write(tmp_path, config({"server": SERVER, **ways}, user={"token": "secret"}))
        async with ClusterApi.connect(path) as api:
            with suppress(UnreachableError):
                await api.get("/version")

    assert asked == ([(f"{SERVER}/version", "Bearer secret")] if through else [])
