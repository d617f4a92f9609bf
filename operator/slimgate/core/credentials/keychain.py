"""Which credentials of a docker config the kubelet would try for an image, and in which order.

Follows k8s.io/kubernetes v1.37.2, pkg/credentialprovider/keyring.go: ports are equal, hosts are
globs part by part, paths are plain prefixes, the most specific entry comes first, and all that
match are tried. Parsing of the configs themselves is in core.docker_config.
"""

import re
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Final, Self
from urllib.parse import unquote

from slimgate.core.credentials.identity import Credential, Identity
from slimgate.core.images.reference import DOCKER_HUB, Reference

_LEGACY_HUB: Final = "index.docker.io"
_SCHEME: Final = re.compile(r"\Ahttps?://")
_QUERY: Final = re.compile(r"[?#].*", re.DOTALL)
_VERSION_PREFIXES: Final = ("/v1/", "/v2/")
_MAX_PATTERN: Final = 1_024
_WILD: Final = re.compile(r"[*?\[]")


@dataclass(frozen=True, slots=True, kw_only=True)
class RepositoryPath:
    """What an entry is for, or an image's repository: `host[:port]`, and a path or nothing."""

    authority: str
    path: str

    @classmethod
    def of(cls, reference: Reference) -> Self:
        """Name an image's repository."""
        return cls(authority=reference.registry, path=f"/{reference.repository}")

    @property
    def key(self) -> str:
        """The kubelet's index key."""
        return f"{self.authority}{self.path}"


class Keychain:
    """Finds an identity's credentials for images; what its entries are for is read once."""

    def __init__(self, identity: Identity) -> None:
        keyed = [
            (target, entry.credential)
            for entry in identity.entries
            if (target := parse_pattern(entry.pattern)) is not None
        ]
        keyed.sort(key=lambda pair: pair[0].key, reverse=True)
        self._keyed = keyed
        self._globs: list[int] = []
        self._places: dict[tuple[str, str], list[int]] = {}
        for place, (target, _) in enumerate(keyed):
            if _WILD.search(target.authority):
                self._globs.append(place)
            else:
                self._places.setdefault(_split_port(target.authority), []).append(place)

    def candidates(self, reference: Reference) -> tuple[Credential | None, ...]:
        """All credentials to try for the image, most specific first, then None for anonymous."""
        name = RepositoryPath.of(reference)
        exact = self._places.get(_split_port(name.authority), [])
        found = [
            self._keyed[place][1]
            for place in sorted([*self._globs, *exact])
            if matches(self._keyed[place][0], name)
        ]
        if not found and reference.registry == DOCKER_HUB:
            found = [credential for target, credential in self._keyed if target.key == _LEGACY_HUB]
        return (*dict.fromkeys(found), None)


def parse_pattern(pattern: str) -> RepositoryPath | None:
    """Read an `auths` key: `[http[s]://][user@]host[:port][/path]`; None if it names no host."""
    if len(pattern) > _MAX_PATTERN:
        return None
    rest = _QUERY.sub("", _SCHEME.sub("", pattern))
    authority, slash, path = rest.partition("/")
    authority = authority.rpartition("@")[2]
    host, _ = _split_port(authority)
    # Go's URLs know brackets only around IPv6, and there its globs take them for a class.
    if not host or "[" in host:
        return None
    path = unquote(slash + path)
    if path.startswith(_VERSION_PREFIXES):
        path = path[len("/v1") :]
    # Twice, since the kubelet reads as a URL once more what it has made of the first.
    return RepositoryPath(authority=authority, path="" if path == "/" else unquote(path))


def matches(target: RepositoryPath, name: RepositoryPath) -> bool:
    """Whether an entry is for the image `name`, as the kubelet's URLsMatch decides."""
    pattern, pattern_port = _split_port(target.authority)
    host, port = _split_port(name.authority)
    patterns, parts = pattern.split("."), host.split(".")
    return (
        pattern_port == port
        and len(patterns) == len(parts)
        and name.path.startswith(target.path)
        and all(map(fnmatchcase, parts, patterns))
    )


def _split_port(authority: str) -> tuple[str, str]:
    host, colon, port = authority.rpartition(":")
    if not colon or authority.endswith("]"):
        return authority, ""
    return (host[1:-1] if host.startswith("[") and host.endswith("]") else host), port
