"""`slimgate inspect` as users run it: many references, bad ones among them, private registries."""

import asyncio
import base64
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from aiohttp import web

from slimgate.core.images.facts import Platform
from tests.cli.make import here, slimgate
from tests.registry import servers
from tests.registry.hostile import hostile
from tests.registry.servers import PASSWORD, USER, Registry
from tests.support.configuration import use_configuration
from tests.support.images import Pusher, image, index, layer

LOGIN = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
HELPER = """#!/bin/sh
read registry
test "$registry" = "{host}" || {{ echo "credentials not found in native keychain"; exit 1; }}
echo '{{"ServerURL": "{host}", "Username": "{user}", "Secret": "{password}"}}'
"""
LAYERS = [layer({"a": b"a" * 3000}), layer({"b": b"b" * 70_000})]
PULL = [sum(len(one.blob) for one in LAYERS[:count]) for count in (1, 2)]
BOTH = index([image(LAYERS[:1]), image(LAYERS, platform=Platform("linux", "arm64"))])


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    """Start a registry that wants Basic, with an image for two platforms."""
    if not servers.is_installed():
        pytest.skip("docker-registry is not installed: apt-get install docker-registry")
    folder = tmp_path_factory.mktemp("registry")
    passwords = folder / "htpasswd"
    passwords.write_text(servers.HTPASSWD)
    auth = {"htpasswd": {"realm": "tests", "path": str(passwords)}}
    found = servers.start(folder, "locked", {"auth": auth})
    Pusher(url=found.url, authorization=f"Basic {LOGIN}").push("shop/web", "1", BOTH)
    yield found
    found.stop()


@pytest.fixture
def home(tmp_path: Path, registry: Registry, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a user's docker configuration, with settings that let the registry pass."""
    use_configuration(monkeypatch, tmp_path, [registry.host, "127.0.0.1:1"])
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    (tmp_path / "config.json").write_text(json.dumps({"auths": {registry.host: {"auth": LOGIN}}}))
    return tmp_path


@pytest.mark.registry
@pytest.mark.parametrize("key", ["credsStore", "credHelpers"])
def test_credential_helpers(home: Path, registry: Registry, key: str) -> None:
    """A helper on the PATH opens a registry that wants Basic."""
    name = {"credsStore": "tests", "credHelpers": {registry.host: "tests"}}[key]
    (home / "config.json").write_text(json.dumps({key: name}))
    program = home / "docker-credential-tests"
    program.write_text(HELPER.format(host=registry.host, user=USER, password=PASSWORD))
    program.chmod(0o755)
    done = here("inspect", f"{registry.host}/shop/web:1", cwd=home)

    assert (done.returncode, done.stderr) == (0, "")
    assert f"{registry.host}/shop/web:1" in done.stdout


_PRIVATE = ", and if it is private, set a pull secret for it; "


@pytest.mark.registry
@pytest.mark.parametrize("login", [{}, {"auth": base64.b64encode(b"alice:no").decode()}])
def test_wrong_logins(home: Path, registry: Registry, login: dict[str, str]) -> None:
    """Who is not let in is told how to log in, once, and sees no secret."""
    (home / "config.json").write_text(json.dumps({"auths": {registry.host: login}}))
    reference = f"{registry.host}/shop/web:1"
    done = here("inspect", reference, cwd=home)

    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr == (
        f"error: {registry.host} does not show {reference} "
        + ("to the user 'alice' " if login else "without a login ")
        + "(401, UNAUTHORIZED); check that it exists"
        + (" and that its pull secret is right; " if login else _PRIVATE)
        + f"or log in: docker login {registry.host}\n"
    )


@pytest.mark.registry
def test_bad_references_beside_good_ones(home: Path, registry: Registry) -> None:
    """Each that can't be looked up is one line that says why; the others are shown."""
    good, host = f"{registry.host}/shop/web:1", registry.host
    bad = ["A B", "127.0.0.1:1/x:1", f"{host}/shop/web:2", f"oci:{home}/none"]
    done = here("inspect", "-o", "json", bad[0], good, *bad[1:], good, cwd=home)
    errors, none = done.stderr.splitlines(), f"{home}/none"

    lines = [json.loads(line) for line in done.stdout.splitlines()]

    assert done.returncode == 3
    assert [line["reference"] for line in lines] == [bad[0], good, *bad[1:], good]
    assert [f"error: {line['error']}" for line in lines if "error" in line] == errors
    assert errors[0].startswith("error: 'A B' is not an image reference")
    assert errors[1:] == [
        "error: 127.0.0.1:1/x:1: 127.0.0.1:1 can't be reached: nothing answers at its address",
        f"error: {host} has no {bad[2]} (404, MANIFEST_UNKNOWN); check its name, or push it",
        f"error: oci:{none}: {none} is not a folder with an OCI layout: it does not exist",
    ]


@pytest.mark.registry
@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["--platform=linux/amd64"], [("amd64", PULL[0])]),
        (["--platform=linux/arm64"], [("arm64", PULL[1])]),
        (["--platform=all"], [("amd64", PULL[0]), ("arm64", PULL[1])]),
    ],
)
def test_platforms(
    home: Path, registry: Registry, options: list[str], expected: list[tuple[str, int]]
) -> None:
    """JSON and YAML tell the same, of the platforms that are asked for."""
    reference = f"{registry.host}/shop/web:1"
    as_json = here("inspect", "-o", "json", *options, reference, cwd=home)
    as_yaml = here("inspect", "-o", "yaml", *options, reference, cwd=home)
    found = json.loads(as_json.stdout)

    assert yaml.safe_load(as_yaml.stdout) == found
    assert [(one["architecture"], one["pullBytes"]) for one in found["platforms"]] == expected


