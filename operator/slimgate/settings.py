"""The only reader of the environment: SLIMGATE_* variables, checked, with defaults.

Every variable is listed in docs/settings.md. Times are seconds, sizes quantities.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, TypeVar

from slimgate.core.errors import InvalidQuantityError, InvalidReferenceError, SettingsError
from slimgate.core.image import Platform
from slimgate.core.quantity import parse_quantity
from slimgate.core.text import printable
from slimgate.core.workload import TEMPLATE_PATHS

T = TypeVar("T")

PREFIX: Final = "SLIMGATE_"
_TRUE: Final = frozenset({"1", "true", "yes", "on"})
_FALSE: Final = frozenset({"0", "false", "no", "off"})
_HOST: Final = re.compile(r"[A-Za-z0-9.\-]+(:\d{1,5})?|\[[0-9A-Fa-f:]+\](:\d{1,5})?")
_KIND: Final = re.compile(
    r"(?P<group>[a-z0-9.-]+)/(?P<version>v[a-z0-9]+)/(?P<plural>[a-z0-9]+)"
    r"=(?P<kind>[A-Z][A-Za-z0-9]*):(?P<path>[A-Za-z0-9]+(\.[A-Za-z0-9]+)*)"
)
_LINK: Final = re.compile(r"(tcp|udp|sctp)://\S+")
_LINK_TO: Final = re.compile(r"_PORT(_\d+_(TCP|UDP|SCTP))?$")
_LINK_PART: Final = re.compile(
    r"_SERVICE_(HOST$|PORT(_|$))|_PORT_\d+_(TCP|UDP|SCTP)_(PROTO|PORT|ADDR)$"
)
_NOTHING: Final = re.compile(r"0+([KMGTPE]i|[kMGTPE])?")
WHOLE_LAYER_BYTES: Final = 8 * 2**20
MAX_LAYER_BYTES: Final = 64 * 2**30
"""No layer that is larger, as stored or unpacked, is ever read whole."""
_MAX_PORT: Final = 65_535
_MAX_COUNT: Final = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Exemption:
    """What a registry that settings list by name is exempt from, and nothing beyond it.

    Being listed at all permits a private address, by IP literal or over an unverified connection;
    `loopback` must be asked for by itself. `ca_file` is a PEM file trusted besides the system's.
    """

    plain_http: bool = False
    loopback: bool = False
    skip_tls_verify: bool = False
    ca_file: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtraKind:
    """A kind with a pod template that Kubernetes does not know, such as Argo's Rollout."""

    group: str
    version: str
    plural: str
    kind: str
    template_path: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything that can be set from outside."""

    namespace: str = "slimgate-system"
    excluded_namespaces: tuple[str, ...] = ("kube-system",)
    registries: Mapping[str, Exemption] = field(default_factory=dict)
    docker_config: str | None = None
    """A docker config.json whose credentials serve every namespace."""
    pull_secrets: bool = True
    """Whether the pull secrets of workloads are read."""
    extra_kinds: tuple[ExtraKind, ...] = ()
    extra_controllers: tuple[str, ...] = ()
    """Users who copy the templates of workloads, as the built-in controllers do."""
    platforms: tuple[Platform, ...] = (Platform("linux", "amd64"),)
    """Judged where no node is known."""
    tag_seconds: float = 300.0
    failure_seconds: float = 15.0
    stale_seconds: float = 86_400.0
    claims: bool = True
    """Whether bases that images claim are looked up."""
    whole_layer_bytes: int = WHOLE_LAYER_BYTES
    """Layers up to this size as stored are read whole, so that unpacked sizes are measured."""
    http_port: int = 8080
    """Health and metrics, plain HTTP."""
    webhook_port: int = 9443
    webhook_address: str = "0.0.0.0"  # noqa: S104 - a pod's own address is all there is to bind
    webhook_seconds: float = 4.0
    """The deadline of an admission for which the API server names none."""
    webhook_concurrency: int = 1024
    drain_seconds: float = 10.0
    tls_certificate: str = "/tls/tls.crt"
    tls_key: str = "/tls/tls.key"
    webhook_service: str = "slimgate-webhook"
    webhook_secret: str = "slimgate-webhook-tls"  # noqa: S105 - an object's name
    webhook_configuration: str = "slimgate"
    own_certificates: bool = True
    """Whether the controller makes the webhook's certificate; else somebody fills its Secret."""
    judge_seconds: float = 60.0
    """The controller's deadline for one workload."""
    workers: int = 8
    """Workloads that the controller judges at the same time."""
    kubelet_account: str = "slimgate-kubelet"
    """The service account that kubelets are asked as: it may read nodes/stats and nothing else."""
    kubelet_skip_tls_verify: bool = True
    """Most kubelets serve a certificate that no cluster CA signed."""
    node_seconds: float = 60.0
    """Between two looks at the nodes' disks; 0 switches them off."""
    log_format: str = "json"


