"""Docker configs: the forms that pull secrets and users hold, and what is said of broken ones."""

import base64
import json
from collections.abc import Callable
from contextlib import suppress
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slimgate.core.credentials.docker_config import (
    CONFIG_JSON_KEY,
    CONFIG_JSON_TYPE,
    LEGACY_KEY,
    LEGACY_TYPE,
    MAX_CONFIG,
    MAX_ENTRIES,
    MalformedDockerConfigError,
    parse_config,
    parse_secret,
)
from slimgate.core.credentials.identity import Credential, CredentialEntry
from tests.core.make import json_of

ALICE = Credential(username="alice", password="s3cret")


def encoded(text: str) -> str:
    """Encode as an auth field is."""
    return base64.b64encode(text.encode()).decode()


def entries(entry: object, pattern: str = "r.io") -> tuple[CredentialEntry, ...]:
    """Read a config with one entry."""
    return parse_config(json.dumps({"auths": {pattern: entry}}).encode()).entries


READ = [
    ({"username": "alice", "password": "s3cret"}, ALICE),
    ({"auth": encoded("alice:s3cret")}, ALICE),
    ({"auth": encoded("alice:s3cret"), "username": "bob", "password": "x"}, ALICE),
    ({"auth": encoded("ab:c")}, Credential(username="ab", password="c")),
    ({"auth": encoded("ab:c").rstrip("=")}, Credential(username="ab", password="c")),
    ({"auth": encoded("a:b:c")}, Credential(username="a", password="b:c")),
    ({"auth": encoded("alice:s3cret\0\0")}, ALICE),
    ({"auth": encoded("alice:s3cret")[:6] + "\r\n" + encoded("alice:s3cret")[6:] + "\n"}, ALICE),
    ({"auth": encoded("ü:ß")}, Credential(username="ü", password="ß")),
    ({"auth": "/zrf"}, Credential(username="\udcff", password="\udcdf")),
    ({"username": "\ud800", "password": "p"}, Credential(username="\ufffd", password="p")),
    ({"auth": "", "username": "alice", "password": "s3cret"}, ALICE),
    ({"identitytoken": "t", "auth": encoded("<token>:")},
     Credential(username="<token>", password="", identity_token="t")),
    ({"registrytoken": "t"}, Credential(registry_token="t")),
]  # fmt: skip


@pytest.mark.parametrize(("entry", "credential"), READ)
def test_entries(entry: object, credential: Credential) -> None:
    """An entry gives its credential; `auth` wins over user name and password."""
    assert entries(entry) == (CredentialEntry("r.io", credential),)


@pytest.mark.parametrize(
    "entry", [{}, {"email": "a@b.c"}, {"username": ""}, {"password": 5}, None, {"auth": None}]
)
def test_entries_without_credential(entry: object) -> None:
    """An entry that holds no credential is left out."""
    assert entries(entry) == ()


@pytest.mark.parametrize(
    "body", [b"{}", b"null", b'{"auths": null}', b'{"auths": {}, "credsStore": "x"}']
)
def test_no_entries(body: bytes) -> None:
    """A config without entries is nobody's."""
    assert parse_config(body).key == ""


def test_order_is_kept() -> None:
    """Entries stand in their order, since the first of equals is tried first."""
    auths = {host: {"auth": encoded("a:b")} for host in ("b.io", "a.io", "c.io")}
    found = parse_config(json.dumps({"auths": auths}).encode())

    assert [entry.pattern for entry in found.entries] == ["b.io", "a.io", "c.io"]


TWICE = [
    (
        '{"auths": {"r.io": {"auth": "YTpi"}}, "auths": {"s.io": {"auth": "YTpi"}}}',
        {"r.io", "s.io"},
    ),
    ('{"auths": {"r.io": {"auth": "YTpi"}}, "Auths": {}}', {"r.io"}),
    ('{"Auths": {"r.io": {"AUTH": "Yjpj", "auth": "YTpi"}}}', {"r.io"}),
    ('{"auths": {"r.io": {"auth": "Yjpj", "Auth": "YTpi"}}}', {"r.io"}),
    ('{"auths": {"r.io": {"auth": "Yjpj"}, "r.io": {"auth": "YTpi"}}}', {"r.io"}),
    ('{"auths": {"r.io": null, "s.io": {"auth": "YTpi"}}}', {"s.io"}),
]


@pytest.mark.parametrize(("text", "patterns"), TWICE)
def test_what_is_there_twice(text: str, patterns: set[str]) -> None:
    """A config is read as by Go: objects of one name are merged, of texts the last counts."""
    found = parse_config(text.encode()).entries

    assert {entry.pattern: entry.credential for entry in found} == dict.fromkeys(
        patterns, Credential(username="a", password="b")
    )