async def test_a_thousand_references(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They come in their order, over no more connections than a registry is asked to bear."""
    made, busy, most, peers = image(LAYERS[:1]), 0, 0, set()
    blobs = {made.config_descriptor.digest: made.config}
    blobs |= {one.descriptor.digest: one.blob for one in LAYERS}

    async def serve(request: web.BaseRequest) -> web.StreamResponse:
        nonlocal busy, most
        busy += 1
        most = max(most, busy)
        assert request.transport is not None
        peers.add(request.transport.get_extra_info("peername"))
        await asyncio.sleep(0)
        name = request.path.rpartition("/")[2]
        busy -= 1
        if "/blobs/" in request.path:
            return web.Response(body=blobs[name])  # type: ignore[index]
        return web.Response(body=made.manifest, content_type=made.media_type)

    async with hostile(serve) as server:
        use_configuration(monkeypatch, tmp_path, [server.host])
        monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
        references = [f"{server.host}/shop/web:{number}" for number in range(1000)]
        arguments = ["inspect", "-o", "json", *references]
        done = await asyncio.to_thread(lambda: slimgate(*arguments, cwd=tmp_path))

    assert (done.returncode, done.stderr) == (0, "")
    lines = [json.loads(line)["reference"] for line in done.stdout.splitlines()]
    assert lines == references
    # A manifest for each tag; the image behind them all is read once.
    assert len(server.seen) == 1000 + 2
    assert most <= 8
    assert len(peers) <= 8


def test_files_are_no_images(tmp_path: Path) -> None:
    """What is a file, a layout or standard input is not asked for in Docker Hub."""
    (tmp_path / "build").mkdir()
    for name in ("deploy.yaml", "build/oci-layout"):
        (tmp_path / name).write_text("{}")
    done = here("inspect", "deploy.yaml", "./build", "-", "A B", cwd=tmp_path)

    assert (done.returncode, done.stdout) == (2, "")
    assert [line.partition(":")[2][:40] for line in done.stderr.splitlines()] == [
        " deploy.yaml is a file: write oci-archiv",
        " ./build is a folder with an OCI layout:",
        " inspect takes images; slimgate check re",
        " 'A B' is not an image reference: its re",
    ]
