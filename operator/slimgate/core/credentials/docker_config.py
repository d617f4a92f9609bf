"""Reads docker configs, as pull secrets and users hold them, into identities.

Errors never quote the config: it holds passwords.
"""

import base64
import binascii
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from typing import Final

from slimgate.core.credentials.identity import BYTES, Credential, CredentialEntry, Identity
from slimgate.core.errors import SlimgateError, TooLargeError, UnsupportedError
from slimgate.core.images import go_json
from slimgate.core.text import printable, whole

CONFIG_JSON_TYPE: Final = "kubernetes.io/dockerconfigjson"
CONFIG_JSON_KEY: Final = ".dockerconfigjson"
LEGACY_TYPE: Final = "kubernetes.io/dockercfg"
LEGACY_KEY: Final = ".dockercfg"
_ROOT: Final = "the docker config"
MAX_CONFIG: Final = 2**20
"""Bytes; Kubernetes itself limits a Secret to 1 MiB."""
MAX_ENTRIES: Final = 1_024
"""Of one config, and of all that a workload uses: who may write one must not hold others up."""


class MalformedDockerConfigError(SlimgateError):
    """A docker config or pull secret can't be read."""


def parse_secret(secret_type: str, data: Mapping[str, str]) -> Identity:
    """Read a pull secret: its type, and its data as the API server gives it, base64 encoded.

    Raises MalformedDockerConfigError, whose sentence the caller precedes by the secret's name.
    """
    key = {CONFIG_JSON_TYPE: CONFIG_JSON_KEY, LEGACY_TYPE: LEGACY_KEY}.get(secret_type)
    if key is None:
        raise MalformedDockerConfigError(
            f"its type {printable(secret_type, 80)!r} is not that of a pull secret; "
            f"make it of type {CONFIG_JSON_TYPE}"
        )
    if key not in data:
        raise MalformedDockerConfigError(f"it has no key {key}")
    try:
        body = base64.b64decode(data[key], validate=True)
    except (binascii.Error, ValueError) as err:
        raise MalformedDockerConfigError(f"its key {key} is not base64") from err
    return Identity(tuple(map(_as_kubelet, parse_config(body, legacy=key == LEGACY_KEY).entries)))


def parse_config(body: bytes, *, legacy: bool = False) -> Identity:
    """Read a docker config.json, or with `legacy` the flat .dockercfg form.

    Entries without a credential are left out. Raises MalformedDockerConfigError.
    """
    root = _root(body)
    auths = _mapping(root if legacy else _record(root, _ROOT).get("auths"), "auths")
    if len(auths) > MAX_ENTRIES:
        raise MalformedDockerConfigError(
            f"it has {len(auths)} entries, and slimgate reads at most {MAX_ENTRIES}"
        )
    entries = [_entry(pattern, value) for pattern, value in auths.items()]
    return Identity(tuple(entry for entry in entries if entry is not None))


def helper_of(body: bytes, hosts: Collection[str]) -> str | None:
    """Find the credential helper for a registry, called by any of these hosts, in a config.json.

    One of its own if it has any, else the store for all. Raises MalformedDockerConfigError.
    """
    config = _record(_root(body), _ROOT)
    own = _mapping(config.get("credhelpers"), "credHelpers")
    found = [name for pattern, name in own.items() if host_of(pattern) in hosts]
    helper = found[0] if found else config.get("credsstore") or None
    if helper is not None and not isinstance(helper, str):
        raise MalformedDockerConfigError("the name of a credential helper is not text")
    return helper


def host_of(pattern: str) -> str:
    """Return the host, and port if any, of a key of `auths` or `credHelpers`, perhaps a URL."""
    return pattern.removeprefix("https://").removeprefix("http://").partition("/")[0].lower()


def _root(body: bytes) -> object:
    if len(body) > MAX_CONFIG:
        raise MalformedDockerConfigError(f"{_ROOT} is larger than {MAX_CONFIG} bytes")
    try:
        return go_json.load(body)
    except (UnsupportedError, TooLargeError):
        # Not chained: the parser's error holds the document, and the document passwords.
        raise MalformedDockerConfigError(f"{_ROOT} is not JSON") from None


def _entry(pattern: str, value: object) -> CredentialEntry | None:
    raw = _record(value, f"the entry {printable(pattern, 80)!r}")
    username, password = _text(raw, "username"), _text(raw, "password")
    if (auth := _text(raw, "auth")) is not None:
        username, password = _decode(auth, pattern)
    credential = Credential(
        username=username,
        password=password,
        identity_token=_text(raw, "identitytoken"),
        registry_token=_text(raw, "registrytoken"),
    )
    return None if credential == Credential() else CredentialEntry(pattern, credential)


def _as_kubelet(entry: CredentialEntry) -> CredentialEntry:
    """Leave the tokens off that the kubelet knows nothing of, where there is what it logs in by.

    Else a wrong one beside the right password would make an image unknown that nodes can pull.
    """
    credential = entry.credential
    if not credential.password:
        return entry
    return replace(entry, credential=replace(credential, identity_token=None, registry_token=None))


def _decode(auth: str, pattern: str) -> tuple[str, str]:
    # As in Go, line breaks are no part of it. The kubelet takes it with and without padding.
    bare = auth.replace("\r", "").replace("\n", "").rstrip("=")
    try:
        text = base64.b64decode(bare + "=" * (-len(bare) % 4), validate=True).decode(errors=BYTES)
    except (binascii.Error, ValueError):
        text = ""
    username, colon, password = text.partition(":")
    if not colon:
        raise MalformedDockerConfigError(
            f"the auth of the entry {printable(pattern, 80)!r} is not the base64 of user:password"
        )
    return username, password.strip("\x00")  # which docker pads with


def _mapping(value: object, what: str) -> Mapping[str, object]:
    return _read(go_json.mapping, value, what)


def _record(value: object, what: str) -> Mapping[str, object]:
    return _read(go_json.record, value, what)


def _read(
    read: Callable[[object, str], Mapping[str, object]], value: object, what: str
) -> Mapping[str, object]:
    """Read an object by names or by keys as the kubelet does, to which null is an empty one."""
    try:
        return {} if value is None else read(value, what)
    except UnsupportedError:
        raise MalformedDockerConfigError(f"{what} is not a JSON object") from None


def _text(raw: Mapping[str, object], key: str) -> str | None:
    value = raw.get(key)
    return whole(value) if isinstance(value, str) and value else None
