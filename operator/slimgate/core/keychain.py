"""Which credentials of a docker config the kubelet would try for an image, and in which order.

Follows k8s.io/kubernetes v1.37.2, pkg/credentialprovider/keyring.go: ports are equal, hosts are
globs part by part, paths are plain prefixes, the most specific entry comes first, and all that
match are tried. Parsing of the configs themselves is in core.docker_config.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from slimgate.core.identity import Credential, Identity
from slimgate.core.reference import DOCKER_HUB, Reference

_LEGACY_HUB: Final = "index.docker.io"
_VERSION_PREFIXES: Final = ("/v1/", "/v2/")
_MAX_PATTERN: Final = 1_024


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What an entry is for: `host` may hold globs, `port` is "" for the default one."""

    host: str
    port: str
    path: str

    @property
    def key(self) -> str:
        """The kubelet's index key: host, port and path, without a scheme."""
        port = f":{self.port}" if self.port else ""
        return f"{self.host}{port}{self.path}"


def candidates(identity: Identity, reference: Reference) -> tuple[Credential | None, ...]:
    """All credentials to try for the image, most specific first, then None for anonymous."""
    host, port = _split_port(reference.registry)
    name = Target(host=host, port=port, path=f"/{reference.repository}")
    keyed = [
        (target, entry.credential)
        for entry in identity.entries
        if (target := parse_pattern(entry.pattern)) is not None
    ]
    keyed.sort(key=lambda pair: pair[0].key, reverse=True)
    found = [credential for target, credential in keyed if matches(target, name)]
    if not found and reference.registry == DOCKER_HUB:
        found = [credential for target, credential in keyed if target.key == _LEGACY_HUB]
    return (*dict.fromkeys(found), None)


def parse_pattern(pattern: str) -> Target | None:
    """Read an `auths` key: `[http[s]://]host[:port][/path]`; None if it names no host."""
    if len(pattern) > _MAX_PATTERN:
        return None
    rest = pattern.removeprefix("https://").removeprefix("http://")
    authority, slash, path = rest.partition("/")
    host, port = _split_port(authority)
    if not host:
        return None
    path = slash + path
    if path.startswith(_VERSION_PREFIXES):
        path = path[len("/v1") :]
    return Target(host=host, port=port, path="" if path == "/" else path)


def matches(target: Target, name: Target) -> bool:
    """Whether an entry is for the image `name`, as the kubelet's URLsMatch decides."""
    patterns, parts = target.host.split("."), name.host.split(".")
    return (
        target.port == name.port
        and len(patterns) == len(parts)
        and name.path.startswith(target.path)
        and all(map(_matches_part, patterns, parts))
    )


def _split_port(authority: str) -> tuple[str, str]:
    host, colon, port = authority.rpartition(":")
    if not colon or authority.endswith("]"):
        return authority, ""
    return host, port


def _matches_part(pattern: str, part: str) -> bool:
    if not any(char in pattern for char in "*?[\\"):
        return pattern == part
    compiled = _compile(pattern)
    return compiled is not None and compiled.fullmatch(part) is not None


@lru_cache(maxsize=1024)
def _compile(pattern: str) -> re.Pattern[str] | None:
    """Translate a Go filepath.Match pattern; None if Go would call it malformed."""
    out: list[str] = []
    position = 0
    while position < len(pattern):
        char = pattern[position]
        position += 1
        if char == "*":
            if not out or out[-1] != "[^/]*":
                out.append("[^/]*")
        elif char == "?":
            out.append("[^/]")
        elif char == "[":
            end = pattern.find("]", position + 1)
            if end < 0:
                return None
            out.append(_character_class(pattern[position:end]))
            position = end + 1
        elif char == "\\":
            if position == len(pattern):
                return None
            out.append(re.escape(pattern[position]))
            position += 1
        else:
            out.append(re.escape(char))
    try:
        return re.compile("".join(out), re.DOTALL)
    except re.error:
        return None


def _character_class(inner: str) -> str:
    negated = inner.startswith("^")
    body = inner[1:] if negated else inner
    escaped = "".join(char if char == "-" else re.escape(char) for char in body)
    return f"[{'^' if negated else ''}{escaped}]"
