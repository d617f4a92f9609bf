"""Credential providers of the kubelet: a program of our own, asked as the kubelet asks it."""

import asyncio
import json
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from slimgate.app.parts import providers as configured
from slimgate.core.credentials.identity import ANONYMOUS, CredentialEntry, Identity
from slimgate.core.credentials.providers import parse_providers
from slimgate.core.errors import SettingsError
from slimgate.core.images.reference import Reference
from slimgate.registry.client import RegistryClient
from slimgate.registry.providers import Providers
from slimgate.settings import Settings
from tests.registry.conftest import settings_for
from tests.registry.hostile import hostile
from tests.registry.test_addresses import ALICE
from tests.registry.test_hostile import of
from tests.registry.test_redirects import BOB, wants_basic
from tests.support.clock import Clock
from tests.support.logins import basic

API = "credentialprovider.kubelet.k8s.io/v1"
ENTRY: dict[str, Any] = {
    "name": "own",
    "apiVersion": API,
    "matchImages": ["*.example.com", "127.0.0.1:*"],
    "defaultCacheDuration": "10m0s",
    "args": ["--flag"],
    "env": [{"name": "OWN_SECRET", "value": "x"}],
}
PROGRAM = f"""#!{sys.executable}
import json, os, sys
asked = json.load(sys.stdin)
asked["args"], asked["env"] = sys.argv[1:], os.environ["OWN_SECRET"]
with open(os.path.dirname(__file__) + "/asked", "a") as file:
    file.write(json.dumps(asked) + "\\n")
"""


def config(**changes: object) -> dict[str, Any]:
    """Write a configuration of one provider."""
    kind = {"apiVersion": "kubelet.config.k8s.io/v1", "kind": "CredentialProviderConfig"}
    return {**kind, "providers": [{**ENTRY, **changes}]}


def response(pattern: str = "*.example.com", **changes: object) -> dict[str, object]:
    """Write an answer that is bob's login."""
    login = {"username": BOB.username, "password": BOB.password}
    kind = "CredentialProviderResponse"
    usual = {"apiVersion": API, "kind": kind, "cacheKeyType": "Image", "auth": {pattern: login}}
    return {**usual, **changes}


def program(folder: Path, answer: object, *, text: str = PROGRAM) -> None:
    """Install a provider; what it answers is printed as it is if it is text."""
    body = answer if isinstance(answer, str) else f"print({json.dumps(json.dumps(answer))})"
    file = folder / "own"
    file.write_text(text + body)
    file.chmod(0o755)


def asked(folder: Path) -> list[dict[str, Any]]:
    """List what it was asked."""
    file = folder / "asked"
    return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


def made(folder: Path, clock: Clock | None = None, **changes: object) -> Providers:
    """Make what runs it."""
    found = parse_providers(config(**changes))
    return Providers(found, folder, seconds=5, clock=clock or time.monotonic)


A1, A2, B1 = map(
    Reference.parse, ("a.example.com/one/x:1", "a.example.com/two:1", "b.example.com/one/x:2")
)


async def test_what_a_provider_is_asked(tmp_path: Path) -> None:
    """The kubelet's request on standard input, with arguments and environment, for a match only."""
    program(tmp_path, response())
    providers = made(tmp_path)

    assert await providers.credentials(A1) == [BOB]
    assert await providers.credentials(Reference.parse("a.b.example.com/x:1")) == []
    assert await providers.credentials(Reference.parse("example.com/x:1")) == []
    assert asked(tmp_path) == [
        {
            "apiVersion": API,
            "kind": "CredentialProviderRequest",
            "image": "a.example.com/one/x",
            "args": ["--flag"],
            "env": "x",
        }
    ]


CACHED = [
    ({}, {}, 4),
    ({"cacheKeyType": "Registry"}, {}, 3),
    ({"cacheKeyType": "Global"}, {}, 2),
    ({"cacheDuration": "0s"}, {}, 5),
    ({"cacheDuration": "2h0m0s"}, {}, 3),
    ({}, {"defaultCacheDuration": "2h"}, 3),
    ({"cacheKeyType": "Global", "cacheDuration": "2h"}, {"defaultCacheDuration": "0s"}, 1),
]


@pytest.mark.parametrize(("answer", "changes", "runs"), CACHED)
async def test_how_long_an_answer_is_good(
    tmp_path: Path, answer: dict[str, Any], changes: dict[str, Any], runs: int
) -> None:
    """By image, registry or at all, for the answer's time or else the configuration's."""
    program(tmp_path, response(**answer))
    clock = Clock()
    providers = made(tmp_path, clock, **changes)
    for reference in (A1, A1, A2, B1):
        assert await providers.credentials(reference) == [BOB]
    clock.now += 3600
    assert await providers.credentials(A1) == [BOB]

    assert len(asked(tmp_path)) == runs


FAILING = {
    "no JSON": ("print('secret')", "it did not answer with JSON"),
    "another version": (response(apiVersion=f"{API}beta1"), "did not answer with a Credential"),
    "no such type": (response(cacheKeyType="Node"), "its cacheKeyType is none of Image, Registry"),
    "no duration": (response(cacheDuration="soon"), "its cacheDuration is not a duration"),
    "a status": ("sys.exit(3)", "it ended with status 3"),
    "too much": ("print('x' * 2_000_000)", "it answered with more than 1048576 bytes"),
    "too slow": ("import time; time.sleep(60)", "it took longer than 0.5 s"),
}