def read(environment: Mapping[str, str]) -> Settings:
    """Read all variables; SettingsError names the first one at fault, or one that is unknown."""
    readers: Mapping[str, Callable[[str], object]] = {
        "namespace": _text,
        "excluded_namespaces": _texts,
        "registries": _registries,
        "docker_config": _text,
        "pull_secrets": _flag,
        "extra_kinds": _extra_kinds,
        "extra_controllers": _texts,
        "platforms": _platforms,
        "tag_seconds": _period,
        "failure_seconds": _seconds,
        "stale_seconds": _seconds,
        "claims": _flag,
        "whole_layer_bytes": _layer_bytes,
        "http_port": _port,
        "webhook_port": _port,
        "webhook_address": _text,
        "webhook_seconds": _seconds,
        "webhook_concurrency": _count,
        "drain_seconds": _seconds,
        "tls_certificate": _text,
        "tls_key": _text,
        "webhook_service": _text,
        "webhook_secret": _text,
        "webhook_configuration": _text,
        "own_certificates": _flag,
        "judge_seconds": _seconds,
        "workers": _count,
        "kubelet_account": _text,
        "kubelet_skip_tls_verify": _flag,
        "node_seconds": _seconds,
        "log_format": _log_format,
    }
    found: dict[str, object] = {}
    for variable, text in environment.items():
        if not variable.startswith(PREFIX) or variable.startswith(f"{PREFIX}LAB_"):
            continue
        name = variable.removeprefix(PREFIX).lower()
        if _is_service_link(variable, text):
            continue
        if name not in readers:
            raise SettingsError(f"{variable} is no setting of slimgate: see docs/settings.md")
        found[name] = _read(variable, text, readers[name])
    return Settings(**found)  # type: ignore[arg-type]


def _read(variable: str, text: str, reader: Callable[[str], T]) -> T:
    try:
        return reader(text.strip())
    except (ValueError, InvalidReferenceError, InvalidQuantityError) as error:
        raise SettingsError(f"{variable}: {error}") from error


def _is_service_link(variable: str, text: str) -> bool:
    """Whether Kubernetes set it for a Service, which may be named as a setting is.

    https://kubernetes.io/docs/tutorials/services/connect-applications-service/#environment-variables
    """
    pattern = _LINK_TO if _LINK.fullmatch(text) else _LINK_PART
    return pattern.search(variable) is not None


def _text(text: str) -> str:
    if not text:
        raise ValueError("it must not be empty")
    return text


def _texts(text: str) -> tuple[str, ...]:
    return tuple(text.replace(",", " ").split())


def _flag(text: str) -> bool:
    if text.lower() in _TRUE:
        return True
    if text.lower() in _FALSE:
        return False
    raise ValueError(f"{printable(text, 40)!r} is neither true nor false")


def _seconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value < 1e9:  # noqa: PLR2004 - NaN and infinity fail as well
        raise ValueError(f"{printable(text, 40)!r} is no number of seconds, as in 2.5")
    return value


