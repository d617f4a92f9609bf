"""YAML nodes as plain objects that know their lines.

Not PyYAML's own constructor: it makes times of `expires: 2027-01-31T00:00:00Z`, which Kubernetes
keeps as text, fails on tags it does not know, and forgets the lines.
"""

from collections.abc import Mapping
from contextlib import suppress
from typing import Final

import yaml

_INT: Final = "tag:yaml.org,2002:int"
_FLOAT: Final = "tag:yaml.org,2002:float"
_BOOL: Final = "tag:yaml.org,2002:bool"
_NULL: Final = "tag:yaml.org,2002:null"
_MERGE: Final = "tag:yaml.org,2002:merge"


class Placed(dict[str, object]):
    """A mapping, the line that it starts on, and the line of each of its keys."""

    __slots__ = ("line", "lines")

    def __init__(self, line: int) -> None:
        super().__init__()
        self.line = line
        self.lines: dict[str, int] = {}


class CycleError(Exception):
    """An anchor holds an alias of itself."""


class TwiceError(Exception):
    """A mapping has a key twice, of which YAML's own reader would silently take the last."""

    def __init__(self, key: str, line: int) -> None:
        super().__init__(key)
        self.key = key
        self.line = line


def line_of(mapping: Mapping[str, object], key: str) -> int | None:
    """Tell the line of a key; None if the mapping does not know."""
    return mapping.lines.get(key) if isinstance(mapping, Placed) else None


class PlacedReader:
    """Turns the nodes of one document into objects; each node once, however often it is named."""

    def __init__(self, first_line: int = 1) -> None:
        self._first = first_line
        self.template: int | None = None
        """The line of the first mapping that has a mapping for a key, as `{{ … }}` is to YAML."""
        self._made: dict[int, object] = {}
        self._open: set[int] = set()
        self._scalars = yaml.constructor.SafeConstructor()

    def read(self, node: yaml.Node) -> object:
        """Make a text, number, list or Placed of a node.

        CycleError if it holds itself, TwiceError if a mapping in it has a key twice.
        """
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node)
        if id(node) in self._made:
            return self._made[id(node)]
        if id(node) in self._open:
            raise CycleError
        self._open.add(id(node))
        made: object = (
            self._mapping(node)
            if isinstance(node, yaml.MappingNode)
            else [self.read(entry) for entry in node.value]
        )
        self._open.remove(id(node))
        self._made[id(node)] = made
        return made

    def _mapping(self, node: yaml.MappingNode) -> Placed:
        made = Placed(self._line(node))
        merged: list[object] = []
        for key, value in node.value:
            if key.tag == _MERGE:
                found = self.read(value)
                merged += found if isinstance(found, list) else [found]
            elif isinstance(key, yaml.ScalarNode):
                if key.value in made:
                    raise TwiceError(key.value, self._line(key))
                made[key.value] = self.read(value)
                made.lines[key.value] = self._line(key)
            elif isinstance(key, yaml.MappingNode):
                self.template = self.template or self._line(key)
        for other in merged:
            if isinstance(other, Placed):
                made.lines = other.lines | made.lines
                for name, entry in other.items():
                    made.setdefault(name, entry)
        return made

    def _line(self, node: yaml.Node) -> int:
        return self._first + node.start_mark.line

    def _scalar(self, node: yaml.ScalarNode) -> object:
        with suppress(ValueError, KeyError):  # what only looks like a number is a text
            match node.tag:
                case tag if tag == _INT:
                    return self._scalars.construct_yaml_int(node)
                case tag if tag == _FLOAT:
                    return self._scalars.construct_yaml_float(node)
                case tag if tag == _BOOL:
                    return self._scalars.construct_yaml_bool(node)
                case tag if tag == _NULL:
                    return None
        return node.value
