"""Reads settings: defaults, then the configuration file, then variables, each over the last."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

from slimgate.core.text import nearest, printable
from slimgate.settings.conflicts import check_together
from slimgate.settings.faults import InvalidSettingsError, fault, read_each
from slimgate.settings.keys import KEYS, PREFIX, variable
from slimgate.settings.model import Settings
from slimgate.settings.objects import Field, read_fields
from slimgate.settings.values import Value, text

API_VERSION: Final = "config.slimgate.dev/v1alpha1"
KIND: Final = "Configuration"
CONFIG: Final = f"{PREFIX}CONFIG"
"""The variable that names the configuration file."""
MAX_FILE_BYTES: Final = 64 * 1024
_STANDARD: Final = {"HTTPS_PROXY": "httpsProxy", "NO_PROXY": "noProxy"}
"""Variables that many programs read; ours and the file win over them."""
_LAB: Final = f"{PREFIX}LAB_"
_LINK: Final = re.compile(r"(tcp|udp|sctp)://\S+")
_LINK_TO: Final = re.compile(r"_PORT(_\d+_(TCP|UDP|SCTP))?$")
_LINK_PART: Final = re.compile(
    r"_SERVICE_(HOST$|PORT(_|$))|_PORT_\d+_(TCP|UDP|SCTP)_(PROTO|PORT|ADDR)$"
)


def _constant(value: str) -> Value:
    return replace(text(re.escape(value), value), schema={"const": value})


FIELDS: Final[Mapping[str, Field]] = {
    "apiVersion": Field(value=_constant(API_VERSION), text="The file's version.", required=True),
    "kind": Field(value=_constant(KIND), text="What the file is.", required=True),
    **KEYS,
}


@dataclass(frozen=True, slots=True)
class File:
    """A configuration file as it was read; `name` is for messages."""

    name: str
    content: bytes


def read(environment: Mapping[str, str], file: File | None = None) -> Settings:
    """Read all settings; SettingsError has one line for each mistake."""
    sources = read_each(
        [("file", partial(_file, file)), ("environment", partial(_environment, environment))]
    )
    standard = _standard(environment)
    merged = {**standard, **sources["file"], **sources["environment"]}
    return check_together(Settings(**merged))  # type: ignore[arg-type]


def _file(file: File | None) -> dict[str, object]:
    if file is None:
        return {}
    try:
        found = read_fields(_parsed(file.content), "", FIELDS)
    except InvalidSettingsError as faults:
        raise faults.within(printable(file.name, 128)) from faults
    return {KEYS[key].field: value for key, value in found.items() if key in KEYS}


def _parsed(content: bytes) -> Mapping[str, object]:
    if len(content) > MAX_FILE_BYTES:
        raise fault("", f"is larger than {MAX_FILE_BYTES // 1024} KiB, the most that is read")
    try:
        decoded = content.decode()
    except UnicodeDecodeError as error:
        raise fault("", f"is not UTF-8: {error.reason} at byte {error.start}") from error
    from slimgate.settings.document import parse_document  # noqa: PLC0415 - it loads yaml

    return parse_document(decoded)


def _environment(environment: Mapping[str, str]) -> dict[str, object]:
    ours = {
        name: value
        for name, value in environment.items()
        if name.startswith(PREFIX)
        and name != CONFIG
        and not name.startswith(_LAB)
        and not _is_service_link(name, value)
    }
    keys = {variable(key): key for key in KEYS}
    found = read_each((name, partial(_variable, name, value, keys)) for name, value in ours.items())
    return {KEYS[keys[name]].field: value for name, value in found.items()}


def _standard(environment: Mapping[str, str]) -> dict[str, object]:
    given = {
        name: environment.get(name) or environment.get(name.lower()) or "" for name in _STANDARD
    }
    return {
        KEYS[_STANDARD[name]].field: KEYS[_STANDARD[name]].value.read(value.strip(), name)
        for name, value in given.items()
        if value.strip()
    }


def _variable(name: str, raw: str, keys: Mapping[str, str]) -> object:
    if name not in keys:
        known = [name for name, key in keys.items() if KEYS[key].has_variable]
        word = nearest(name.removeprefix(PREFIX), [one.removeprefix(PREFIX) for one in known])
        did = f"did you mean {PREFIX}{word}?" if word else "see docs/configuration.md"
        raise fault(printable(name, 64), f"is unknown; {did}")
    value = KEYS[keys[name]].value
    if value.parse is None:
        raise fault(name, f"is not a variable: set {keys[name]} in the configuration file")
    return value.read(value.parse(raw.strip()), name)


def _is_service_link(name: str, value: str) -> bool:
    """Whether Kubernetes set it for a Service, which may be named as a setting is.

    https://kubernetes.io/docs/tutorials/services/connect-applications-service/#environment-variables
    """
    pattern = _LINK_TO if _LINK.fullmatch(value) else _LINK_PART
    return pattern.search(name) is not None
