"""values.schema.json: each value's type, closed to names that are not there."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import combinations
from pathlib import Path
from typing import Any, Final

import yaml

from scripts.chart.values import Value, ValuesError
from slimgate.core.duration import PATTERN as DURATION
from slimgate.settings.keys import KEYS
from slimgate.settings.schema import schema as configuration_schema
from tests.lab.schemas import closed

_HERE: Final = Path(__file__).parent
_POLICY: Final = Path("manifests/crds/slimgate.dev_slimpolicies.yaml")
_TYPES: Final = {bool: "boolean", int: "integer", str: "string"}
_REFERENCE: Final = "$ref"
_REMOVABLE: Final = {
    name: {"type": ["integer", "null"]} for name in ("fsGroup", "runAsGroup", "runAsUser")
}
"""What platforms such as OpenShift choose themselves: null takes the chart's own away."""
_CONFIG: Final = "config."

Schema = dict[str, Any]


def values_schema(values: Sequence[Value]) -> str:
    """Write the schema of all values."""
    root = _object(values)
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Values of the chart slimgate",
        **root,
        "$defs": _reached(root, _definitions()),
    }
    return json.dumps(schema, indent=1, ensure_ascii=False) + "\n"


def _object(values: Iterable[Value]) -> Schema:
    properties = {value.name: _schema(value) for value in values}
    # Required, since null takes a default away: it is refused here rather than in a template.
    required = sorted(properties)
    closed_object = {"type": "object", "additionalProperties": False, "required": required}
    return {**closed_object, "properties": properties}


def _schema(value: Value) -> Schema:
    if value.children:
        return {"description": value.sentence, **_object(value.children)}
    if value.path.startswith(_CONFIG):
        return _setting(value)
    found = {"description": value.sentence, **_pointing(value.schema)}
    if not {"type", _REFERENCE} & found.keys():
        if type(value.default) not in _TYPES:
            raise ValuesError(f"{value.path} needs a type: write one by @schema")
        found["type"] = _TYPES[type(value.default)]
    return {**found, "default": value.default}


def _setting(value: Value) -> Schema:
    """Return the schema of a key of the configuration file, whose text and default must be its."""
    key = KEYS.get(value.name)
    if key is None or not value.sentence.startswith(key.text):
        text = key.text if key else "but the configuration file has no such key"
        raise ValuesError(f"{value.path} must begin with its text, {text}")
    found = _properties(configuration_schema())[value.name]
    if found["default"] != value.default:
        raise ValuesError(f"{value.path} must be {found['default']!r}, as in slimgate itself")
    return {**found, "description": value.sentence}


def _registry() -> Schema:
    """Return an entry of the configuration file's registries, with the CA instead of its path."""
    entry: Schema = _properties(configuration_schema())["registries"]["items"]
    own = {
        "ca": {"type": "string", "pattern": r"^\s*-----BEGIN CERTIFICATE-----"},
        "caSecret": {_REFERENCE: "#/$defs/KeyReference"},
        "caConfigMap": {_REFERENCE: "#/$defs/KeyReference"},
    }
    kept = {name: one for name, one in _properties(entry).items() if name != "caFile"}
    forbidden = [{"required": [one, other]} for one, other in combinations(own, 2)]
    return {**entry, "properties": {**kept, **own}, "not": {"anyOf": forbidden}}


def _properties(schema: Mapping[str, Any]) -> Mapping[str, Schema]:
    found: Mapping[str, Schema] = schema["properties"]
    return found


def _pointing(schema: Mapping[str, Any]) -> Schema:
    """Write the names of types as the places where they are defined."""
    found: Schema = {}
    for key, inner in schema.items():
        if key == _REFERENCE:
            found[key] = f"#/$defs/{inner}"
        elif isinstance(inner, dict):
            found[key] = _pointing(inner)
        else:
            found[key] = inner
    return found


def _definitions() -> Mapping[str, Schema]:
    written = yaml.safe_load((_HERE / "definitions.yaml").read_text(encoding="utf-8"))
    kubernetes = json.loads((_HERE / "kubernetes.json").read_text(encoding="utf-8"))
    own = {name: _pointing(one) for name, one in written["own"].items()}
    named = {
        name: {_REFERENCE: f"#/$defs/{target}"} for name, target in written["kubernetes"].items()
    }
    pods: Schema = kubernetes[written["kubernetes"]["PodSecurityContext"]]
    made = {
        "Duration": {"type": "string", "pattern": f"^{DURATION}$", "maxLength": 64},
        "OptionalDuration": {"type": "string", "pattern": f"^{DURATION}?$", "maxLength": 64},
        "PodSecurityContext": {**pods, "properties": {**_properties(pods), **_REMOVABLE}},
        "SlimPolicySpec": _policy_spec(),
        "Registry": _registry(),
    }
    return {**own, **named, **kubernetes, **made}


def _policy_spec() -> Schema:
    definition = yaml.safe_load(_POLICY.read_text(encoding="utf-8"))
    (version,) = definition["spec"]["versions"]
    spec: Schema = version["schema"]["openAPIV3Schema"]["properties"]["spec"]
    return closed(spec)


def _reached(root: Schema, definitions: Mapping[str, Schema]) -> Mapping[str, Schema]:
    """Return the definitions that are referred to from a schema, directly or not."""
    found: dict[str, Schema] = {}
    waiting = list(_references(root))
    while waiting:
        name = waiting.pop()
        if name not in found:
            found[name] = definitions[name]
            waiting += _references(definitions[name])
    return dict(sorted(found.items()))


def _references(schema: object) -> Iterator[str]:
    if isinstance(schema, dict):
        for key, inner in schema.items():
            if key == _REFERENCE and isinstance(inner, str):
                yield inner.removeprefix("#/$defs/")
            yield from _references(inner)
    elif isinstance(schema, list):
        for inner in schema:
            yield from _references(inner)
