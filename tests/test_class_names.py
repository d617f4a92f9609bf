"""One name means one class in the whole package."""

import ast
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Final

PACKAGE: Final = Path(__file__).parents[1] / "operator" / "slimgate"


def test_class_names() -> None:
    """No two public classes share a name, but for a port and the class that serves it."""
    found: dict[str, list[tuple[str, bool]]] = defaultdict(list)
    for where, name, is_port in _classes():
        found[name].append((where, is_port))

    shared = {
        name: [where for where, _ in classes]
        for name, classes in found.items()
        if len(classes) > 1 and [is_port for _, is_port in classes].count(False) != 1
    }
    assert shared == {}


def _classes() -> Iterator[tuple[str, str, bool]]:
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                bases = {base.id for base in node.bases if isinstance(base, ast.Name)}
                yield str(path.relative_to(PACKAGE)), node.name, "Protocol" in bases
