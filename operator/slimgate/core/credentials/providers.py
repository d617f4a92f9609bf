"""The kubelet's credential providers: their configuration, what they are asked, what they answer.

Follows k8s.io/kubernetes v1.37.2, pkg/credentialprovider/plugin. Running them is registry/'s.
https://kubernetes.io/docs/tasks/administer-cluster/kubelet-credential-provider/
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final

from slimgate.core.credentials.docker_config import MAX_ENTRIES
from slimgate.core.credentials.identity import Credential, CredentialEntry
from slimgate.core.credentials.keychain import RepositoryPath, matches, parse_pattern
from slimgate.core.duration import parse_duration
from slimgate.core.errors import InvalidDurationError, SettingsError, SlimgateError
from slimgate.core.images.reference import Reference
from slimgate.core.json_object import JsonObject, mapping_at, text_at
from slimgate.core.text import printable, whole

API_VERSION: Final = "credentialprovider.kubelet.k8s.io/v1"
_CONFIG: Final = ("kubelet.config.k8s.io/v1", "CredentialProviderConfig")
_NAME: Final = re.compile(r"[^\s/]{1,255}")
_KNOWN: Final = frozenset(
    {"name", "matchImages", "defaultCacheDuration", "apiVersion", "args", "env", "tokenAttributes"}
)
_MAX_PROVIDERS: Final = 64


class ProviderError(SlimgateError):
    """A provider did not answer as it should."""


class CacheKeyType(Enum):
    """For which images an answer is good."""

    IMAGE = "Image"
    REGISTRY = "Registry"
    GLOBAL = "Global"

    def key(self, reference: Reference) -> str:
        """Write what all images have in common for which it is."""
        names = {CacheKeyType.IMAGE: reference.name, CacheKeyType.REGISTRY: reference.registry}
        return names.get(self, "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """One program, and for which images it is asked."""

    name: str
    match_images: tuple[str, ...]
    cache_seconds: float
    args: tuple[str, ...] = ()
    env: tuple[tuple[str, str], ...] = ()

    def serves(self, reference: Reference) -> bool:
        """Whether one of its globs is for the image."""
        name = RepositoryPath.of(reference)
        patterns = (parse_pattern(pattern) for pattern in self.match_images)
        return any(pattern is not None and matches(pattern, name) for pattern in patterns)


@dataclass(frozen=True, slots=True)
class Provided:
    """What a provider has answered, for which images, and for how long it is good."""

    entries: tuple[CredentialEntry, ...]
    cache: CacheKeyType
    seconds: float


def parse_providers(document: JsonObject) -> tuple[Provider, ...]:
    """Read a CredentialProviderConfig; SettingsError says what is wrong."""
    api_version, kind = _CONFIG
    if (text_at(document, "apiVersion"), text_at(document, "kind")) != _CONFIG:
        raise SettingsError(f"it must be a {kind} of {api_version}")
    found = document.get("providers")
    if not isinstance(found, list) or not 0 < len(found) <= _MAX_PROVIDERS:
        raise SettingsError(f"providers must be a list of 1 to {_MAX_PROVIDERS}")
    providers = [_provider(one, f"providers[{index}]") for index, one in enumerate(found)]
    if len({one.name for one in providers}) < len(providers):
        raise SettingsError("providers must have different names")
    return tuple(providers)


def request_of(reference: Reference) -> bytes:
    """Write what a provider is asked, on its standard input."""
    kind = "CredentialProviderRequest"
    return json.dumps({"apiVersion": API_VERSION, "kind": kind, "image": reference.name}).encode()


def parse_response(body: bytes, provider: Provider) -> Provided:
    """Read an answer; ProviderError says what is wrong, and quotes nothing of it."""
    try:
        root: object = json.loads(body)
    except (ValueError, RecursionError):
        raise ProviderError("it did not answer with JSON") from None
    answer = root if isinstance(root, dict) else {}
    if (text_at(answer, "apiVersion"), text_at(answer, "kind")) != (
        API_VERSION,
        "CredentialProviderResponse",
    ):
        raise ProviderError(f"it did not answer with a CredentialProviderResponse of {API_VERSION}")
    types = {one.value: one for one in CacheKeyType}
    cache = types.get(text_at(answer, "cacheKeyType"))
    if cache is None:
        raise ProviderError(f"its cacheKeyType is none of {', '.join(types)}")
    seconds = answer.get("cacheDuration")
    try:
        kept = provider.cache_seconds if seconds is None else parse_duration(str(seconds))
    except InvalidDurationError:
        raise ProviderError("its cacheDuration is not a duration") from None
    auth = mapping_at(answer, "auth")
    if len(auth) > MAX_ENTRIES:
        raise ProviderError(f"it answered with more than {MAX_ENTRIES} logins")
    entries = tuple(_entry(pattern, mapping_at(auth, pattern)) for pattern in auth)
    return Provided(entries, cache, kept)


def _entry(pattern: str, login: Mapping[str, object]) -> CredentialEntry:
    user, password = (whole(text_at(login, key)) for key in ("username", "password"))
    return CredentialEntry(pattern, Credential(username=user, password=password))


def _provider(raw: object, path: str) -> Provider:
    if not isinstance(raw, dict):
        raise SettingsError(f"{path} must be an object")
    for key in raw:
        if key not in _KNOWN:
            raise SettingsError(f"{path}.{printable(str(key), 64)} is unknown")
    if raw.get("tokenAttributes") is not None:
        raise SettingsError(
            f"{path}.tokenAttributes is not supported: slimgate looks images up for no pod, and "
            "has no service account token of one; use the provider without it, or pull secrets"
        )
    name = text_at(raw, "name")
    if not _NAME.fullmatch(name) or name in {".", ".."}:
        raise SettingsError(f"{path}.name must be the name of a program, without a path")
    if text_at(raw, "apiVersion") != API_VERSION:
        raise SettingsError(f"{path}.apiVersion must be {API_VERSION}")
    globs = _texts(raw, "matchImages", path)
    if not globs or any(parse_pattern(one) is None for one in globs):
        raise SettingsError(f"{path}.matchImages must be a list of registries, as in *.example.com")
    try:
        seconds = parse_duration(text_at(raw, "defaultCacheDuration"))
    except InvalidDurationError as error:
        raise SettingsError(f"{path}.defaultCacheDuration: {error}") from error
    return Provider(
        name=name,
        match_images=globs,
        cache_seconds=seconds,
        args=_texts(raw, "args", path),
        env=_env(raw, path),
    )


def _env(raw: Mapping[str, object], path: str) -> tuple[tuple[str, str], ...]:
    found = raw.get("env") or []
    pairs = [
        (text_at(one, "name"), text_at(one, "value"))
        for one in (found if isinstance(found, list) else [None])
        if isinstance(one, dict)
    ]
    if not isinstance(found, list) or len(pairs) < len(found) or not all(n for n, _ in pairs):
        raise SettingsError(f"{path}.env must be a list of objects with name and value")
    return tuple(pairs)


def _texts(raw: Mapping[str, object], key: str, path: str) -> tuple[str, ...]:
    found = raw.get(key) or []
    texts: Sequence[object] = found if isinstance(found, list) else [None]
    if not all(isinstance(one, str) for one in texts):
        raise SettingsError(f"{path}.{key} must be a list of text")
    return tuple(str(one) for one in texts)
