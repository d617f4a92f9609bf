"""What takes more than one value, and is set in the configuration file only."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from slimgate.core.duration import format_duration
from slimgate.core.election import Timing
from slimgate.core.errors import InvalidReferenceError
from slimgate.core.images.facts import ARCHITECTURES, Platform
from slimgate.core.images.reference import split_port
from slimgate.core.workloads.kinds import Kind
from slimgate.settings.faults import fault
from slimgate.settings.model import Exemption
from slimgate.settings.objects import Field, list_of, object_of
from slimgate.settings.values import Value, duration, flag, label, text

_MAX_PORT: Final = 65_535
_HOST: Final = r"([A-Za-z0-9.\-]{1,253}|\[[0-9A-Fa-f:]{2,39}\])(:[0-9]{1,5})?"
_GROUP: Final = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)+"
_PLATFORM: Final = r"[A-Za-z0-9._\-]+(/[A-Za-z0-9._\-]+){1,2}"
_REGISTRY: Final[Mapping[str, Field]] = {
    "host": Field(
        value=text(_HOST, "a host and perhaps a port, as in registry.internal:5000"),
        text="The registry as image references write it: HOST or HOST:PORT.",
        required=True,
    ),
    "plainHTTP": Field(value=flag(), text="Call it over HTTP, without TLS."),
    "allowLoopback": Field(value=flag(), text="Call it at a loopback address too."),
    "skipTLSVerify": Field(value=flag(), text="Accept any certificate from it."),
    "caFile": Field(
        value=text(what="the path of a PEM file"),
        text="A PEM file of CAs that are trusted for it, besides the system's.",
    ),
}
_KIND: Final[Mapping[str, Field]] = {
    "apiGroup": Field(
        value=text(_GROUP, "an API group, as in argoproj.io", max_length=253),
        text="The API group, as in argoproj.io.",
        required=True,
    ),
    "version": Field(
        value=text(r"v[0-9a-z]+", "a version, as in v1alpha1", max_length=63),
        text="The version, as in v1alpha1.",
        required=True,
    ),
    "plural": Field(
        value=text(r"[a-z0-9]+", "a plural in lower case, as in rollouts", max_length=63),
        text="The resource's name in the API, as in rollouts.",
        required=True,
    ),
    "kind": Field(
        value=text(r"[A-Z][A-Za-z0-9]*", "a kind, as in Rollout", max_length=63),
        text="The kind, as in Rollout.",
        required=True,
    ),
    "templatePath": Field(
        value=text(r"[A-Za-z0-9]+(\.[A-Za-z0-9]+)*", "a path, as in spec.template"),
        text="Where its objects keep the pod template, as in spec.template.",
        required=True,
    ),
}
_ELECTION: Final[Mapping[str, Field]] = {
    "leaseDuration": Field(
        value=duration(1.0),
        text="How long a controller that stands by leaves a leader alone that it hears nothing of, "
        "in whole seconds up to 10m. After a crash of its node it takes as long, and up to one "
        "retryPeriod more, until another leads.",
    ),
    "renewDeadline": Field(
        value=duration(1.0),
        text="How long after its last renewal a leader writes nothing any more; a second less than "
        "leaseDuration at least.",
    ),
    "retryPeriod": Field(
        value=duration(0.1),
        text="How often the leader renews its Lease, and others look at it; half of renewDeadline "
        "at most.",
    ),
}


@dataclass(frozen=True, slots=True)
class _Registry:
    host: str
    exemption: Exemption


def registries() -> Value:
    """Make the value of what registries are exempt from."""
    forbidden = [
        {"required": [one, other], "properties": {one: needs, other: also}}
        for one, needs, other, also in (
            ("plainHTTP", {"const": True}, "caFile", {}),
            ("plainHTTP", {"const": True}, "skipTLSVerify", {"const": True}),
            ("skipTLSVerify", {"const": True}, "caFile", {}),
        )
    ]
    entry = object_of(_REGISTRY, _registry, _registry_fields, {"not": {"anyOf": forbidden}})
    entries = list_of(entry, 256, key=lambda one: one.host)

    def read(raw: object, path: str) -> Mapping[str, Exemption]:
        found = entries.read(raw, path)
        assert isinstance(found, tuple)
        return {one.host: one.exemption for one in found}

    def write(found: Mapping[str, Exemption]) -> object:
        return entries.write([_Registry(*one) for one in found.items()])

    return replace(entries, read=read, write=write)


def extra_kinds() -> Value:
    """Make the value of kinds that are judged besides the built-in ones."""
    entry = object_of(_KIND, _kind, _kind_fields, {})
    return list_of(entry, 64, key=lambda one: f"{one.kind}.{one.group}")


def leader_election() -> Value:
    """Make the value of the times of leader election; those that are left out are as usual."""
    return object_of(_ELECTION, _timing, _timing_fields, {})


def users() -> Value:
    """Make the value of a list of users."""
    return list_of(text(r"\S+", "a user's name, without spaces", max_length=512), 64)


def names_of_clients() -> Value:
    """Make the value of a list of names in certificates."""
    return list_of(text(r"\S(.*\S)?", "a name in a certificate", max_length=253), 16)


def namespaces() -> Value:
    """Make the value of a list of namespaces."""
    return list_of(label(), 256)


def platforms() -> Value:
    """Make the value of a list of platforms, one at least."""
    entry = text(_PLATFORM, "os/architecture[/variant], as in linux/arm64", max_length=128)

    def parse(raw: object, path: str) -> Platform:
        try:
            return Platform.parse(str(entry.read(raw, path)))
        except InvalidReferenceError as error:
            raise fault(path, str(error).rstrip(".")) from error

    # These names have a variant in themselves, and there is no second one.
    twice = "|".join(name for name, found in ARCHITECTURES.items() if "/" in found)
    schema = {**entry.schema, "not": {"pattern": f"^[^/]+/({twice})/"}}
    entries = list_of(replace(entry, read=parse, write=str, schema=schema), 16)

    def read(raw: object, path: str) -> object:
        found = entries.read(raw, path)
        if not found:
            raise fault(path, "must have at least one entry, as in linux/amd64")
        return found

    return replace(entries, read=read, schema={**entries.schema, "minItems": 1})


def _registry(found: Mapping[str, object], path: str) -> _Registry:
    name, port = split_port(str(found["host"]).lower())
    if port is not None and not 0 < port <= _MAX_PORT:
        raise fault(f"{path}.host", f"must have a port from 1 to {_MAX_PORT}, not {port}")
    # As URLs have it: a port is a number, and a dot at the end changes nothing.
    host = name.removesuffix(".") + ("" if port is None else f":{port}")
    exemption = Exemption(
        plain_http=bool(found.get("plainHTTP")),
        loopback=bool(found.get("allowLoopback")),
        skip_tls_verify=bool(found.get("skipTLSVerify")),
        ca_file=str(found["caFile"]) if "caFile" in found else None,
    )
    if exemption.plain_http and (exemption.ca_file or exemption.skip_tls_verify):
        other = "caFile" if exemption.ca_file else "skipTLSVerify"
        raise fault(path, f"sets plainHTTP and {other}, but plain HTTP has no certificates")
    if exemption.skip_tls_verify and exemption.ca_file:
        raise fault(path, "sets skipTLSVerify and caFile: one trusts everybody, the other does not")
    return _Registry(host, exemption)


def _registry_fields(registry: _Registry) -> Mapping[str, object]:
    exempt = registry.exemption
    fields = {
        "plainHTTP": exempt.plain_http,
        "allowLoopback": exempt.loopback,
        "skipTLSVerify": exempt.skip_tls_verify,
        "caFile": exempt.ca_file,
    }
    return {"host": registry.host, **{name: value for name, value in fields.items() if value}}


def _kind(found: Mapping[str, object], _: str) -> Kind:
    return Kind(
        group=str(found["apiGroup"]),
        version=str(found["version"]),
        plural=str(found["plural"]),
        kind=str(found["kind"]),
        template=tuple(str(found["templatePath"]).split(".")),
    )


def _kind_fields(kind: Kind) -> Mapping[str, object]:
    return {
        "apiGroup": kind.group,
        "version": kind.version,
        "plural": kind.plural,
        "kind": kind.kind,
        "templatePath": ".".join(kind.template or ()),
    }


def _timing(found: Mapping[str, object], path: str) -> Timing:
    usual = Timing()
    given = {name: value for name, value in found.items() if isinstance(value, float)}
    timing = Timing(
        lease=given.get("leaseDuration", usual.lease),
        renew=given.get("renewDeadline", usual.renew),
        retry=given.get("retryPeriod", usual.retry),
    )
    if (why := timing.fault) is not None:
        raise fault(path, why)
    return timing


def _timing_fields(timing: Timing) -> Mapping[str, object]:
    return {
        "leaseDuration": format_duration(timing.lease),
        "renewDeadline": format_duration(timing.renew),
        "retryPeriod": format_duration(timing.retry),
    }
