"""Texts as documents: every form that tools write, with lines, and nothing that blows up."""

import json
import time

import pytest

from slimgate.cli.manifests.errors import InputError
from slimgate.cli.manifests.placed import line_of
from slimgate.cli.manifests.read import FileDocument, read_documents


def _read(text: str) -> list[FileDocument]:
    return list(read_documents(text, "f.yaml"))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("---\n---\n# nothing\n", []),
        ("a: 1\n---\nb: 2\n---\n", [(1, {"a": 1}), (3, {"b": 2})]),
        ("---\n# Source: chart/web.yaml\na: 1\n...\n---\nb: 2\n", [(3, {"a": 1}), (6, {"b": 2})]),
        ("- a: 1\n- b: 2\n", [(1, {"a": 1}), (2, {"b": 2})]),
        ('{"a": 1}', [(1, {"a": 1})]),
        ('{"a": 1}\n{"b":\n 2}\n', [(1, {"a": 1}), (2, {"b": 2})]),
        ('\n[{"a": 1},\n {"b": 2}]', [(2, {"a": 1}), (3, {"b": 2})]),
        ('{\n\t"a": "\\ud83d\\ude00 \\/"\n}', [(1, {"a": "😀 /"})]),
        ('{"a": 1}\n---\n{"b": 2}\n', [(1, {"a": 1}), (3, {"b": 2})]),
        ("{a: b}", [(1, {"a": "b"})]),
        ("only text", [(1, {})]),
        ("a: 1\r\n---\r\nb: 2\r\n", [(1, {"a": 1}), (3, {"b": 2})]),
    ],
)
def test_forms(text: str, expected: list[tuple[int, object]]) -> None:
    """YAML streams, JSON, and JSON one after another give every object and its first line."""
    assert [(found.line, found.content) for found in _read(text)] == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2027-01-31T00:00:00Z", "2027-01-31T00:00:00Z"),
        ("2027-01-31", "2027-01-31"),
        ("30", 30),
        ("0.5", 0.5),
        ("true", True),
        ("~", None),
        ("0x", "0x"),
        ("!Sub text", "text"),
        ("!!int no", "no"),
        ("!!bool nonsense", "nonsense"),
        ("'30'", "30"),
        ("|\n  two\n  lines\n", "two\nlines\n"),
    ],
)
def test_values(value: str, expected: object) -> None:
    """Values are those of Kubernetes: times stay texts, and unknown tags do no harm."""
    assert _read(f"a: {value}")[0].content["a"] == expected


def test_keys() -> None:
    """Keys are texts, whatever they look like, and complex ones are left out."""
    assert _read("on: a\n1: b\n? [y]\n: e\n")[0].content == {"on": "a", "1": "b"}


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a: 1\nb:\n  image: x\n", 3),
        ('{"a": 1,\n "b": {\n\t"image": "x"}}', 3),
        ("b: {image: x}", 1),
    ],
)
def test_lines_of_keys(text: str, line: int) -> None:
    """A mapping knows the lines of its keys, in YAML and in JSON."""
    content = _read(text)[0].content["b"]
    assert isinstance(content, dict)

    assert line_of(content, "image") == line
    assert line_of(content, "nope") is None


def test_json_without_lines() -> None:
    """JSON that YAML reads otherwise keeps JSON's values, and knows no lines."""
    (found,) = _read('{"a": 1e5}')

    assert found.content == {"a": 100000.0}
    assert line_of(found.content, "a") is None


def test_anchors_and_merges() -> None:
    """Aliases and merges hold what they name, at the line where it is written; own keys win."""
    text = "x: &x\n  image: a\n  name: b\ny:\n  <<: [*x]\n  name: c\nz: *x\n"
    content = _read(text)[0].content
    merged = content["y"]
    assert isinstance(merged, dict)

    assert merged == {"image": "a", "name": "c"}
    assert (line_of(merged, "image"), line_of(merged, "name")) == (2, 6)
    assert content["z"] == {"image": "a", "name": "b"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: b\nc: d: e\n", "f.yaml:2: it is not YAML: mapping values are not allowed"),
        ("a:\n\tb: 1\n", "f.yaml:2: it is not YAML: a tab begins this line, so write spaces"),
        ("a:\n  \tb: 1\n", "f.yaml:2: it is not YAML: a tab begins this line, so write spaces"),
        ("a: [1,\nb", "f.yaml:3: it is not YAML: did not find expected ',' or ']'"),
        ("a: \x07", "f.yaml:1: it is not YAML: "),
        ('{"a": 1,\n "b" 2}', "f.yaml:2: it is not JSON: Expecting ':' delimiter"),
        ("{{- if .Values.web }}\na: 1\n{{- end }}\n", "f.yaml:1: it is a template: render it"),
        ("a: {{ .Values.a }}\nb: c: d\n", "f.yaml:2: it is a template: render it"),
        ("a: &a [*a]", "f.yaml: it is not a manifest: an anchor contains itself"),
        ("a: &a\n  b: *a", "f.yaml: it is not a manifest: an anchor contains itself"),
        ("a: " + "[" * 2000 + "]" * 2000, "f.yaml:1: it is not YAML: exceeded maximum nesting"),
        ("a: " + "[" * 900 + "]" * 900, "f.yaml: it is nested too deeply to be a manifest"),
        ('{"a": ' + "[" * 200_000 + "]" * 200_000 + "}", "f.yaml: it is nested too deeply"),
        ("a: *nope", "f.yaml:1: it is not YAML: found undefined alias"),
        (
            "apiVersion: v1\nkind: Pod\napiVersion: v1\nkind: Pod\n",
            "f.yaml:3: the key 'apiVersion' appears twice: is a --- line missing before it?",
        ),
        ("a: {b: 1, b: 2}", "f.yaml:1: the key 'b' appears twice"),
        ('a: {"\\x1b": 1, "\\x1b": 2}', "f.yaml:1: the key '\\\\x1b' appears twice"),
    ],
    ids=range(17),
)
def test_faults(text: str, expected: str) -> None:
    """What can't be read is one printable line that says where and what to do."""
    with pytest.raises(InputError) as caught:
        _read(text)

    assert str(caught.value).startswith(expected)
    assert str(caught.value).isprintable()


@pytest.mark.parametrize("line", ["a{0}: &a{0} [{1}]", "a{0}: &a{0} {{<<: [{1}], k{0}: v}}"])
def test_bombs(line: str) -> None:
    """Aliases of aliases, and merges of merges, cost no more than their text is long."""
    text = "a0: &a0 {x: y}\n" + "\n".join(
        line.format(i, ",".join([f"*a{i - 1}"] * 50)) for i in range(1, 100)
    )
    started = time.process_time()
    (found,) = _read(text)

    assert len(found.content) == 100
    assert time.process_time() - started < 5


def test_large_streams() -> None:
    """A chart of thousands of objects is read, each with its line."""
    text = "---\n".join(
        f"{json.dumps({'a': i})}\nb: 1\n".replace("{", "").replace("}", "") for i in range(3000)
    )

    assert [found.line for found in _read(text)] == list(range(1, 9000, 3))