def _period(text: str) -> float:
    value = _seconds(text)
    if value < 1:
        raise ValueError(
            f"{printable(text, 40)!r} is less than a second, and registries would be asked all the "
            "time: write 1 or more"
        )
    return value


def _count(text: str) -> int:
    value = _whole(text)
    if not 0 < value <= _MAX_COUNT:
        raise ValueError(f"{printable(text, 40)!r} is no whole number from 1 to {_MAX_COUNT}")
    return value


def _port(text: str) -> int:
    value = _whole(text)
    if not 0 < value <= _MAX_PORT:
        raise ValueError(f"{printable(text, 40)!r} is no port from 1 to {_MAX_PORT}")
    return value


def _layer_bytes(text: str) -> int:
    value = 0 if _NOTHING.fullmatch(text) else parse_quantity(text)
    if value > MAX_LAYER_BYTES:
        raise ValueError(f"{printable(text, 40)!r} is more than 64Gi, the most that is read whole")
    return value


def _whole(text: str) -> int:
    return int(text) if re.fullmatch(r"[0-9]{1,7}", text) else -1


def _log_format(text: str) -> str:
    if text not in {"json", "text"}:
        raise ValueError("it must be json or text")
    return text


def _platforms(text: str) -> tuple[Platform, ...]:
    return tuple(Platform.parse(word) for word in _texts(_text(text)))


def _registries(text: str) -> Mapping[str, Exemption]:
    """Read `HOST[:PORT]=EXEMPTION[,EXEMPTION…]`, separated by spaces or semicolons."""
    found: dict[str, Exemption] = {}
    for entry in text.replace(";", " ").split():
        host, _, words = entry.partition("=")
        if not _HOST.fullmatch(host):
            raise ValueError(
                f"{printable(host, 80)!r} is no registry: write HOST[:PORT]=plain-http, or "
                "=loopback, =skip-tls-verify, =ca-file:PATH, several with commas"
            )
        found[host.lower()] = _exemption(host, words)
    return found


def _exemption(host: str, words: str) -> Exemption:
    flags: dict[str, bool] = {}
    ca_file: str | None = None
    for word in filter(None, words.split(",")):
        if word in {"plain-http", "loopback", "skip-tls-verify"}:
            flags[word.replace("-", "_")] = True
        elif word.startswith("ca-file:") and len(word) > len("ca-file:"):
            ca_file = word.removeprefix("ca-file:")
        else:
            raise ValueError(
                f"{printable(word, 80)!r} of registry {host} is unknown: it is one of plain-http, "
                "loopback, skip-tls-verify and ca-file:PATH"
            )
    return Exemption(**flags, ca_file=ca_file)


def _extra_kinds(text: str) -> tuple[ExtraKind, ...]:
    """Read `GROUP/VERSION/PLURAL=KIND:PATH.TO.TEMPLATE`, separated by spaces or semicolons."""
    found: list[ExtraKind] = []
    for entry in text.replace(";", " ").split():
        match = _KIND.fullmatch(entry)
        if match is None:
            raise ValueError(
                f"{printable(entry, 120)!r} is no kind: write it as in "
                "argoproj.io/v1alpha1/rollouts=Rollout:spec.template"
            )
        _refuse_a_name_twice(entry, match["kind"], found)
        found.append(
            ExtraKind(
                group=match["group"],
                version=match["version"],
                plural=match["plural"],
                kind=match["kind"],
                template_path=tuple(match["path"].split(".")),
            )
        )
    return tuple(found)


def _refuse_a_name_twice(entry: str, kind: str, before: Iterable[ExtraKind]) -> None:
    """Have each kind's name be its own: workloads are matched, counted and told apart by it."""
    if kind in TEMPLATE_PATHS:
        raise ValueError(
            f"{printable(entry, 120)!r} has the name of a built-in kind, and kinds are told apart "
            "by name: leave it out, since Pods are judged whoever makes them"
        )
    if any(one.kind == kind for one in before):
        raise ValueError(
            f"{printable(entry, 120)!r} names {kind} once more, and kinds are told apart by name: "
            "leave all but one of them out"
        )