TOKENS = {"identitytoken": "t", "registrytoken": "t"}


@pytest.mark.parametrize(
    ("entry", "credential"),
    [
        ({"auth": encoded("alice:s3cret"), **TOKENS}, ALICE),
        ({"username": "alice", "password": "s3cret", **TOKENS}, ALICE),
        (
            {"auth": encoded("<token>:"), "identitytoken": "t"},
            Credential(username="<token>", password="", identity_token="t"),
        ),
        ({"registrytoken": "t"}, Credential(registry_token="t")),
    ],
)
@pytest.mark.parametrize("kind", [CONFIG_JSON_TYPE, LEGACY_TYPE])
def test_tokens_in_pull_secrets(kind: str, entry: object, credential: Credential) -> None:
    """The kubelet knows no tokens: they count where an entry has no password, and else never."""
    auths = {"r.io": entry}
    data = {
        CONFIG_JSON_KEY: encoded(json.dumps({"auths": auths})),
        LEGACY_KEY: encoded(json.dumps(auths)),
    }

    assert parse_secret(kind, data).entries == (CredentialEntry("r.io", credential),)


def test_secrets() -> None:
    """Both types of pull secret are read, each in its own form."""
    auths = {"r.io": {"auth": encoded("alice:s3cret")}}
    new = {CONFIG_JSON_KEY: encoded(json.dumps({"auths": auths}))}
    old = {LEGACY_KEY: encoded(json.dumps(auths))}

    assert parse_secret(CONFIG_JSON_TYPE, new).entries == (CredentialEntry("r.io", ALICE),)
    assert parse_secret(LEGACY_TYPE, old).entries == (CredentialEntry("r.io", ALICE),)


BROKEN_SECRETS = [
    ("Opaque", {}, "its type 'Opaque' is not that of a pull secret; make it of type kuber"),
    (CONFIG_JSON_TYPE, {}, "it has no key .dockerconfigjson"),
    (LEGACY_TYPE, {CONFIG_JSON_KEY: ""}, "it has no key .dockercfg"),
    (CONFIG_JSON_TYPE, {CONFIG_JSON_KEY: "s3cret!"}, "its key .dockerconfigjson is not base64"),
    (CONFIG_JSON_TYPE, {CONFIG_JSON_KEY: "é"}, "its key .dockerconfigjson is not base64"),
    (CONFIG_JSON_TYPE, {CONFIG_JSON_KEY: encoded("s3cret")}, "the docker config is not JSON"),
]


BROKEN = [
    (b"[]", "the docker config is not a JSON object"),
    (b'{"auths": ["s3cret"]}', "auths is not a JSON object"),
    (b'{"auths": {"r.io": "s3cret"}}', "the entry 'r.io' is not a JSON object"),
    (b'{"s3cret"', "the docker config is not JSON"),
    (b'{"a":' * 100_000, "the docker config is not JSON"),
    (b"s3cret" * MAX_CONFIG, "the docker config is larger than"),
    (
        json.dumps({"auths": {f"{n}.io": {} for n in range(MAX_ENTRIES + 1)}}).encode(),
        "it has 1025 entries, and slimgate reads at most 1024",
    ),
    (b'{"auths": {"r\\u001b": {"auth": "czNjcmV0"}}}', "the auth of the entry 'r\\\\x1b' is not"),
    (b'{"auths": {"r": {"auth": "s3cret!:"}}}', "is not the base64 of user:password"),
    (b'{"auths": {"r": {"auth": "_-8"}}}', "is not the base64 of user:password"),
    (b'{"auths": {"r": {"auth": "/w=="}}}', "is not the base64 of user:password"),
]


READINGS = [
    *((partial(parse_secret, kind, data), message) for kind, data, message in BROKEN_SECRETS),
    *((partial(parse_config, body), message) for body, message in BROKEN),
]


@pytest.mark.parametrize(("read", "message"), READINGS, ids=[message for _, message in READINGS])
def test_broken_secrets_and_configs(read: Callable[[], object], message: str) -> None:
    """What is broken says what is wrong, and nothing that it holds, not even as the cause."""
    with pytest.raises(MalformedDockerConfigError) as caught:
        read()

    assert message in str(caught.value)
    assert "s3cret" not in str(caught.value)
    assert not isinstance(caught.value.__cause__, json.JSONDecodeError)


AUTHS = ("auths", "r.io", "auth", "username", "password", "identitytoken")


@given(text=json_of(*AUTHS, leaves=st.just(encoded("a:b"))).map(json.dumps), legacy=st.booleans())
def test_only_one_kind_of_error(text: str, *, legacy: bool) -> None:
    """Whatever a secret holds is an identity, or a MalformedDockerConfigError."""
    with suppress(MalformedDockerConfigError):
        parse_config(text.encode(), legacy=legacy)
