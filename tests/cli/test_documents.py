"""JSON and YAML: one object or document a reference, safe to print."""

import json

import yaml

from slimgate.cli.documents import to_json_text, to_yaml_text
from slimgate.core.facts_json import inspection_to_json
from tests.cli.facts import FAT, HOSTILE, SOYA, inspection

ONE = inspection("shop:fat", FAT)
TWO = inspection("shop:soya", SOYA, HOSTILE)


def test_one_object_over_many_lines() -> None:
    """One reference is one object that people can read too."""
    text = to_json_text([ONE], indent=True)

    assert text.startswith('{\n  "reference": "shop:fat",\n')
    assert inspection_to_json(ONE) == json.loads(text)


def test_one_object_a_line() -> None:
    """Of several references each is one line."""
    lines = to_json_text([ONE, TWO], indent=False).splitlines()

    assert [inspection_to_json(entry) for entry in (ONE, TWO)] == [json.loads(x) for x in lines]


def test_yaml_documents() -> None:
    """In YAML each reference is a document."""
    text = to_yaml_text([ONE, TWO])

    assert [inspection_to_json(x) for x in (ONE, TWO)] == list(yaml.safe_load_all(text))
    assert text.startswith("---\nreference: shop:fat\n")


def test_hostile_texts() -> None:
    """Nothing that a terminal would obey is printed as it is."""
    evil = inspection("\x7f\x9b\u202e", HOSTILE)
    for text in (to_json_text([evil], indent=True), to_yaml_text([evil])):
        assert text.isascii()
        assert all(line.isprintable() for line in text.splitlines())


def test_nothing() -> None:
    """Without any result there is no output."""
    assert to_json_text([], indent=False) == ""
