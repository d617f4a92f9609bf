"""The chart's values as values.yaml writes them: default, sentence and `@schema` of each."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import yaml

CHART: Final = Path("charts/slimgate")
_MARK: Final = "@schema "


class ValuesError(Exception):
    """values.yaml is not written as the rest is made from it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """One value, or with `children` a section of them."""

    path: str
    default: object
    sentence: str
    schema: Mapping[str, Any] = field(default_factory=dict)
    children: Sequence["Value"] = ()

    @property
    def name(self) -> str:
        """Its own key."""
        return self.path.rpartition(".")[2]

    def leaves(self) -> Iterator["Value"]:
        """Yield itself, or the values of a section."""
        if not self.children:
            yield self
        for child in self.children:
            yield from child.leaves()


def read_values(text: str) -> Sequence[Value]:
    """Read values.yaml; ValuesError names a value that has no sentence."""
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    if not isinstance(root, yaml.MappingNode):
        raise ValuesError("values.yaml is not an object")
    return _read(root, text.splitlines(), "")


def _read(node: yaml.MappingNode, lines: Sequence[str], parent: str) -> Sequence[Value]:
    return [_value(key, value, lines, parent) for key, value in node.value]


def _value(key: yaml.Node, node: yaml.Node, lines: Sequence[str], parent: str) -> Value:
    path = f"{parent}.{key.value}" if parent else str(key.value)
    sentence, schema = _comment(lines, key.start_mark.line, path)
    section = isinstance(node, yaml.MappingNode) and bool(node.value) and not schema
    return Value(
        path=path,
        default=yaml.SafeLoader("").construct_document(node),
        sentence=sentence,
        schema=schema,
        children=_read(node, lines, path) if section else (),  # type: ignore[arg-type]
    )


def _comment(lines: Sequence[str], line: int, path: str) -> tuple[str, Mapping[str, Any]]:
    """Return the sentence and the schema of the comment that ends above a line."""
    indent = lines[line][: len(lines[line]) - len(lines[line].lstrip())]
    words: list[str] = []
    schema: Mapping[str, Any] = {}
    for above in reversed(lines[:line]):
        if not above.startswith(f"{indent}# "):
            break
        text = above.removeprefix(f"{indent}# ")
        if text.startswith(_MARK):
            schema = yaml.safe_load(text.removeprefix(_MARK))
        else:
            words.insert(0, text)
    sentence = " ".join(words)
    if not sentence.endswith("."):
        raise ValuesError(f"{path} has no sentence above it in values.yaml")
    return sentence, schema
