"""Takes the types of Kubernetes that values have from its OpenAPI document, closed."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import yaml

from tests.lab.schemas import closed_definition

HERE: Final = Path(__file__).parent
_QUANTITY: Final = "io.k8s.apimachinery.pkg.api.resource.Quantity"
# https://github.com/kubernetes/apimachinery/blob/v0.37.2/pkg/api/resource/quantity.go
_QUANTITY_PATTERN: Final = r"^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$"

Schema = dict[str, Any]


def extract(openapi: Mapping[str, Any]) -> str:
    """Write the definitions that definitions.yaml names, and all that they need."""
    roots = yaml.safe_load((HERE / "definitions.yaml").read_text(encoding="utf-8"))["kubernetes"]
    found: dict[str, Schema] = {}
    waiting = list(roots.values())
    while waiting:
        name = waiting.pop()
        if name not in found:
            bare, references = _bare(closed_definition(name, openapi["definitions"][name]))
            found[name] = bare
            waiting += references
    found[_QUANTITY]["pattern"] = _QUANTITY_PATTERN
    lines = (f"{json.dumps(name)}: {json.dumps(found[name])}" for name in sorted(found))
    return "{\n" + ",\n".join(lines) + "\n}\n"


def _bare(schema: Schema) -> tuple[Schema, list[str]]:
    """Leave out descriptions and formats, and turn references into the chart's."""
    found: Schema = {}
    references: list[str] = []
    for key, inner in schema.items():
        if key == "$ref":
            references.append(inner.rpartition("/")[2])
            found[key] = f"#/$defs/{references[-1]}"
        elif key == "properties":
            found[key] = {}
            for name, one in inner.items():
                found[key][name], more = _bare(one)
                references += more
        elif isinstance(inner, dict) and key != "default":
            found[key], more = _bare(inner)
            references += more
        elif key not in {"description", "format", "default"}:
            found[key] = inner
    return found, references
