"""JSON and YAML: the same document, safe to print."""

import json
from typing import Any

import pytest
import yaml

from slimgate.cli.shared.documents import document_text, json_lines, yaml_text
from slimgate.cli.shared.forms import Output
from slimgate.core.images.facts_json import inspection_to_json
from tests.cli.facts import FAT, HOSTILE, SOYA, inspection

ONE = inspection_to_json(inspection("shop:fat", FAT))
TWO = inspection_to_json(inspection("shop:soya", SOYA, HOSTILE))


def test_one_object_over_many_lines() -> None:
    """A single object is one that people can read too."""
    text = json_lines([ONE])

    assert text.startswith('{\n  "reference": "shop:fat",\n')
    assert json.loads(text) == ONE


def test_one_object_a_line() -> None:
    """Of several objects each is one line."""
    assert [json.loads(line) for line in json_lines([ONE, TWO]).splitlines()] == [ONE, TWO]


def test_yaml_documents() -> None:
    """In YAML each object is a document."""
    text = yaml_text(ONE, TWO)

    assert list(yaml.safe_load_all(text)) == [ONE, TWO]
    assert text.startswith("---\nreference: shop:fat\n")


@pytest.mark.parametrize("document", [ONE, TWO, {"a": [ONE, ONE], "b": "2026-01-01", "c": "no"}])
def test_yaml_is_the_same_document(document: dict[str, Any]) -> None:
    """YAML holds what JSON holds, texts that look like times or booleans too, without anchors."""
    text = document_text(document, Output.YAML)

    assert yaml.safe_load(text) == json.loads(document_text(document, Output.JSON))
    assert "&id" not in text


def test_hostile_texts() -> None:
    """Nothing that a terminal would obey is printed as it is."""
    evil = inspection_to_json(inspection("\x7f\x9b\u202e", HOSTILE))
    for text in (json_lines([evil]), json_lines([evil, evil]), yaml_text(evil)):
        assert text.isascii()
        assert all(line.isprintable() for line in text.splitlines())


def test_nothing() -> None:
    """Without any result there is no output."""
    assert json_lines([]) == ""
