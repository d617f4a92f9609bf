"""Reads docker configs, as pull secrets and users hold them, into identities.

Errors never quote the config: it holds passwords.
"""

import base64
import binascii
import json
from collections.abc import Collection, Mapping
from typing import Final, cast

from slimgate.core.credentials.identity import BYTES, Credential, CredentialEntry, Identity
from slimgate.core.errors import SlimgateError
from slimgate.core.text import printable, whole

CONFIG_JSON_TYPE: Final = "kubernetes.io/dockerconfigjson"
CONFIG_JSON_KEY: Final = ".dockerconfigjson"
LEGACY_TYPE: Final = "kubernetes.io/dockercfg"
LEGACY_KEY: Final = ".dockercfg"
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
    return parse_config(body, legacy=key == LEGACY_KEY)


def parse_config(body: bytes, *, legacy: bool = False) -> Identity:
    """Read a docker config.json, or with `legacy` the flat .dockercfg form.

    Entries without a credential are left out. Raises MalformedDockerConfigError.
    """
    config = _root(body)
    auths = config if legacy else _mapping(_of(config, "auths") or {}, "auths")
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
    config = _root(body)
    own = _mapping(_of(config, "credHelpers") or {}, "credHelpers")
    found = [name for pattern, name in own.items() if host_of(pattern) in hosts]
    helper = found[0] if found else _of(config, "credsStore") or None
    if helper is not None and not isinstance(helper, str):
        raise MalformedDockerConfigError("the name of a credential helper is not text")
    return helper


def host_of(pattern: str) -> str:
    """Return the host, and port if any, of a key of `auths` or `credHelpers`, perhaps a URL."""
    return pattern.removeprefix("https://").removeprefix("http://").partition("/")[0].lower()


def _root(body: bytes) -> Mapping[str, object]:
    if len(body) > MAX_CONFIG:
        raise MalformedDockerConfigError(f"the docker config is larger than {MAX_CONFIG} bytes")
    try:
        root: object = json.loads(body)
    except (ValueError, RecursionError):
        # Not chained: the parser's error holds the document, and the document passwords.
        raise MalformedDockerConfigError("the docker config is not JSON") from None
    return _mapping(root, "the docker config")


def _entry(pattern: str, value: object) -> CredentialEntry | None:
    raw = _mapping(value, f"the entry {printable(pattern, 80)!r}")
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


def _of(raw: Mapping[str, object], key: str) -> object:
    """Find a field as Go's JSON does, for which upper and lower case are the same."""
    if key in raw:
        return raw[key]
    return next((value for name, value in raw.items() if name.lower() == key.lower()), None)


def _mapping(value: object, what: str) -> Mapping[str, object]:
    if not isinstance(value, dict):
        raise MalformedDockerConfigError(f"{what} is not a JSON object")
    return cast("Mapping[str, object]", value)


def _text(raw: Mapping[str, object], key: str) -> str | None:
    value = _of(raw, key)
    return whole(value) if isinstance(value, str) and value else None
