"""The pages about commands hold what is true: options, fields, files that others can read."""

import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from typer.core import TyperGroup
from typer.main import get_command

from slimgate.cli.main import build
from slimgate.cli.previews.preview_json import preview_json
from slimgate.cli.progress import SilentBoard
from slimgate.cli.reports.json_report import report_json
from slimgate.cli.usage.images import used_images
from slimgate.cli.usage.usage_json import nodes_json, top_json
from tests.cli.previews.cases import cluster, preview_of
from tests.cli.reports.cases import report_of
from tests.cli.usage.test_nodes import disks

DOCS = Path("docs/check.md").read_text()
USAGE = Path("docs/usage.md").read_text()


def _commands() -> list[list[str]]:
    lines = re.findall(r"slimgate (?:check|explain) [^`\n|<>]*", DOCS)
    return [shlex.split(line) for line in lines]


def _options(*names: str) -> set[str]:
    program = get_command(build())
    assert isinstance(program, TyperGroup)
    return {
        option
        for name in names
        for parameter in program.commands[name].params
        for option in parameter.opts
        if option.startswith("-")
    } | {"-h", "--help"}


def _keys(found: object) -> Iterator[str]:
    if isinstance(found, dict):
        for key, value in found.items():
            yield key
            if key != "platforms":
                yield from _keys(value)
    elif isinstance(found, list):
        for entry in found:
            yield from _keys(entry)


def test_options_exist() -> None:
    """Every option of a command in the docs is one of the program's."""
    used = {
        word.partition("=")[0]
        for command in _commands()
        for word in command
        if word.startswith("-") and word != "-"
    }

    assert len(_commands()) >= 7
    assert used <= _options("check", "explain")


def test_options_are_told() -> None:
    """Every long option of check is told of."""
    wanted = {option for option in _options("check") if option.startswith("--")} - {
        "--filename",
        "--help",
    }

    assert {option for option in wanted if option not in DOCS} == set()


async def test_fields_are_told() -> None:
    """Every field of the JSON forms is told of, those of `inspect` aside."""
    preview = await preview_of()
    documents = [report_json(await report_of(notes=("x",))), preview_json(preview)]
    inspected = {"digest", "mediaType", "platforms"}
    keys = {key for text in documents for key in _keys(json.loads(text))} - inspected

    assert {key for key in keys if f"`{key}`" not in DOCS and f"`{key}[]`" not in DOCS} == set()


async def test_fields_of_usage_are_told() -> None:
    """Every field of the JSON forms of top and nodes is told of, those of `inspect` aside."""
    images = await used_images(cluster(), SilentBoard())
    found = json.loads(top_json(images))
    for image in found["images"]:
        del image["inspection"]
    keys = {*_keys(found), "inspection", *_keys(json.loads(nodes_json(disks())))}

    assert {key for key in keys if f"`{key}`" not in USAGE and f"`{key}[]`" not in USAGE} == set()


@pytest.mark.parametrize("block", re.findall(r"```yaml\n(.*?)```", DOCS, re.DOTALL))
def test_yaml(block: str) -> None:
    """Every file in the docs is YAML."""
    assert isinstance(yaml.safe_load(block), dict)
