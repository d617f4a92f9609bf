"""The table of what each value does (values.yaml beside this), row by row."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from tests.chart.helm import Objects

ABSENT: Final = "absent"
_FILES: Final = {"config": "config.yaml", "policy": "default-policy.yaml"}
_ROLE: Final = "ROLE"
_ROLES: Final = ("controller", "webhook")


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A value other than the default, and what must stand at a place then."""

    path: str
    value: object
    at: str
    expected: object
    given: Mapping[str, Any]


def rows() -> list[Row]:
    """Return the rows of all values."""
    text = Path(__file__).with_name("values.yaml").read_text(encoding="utf-8")
    of_roles = text[text.index(f"\n{_ROLE}.") :]
    both = "".join(of_roles.replace(_ROLE, role) for role in _ROLES)
    found = yaml.safe_load(text.removesuffix(of_roles) + both)
    return [
        Row(
            path=path,
            value=one["set"],
            at=one["at"],
            expected=one.get("is", one["set"]),
            given=one.get("given", {}),
        )
        for path, one in found.items()
    ]


def look_up(objects: Objects, at: str) -> object:
    """Return what stands at `Kind/name#/path/to/field`, a JSON pointer, or `absent`."""
    address, _, pointer = at.partition("#/")
    file = _FILES.get(address)
    found: Any = objects.file(file) if file else objects.find(address)
    for step in pointer.split("/") if pointer else ():
        if found is None:
            break
        name = step.replace("~1", "/")
        found = _item(found, int(name)) if isinstance(found, list) else found.get(name)
    return ABSENT if found is None else found


def _item(found: list[Any], index: int) -> object:
    return found[index] if index < len(found) else None
