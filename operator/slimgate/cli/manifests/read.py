"""Texts as documents: YAML streams, JSON, and JSON objects one after another."""

import json
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

import yaml

from slimgate.cli.manifests.errors import InputError
from slimgate.cli.manifests.placed import CycleError, Placed, PlacedReader, TwiceError
from slimgate.core.json_object import JsonObject
from slimgate.core.text import printable

_LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_SURROGATES: Final = re.compile(r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}")
_TABBED: Final = re.compile(r" *\t")
TEMPLATE: Final = "{{"
_HEAD: Final = frozenset({"apiVersion", "kind", "metadata", "spec"})
"""What each object has once, so that twice it is another object."""
RENDER: Final = "it is a template: render it first, as in helm template CHART | slimgate check -f -"


@dataclass(frozen=True, slots=True, kw_only=True)
class FileDocument:
    """One object of a file, and the line where it starts; a mapping, or it is no document.

    `template` is the line of a template that happens to be YAML, if there is one.
    """

    file: str
    line: int
    content: JsonObject
    template: int | None = None


def read_documents(text: str, file: str) -> Iterator[FileDocument]:
    """Read every object; InputError names the file and line of what can't be read.

    Empty documents are left out; what is no mapping gives a document without content.
    """
    try:
        for line, content, template in _parse(text):
            entries = content if isinstance(content, list) else [content]
            for entry in entries:
                mapping = entry if isinstance(entry, dict) else {}
                if entry is not None:
                    yield FileDocument(
                        file=file, line=_line(mapping, line), content=mapping, template=template
                    )
    except yaml.YAMLError as err:
        raise InputError(file, _error_line(err, text), _explain(err, text)) from err
    except json.JSONDecodeError as err:
        why = RENDER if TEMPLATE in text else f"it is not JSON: {err.msg}"
        raise InputError(file, err.lineno, why) from err
    except TwiceError as err:
        raise InputError(file, err.line, _twice(err.key)) from err
    except CycleError as err:
        raise InputError(file, None, "it is not a manifest: an anchor contains itself") from err
    except RecursionError as err:
        raise InputError(file, None, "it is nested too deeply to be a manifest") from err


_Parsed = tuple[int, object, int | None]


def _parse(text: str) -> Iterable[_Parsed]:
    if text.lstrip()[:1] not in {"{", "["}:
        return _yaml(text)
    try:
        return list(_json(text))
    except json.JSONDecodeError:
        with suppress(yaml.YAMLError):  # JSON documents between YAML's lines of dashes
            return list(_yaml(text))
        raise


def _yaml(text: str, first_line: int = 1) -> Iterator[_Parsed]:
    loader = _LOADER(text)
    try:
        while loader.check_node():
            node = loader.get_node()
            assert node is not None
            reader = PlacedReader(first_line)
            content = reader.read(node)
            yield first_line + node.start_mark.line, content, reader.template
    finally:
        loader.dispose()


def _json(text: str) -> Iterator[_Parsed]:
    decoder, position = json.JSONDecoder(), _skip_blank(text, 0)
    while position < len(text):
        content, end = decoder.raw_decode(text, position)
        line = 1 + text.count("\n", 0, position)
        yield line, _with_lines(content, text[position:end], line), None
        position = _skip_blank(text, end)


def _with_lines(content: object, text: str, line: int) -> object:
    """Give a JSON value its lines, which YAML's parser tells, where that reads it the same."""
    # JSON's tabs and surrogate pairs are what YAML does not take; neither moves a line.
    plain = _SURROGATES.sub(lambda pair: json.loads(f'"{pair[0]}"'), text.replace("\t", " "))
    try:
        placed = [entry for _, entry, _ in _yaml(plain, line)]
    except (yaml.YAMLError, TwiceError):
        return content
    return placed[0] if placed == [content] else content


def _skip_blank(text: str, position: int) -> int:
    while position < len(text) and text[position].isspace():
        position += 1
    return position


def _line(content: JsonObject, otherwise: int) -> int:
    return content.line if isinstance(content, Placed) else otherwise


def _error_line(err: yaml.YAMLError, text: str) -> int | None:
    if isinstance(err, yaml.MarkedYAMLError):
        mark = err.problem_mark or err.context_mark
        return None if mark is None else mark.line + 1
    position = getattr(err, "position", None)
    return 1 + text.count("\n", 0, position) if isinstance(position, int) else None


def _twice(key: str) -> str:
    missing = ": is a --- line missing before it?" if key in _HEAD else ""
    return f"the key {printable(key, 64)!r} appears twice{missing}"


def _explain(err: yaml.YAMLError, text: str) -> str:
    if TEMPLATE in text:
        return RENDER
    line = _error_line(err, text)
    if line is not None and any(map(_TABBED.match, text.split("\n")[line - 1 : line])):
        return "it is not YAML: a tab begins this line, so write spaces"
    problem = err.problem if isinstance(err, yaml.MarkedYAMLError) else str(err)
    return f"it is not YAML: {printable(' '.join((problem or 'unknown fault').split()), 200)}"
