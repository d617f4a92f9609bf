"""Objects and lists of settings: which keys they have, and how many entries at most."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Final

from slimgate.core.text import printable
from slimgate.settings.faults import fault, read_each
from slimgate.settings.values import Value, meant, wrong

_FEW: Final = 10
"""Keys that a message can list."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """A key of an object: its value, and what it is for."""

    value: Value
    text: str
    required: bool = False


def read_fields(raw: object, path: str, fields: Mapping[str, Field]) -> dict[str, object]:
    """Read an object's fields; every unknown, missing or wrong one is a fault."""
    if not isinstance(raw, Mapping):
        raise wrong(raw, path, f"an object with the keys {', '.join(fields)}")
    missing = [name for name, field in fields.items() if field.required and name not in raw]
    return read_each(
        [
            *((str(key), partial(_read, raw, key, path, fields)) for key in raw),
            *((name, partial(_missing, path, name, fields[name])) for name in missing),
        ]
    )


def object_of(
    fields: Mapping[str, Field],
    make: Callable[[Mapping[str, object], str], object],
    split: Callable[..., Mapping[str, object]],
    rules: Mapping[str, object],
) -> Value:
    """Make a value of an object; `make` refuses what fields can't be together, as `rules` say."""
    return Value(
        read=lambda raw, path: make(read_fields(raw, path, fields), path),
        write=split,
        schema={**schema_of(fields), **rules},
        parse=None,
    )


def list_of(entry: Value, most: int, key: Callable[..., object] = lambda one: one) -> Value:
    """Make a value of a list of at most so many entries, no two of the same key."""

    def read(raw: object, path: str) -> tuple[object, ...]:
        if not isinstance(raw, list):
            raise wrong(raw, path, "a list")
        if len(raw) > most:
            raise fault(path, f"must have at most {most} entries, not {len(raw)}")
        found = read_each(
            (i, partial(entry.read, one, f"{path}[{i}]")) for i, one in enumerate(raw)
        )
        seen: dict[object, int] = {}
        for i, one in found.items():
            if (first := seen.setdefault(key(one), i)) != i:
                raise fault(f"{path}[{i}]", f"repeats {path}[{first}]: leave one of them out")
        return tuple(found.values())

    return Value(
        read=read,
        write=lambda values: [entry.write(one) for one in values],
        schema={"type": "array", "items": entry.schema, "maxItems": most, "uniqueItems": True},
        parse=None,
    )


def schema_of(fields: Mapping[str, Field]) -> dict[str, object]:
    """Describe an object by JSON Schema."""
    properties = {
        name: {"description": field.text, **field.value.schema} for name, field in fields.items()
    }
    required = [name for name, field in fields.items() if field.required]
    return {
        "type": "object",
        "properties": properties,
        "additionalProperties": False,
        **({"required": required} if required else {}),
    }


def _read(
    raw: Mapping[object, object], key: object, path: str, fields: Mapping[str, Field]
) -> object:
    name = str(key)
    if name not in fields:
        raise fault(_join(path, printable(name, 64)), f"is unknown{_known(name, fields)}")
    return fields[name].value.read(raw[key], _join(path, name))


def _missing(path: str, name: str, field: Field) -> object:
    only = field.value.schema.get("const")
    raise fault(_join(path, name), "is required" if only is None else f"is required: write {only}")


def _known(name: str, names: Collection[str]) -> str:
    listed = ", ".join(names) if len(names) <= _FEW else "in `slimgate config schema`"
    return meant(name, list(names)) or f"; the keys are {listed}"


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
