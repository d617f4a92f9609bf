"""Kubernetes' OpenAPI document as JSON schemas for kubeconform, closed to unknown fields.

https://github.com/yannh/kubeconform#overriding-schemas-location
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

DEFINITIONS = "_definitions.json"
LOCATION = "{{ .ResourceKind }}{{ .KindSuffix }}.json"
NUMBERS_AND_STRINGS = {
    "io.k8s.apimachinery.pkg.util.intstr.IntOrString": ["integer", "string"],
    "io.k8s.apimachinery.pkg.api.resource.Quantity": ["number", "string"],
}

Schema = dict[str, Any]


def write_schemas(openapi: Mapping[str, Any], folder: Path) -> None:
    """Write one file of all definitions, and for each kind one that refers to it."""
    definitions: Mapping[str, Schema] = openapi["definitions"]
    closed = {name: closed_definition(name, one) for name, one in definitions.items()}
    (folder / DEFINITIONS).write_text(json.dumps({"definitions": closed}), encoding="utf-8")
    for name, definition in definitions.items():
        for kind in definition.get("x-kubernetes-group-version-kind", ()):
            group = kind["group"].partition(".")[0]
            words = [kind["kind"].lower(), *([group] if group else []), kind["version"]]
            schema = {"$ref": f"{DEFINITIONS}#/definitions/{name}"}
            (folder / f"{'-'.join(words)}.json").write_text(json.dumps(schema), encoding="utf-8")


def closed_definition(name: str, definition: Schema) -> Schema:
    """Return a definition with the types that Kubernetes really takes, and no room for others."""
    if name in NUMBERS_AND_STRINGS:
        return {"type": NUMBERS_AND_STRINGS[name]}
    return closed(definition)


def closed(schema: Schema) -> Schema:
    """Return a schema that refuses fields it does not name, at every depth."""
    found = {key: value for key, value in schema.items() if not key.startswith("x-kubernetes-")}
    if schema.get("x-kubernetes-int-or-string"):
        found["type"] = ["integer", "string"]
        found.pop("anyOf", None)
    if "properties" in found:
        found["properties"] = {key: closed(one) for key, one in found["properties"].items()}
        found.setdefault("additionalProperties", False)
    for key in ("items", "additionalProperties"):
        if isinstance(found.get(key), dict):
            found[key] = closed(found[key])
    return found