@pytest.mark.parametrize("way", FAILING)
async def test_a_provider_that_fails(
    tmp_path: Path, way: str, caplog: pytest.LogCaptureFixture
) -> None:
    """There is no login then, a line in the log without secrets, and no run for each image."""
    answer, said = FAILING[way]
    program(tmp_path, answer)
    found = parse_providers(config())
    providers = Providers(found, tmp_path, seconds=0.5 if way == "too slow" else 5)

    assert await providers.credentials(A1) == []
    assert await providers.credentials(A1) == []
    (line,) = (record.getMessage() for record in caplog.records)
    assert line.startswith("the credential provider own gave no login: ")
    assert said in line
    assert "secret" not in line


async def test_a_provider_that_hangs(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """It keeps none of another's waiting, and who leaves another behind is not waited for."""
    program(tmp_path, response("*.example.org"))
    (tmp_path / "own").rename(tmp_path / "quick")
    for name, body in (("own", "sleep 60"), ("left", "setsid sleep 3 & sleep 60")):
        (tmp_path / name).write_text(f"#!/bin/sh\n{body}\n")
        (tmp_path / name).chmod(0o755)
    entries = [
        {**ENTRY, "name": "own"},
        {**ENTRY, "name": "left"},
        {**ENTRY, "name": "quick", "matchImages": ["*.example.org"]},
    ]
    providers = Providers(parse_providers({**config(), "providers": entries}), tmp_path, seconds=1)
    slow = [
        asyncio.create_task(providers.credentials(Reference.parse(f"a.example.com/{n}")))
        for n in range(6)
    ]
    await asyncio.sleep(0.1)
    began = time.monotonic()
    assert await providers.credentials(Reference.parse("a.example.org/x")) == [BOB]
    assert time.monotonic() - began < 0.9
    assert await slow[0] == []
    assert "the credential provider left gave no login: it took longer than 1 s" in caplog.text
    for task in slow:
        task.cancel()
    await asyncio.wait_for(providers.close(), 2)


async def test_a_provider_that_is_not_there(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """It fails as others do."""
    assert await made(tmp_path).credentials(A1) == []
    assert "No such file or directory" in caplog.text


async def test_many_who_ask_at_once(tmp_path: Path) -> None:
    """One run serves them."""
    program(tmp_path, response())
    providers = made(tmp_path)

    found = await asyncio.gather(*(providers.credentials(A1) for _ in range(20)))
    assert found == [[BOB]] * 20
    assert len(asked(tmp_path)) == 1


async def test_pull_secrets_come_first(tmp_path: Path) -> None:
    """As for the kubelet; a provider's login opens what they do not, and anonymous is last."""
    async with hostile(wants_basic(BOB)) as server:
        program(tmp_path, response(server.host))
        glob: dict[str, Any] = {"matchImages": [server.host]}
        settings = settings_for(server.host)
        async with RegistryClient(settings, providers=made(tmp_path, **glob)) as client:
            secret = Identity((CredentialEntry(f"{server.host}/a", ALICE),))
            assert (await client.document(of(server.host), secret)).body == b"{}"
            assert (await client.document(of(server.host, "2"), ANONYMOUS)).body == b"{}"

    logins = [basic(ALICE), basic(BOB), basic(BOB)]
    assert [one for one in server.authorizations() if one] == logins


WRONG: list[tuple[dict[str, Any], str]] = [
    ({}, "it must be a CredentialProviderConfig of kubelet.config.k8s.io/v1"),
    ({**config(), "providers": []}, "providers must be a list of 1 to 64"),
    ({**config(), "providers": [ENTRY, ENTRY]}, "providers must have different names"),
    (config(name="../sh"), "providers[0].name must be the name of a program, without a path"),
    (config(name=".."), "providers[0].name must be the name of a program, without a path"),
    (config(apiVersion="v1"), f"providers[0].apiVersion must be {API}"),
    (config(matchImages=[]), "providers[0].matchImages must be a list of registries"),
    (config(matchImages="*"), "providers[0].matchImages must be a list of text"),
    (config(defaultCacheDuration=None), "providers[0].defaultCacheDuration: '' is not a duration"),
    (config(env=["A=b"]), "providers[0].env must be a list of objects with name and value"),
    (config(args=[1]), "providers[0].args must be a list of text"),
    (config(cache="1h"), "providers[0].cache is unknown"),
    (config(tokenAttributes={"cacheType": "Token"}), "providers[0].tokenAttributes is not support"),
]


@pytest.mark.parametrize(("document", "said"), WRONG)
def test_configurations_that_cannot_be_used(document: dict[str, Any], said: str) -> None:
    """Each is refused at the start, with the field."""
    with pytest.raises(SettingsError) as caught:
        parse_providers(document)
    assert str(caught.value).startswith(said)


def test_the_file(tmp_path: Path) -> None:
    """The kubelet's own file is read, YAML or JSON."""
    file = tmp_path / "config.yaml"
    file.write_text(json.dumps(config()))
    folder = str(tmp_path)
    good = Settings(credential_provider_config=str(file), credential_provider_bin_dir=folder)
    assert isinstance(configured(good), Providers)
    wrong = Settings(credential_provider_config=folder, credential_provider_bin_dir=folder)
    with pytest.raises(SettingsError, match="credentialProvider"):
        configured(wrong)
