"""The pages about commands hold what is true: options, statuses, fields, files for others."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from slimgate.cli.check.flags import FLAGS
from slimgate.cli.check.reports.document import report_document
from slimgate.cli.preview.document import preview_document
from slimgate.cli.shared import exits
from slimgate.cli.shared.forms import CheckOutput, Output
from slimgate.cli.shared.progress import SilentBoard
from slimgate.cli.usage.images import used_images
from slimgate.cli.usage.scope import UsageScope
from slimgate.cli.usage.usage_json import nodes_document, top_document
from tests.cli.check.reports.cases import BROKEN, report_of
from tests.cli.make import read
from tests.cli.preview.cases import cluster, preview_of
from tests.cli.reference import CHECKS_PAGE, PAGE, checks, commands, reference, with_reference
from tests.cli.usage.test_nodes import disks

DOCS = Path("docs/check.md").read_text()
USAGE = Path("docs/usage.md").read_text()
README = Path("README.md").read_text()
PAGES = {
    "docs/check.md": {"check", "preview"},
    "docs/usage.md": {"top", "nodes"},
    "README.md": {
        "inspect",
        "check",
        "preview",
        "top",
        "nodes",
        "cleanup",
    },
    "docs/policies.md": {"check", "preview"},
    "docs/slimming.md": {"inspect", "check"},
}
"""The commands that each page is about."""
OF_ALL = {"-h", "--help", "--version", "--config", "--install-completion"}
OTHERS = re.compile(
    r"`(?:kubectl (?!slim)|docker |pip |helm |curl |make |crane |mkdir )[^`\n|]*"
    r"|^\s*(?:\$ )?(?:- (?:run: )?)?(?:kubectl (?!slim)|docker |pip |helm |sed |make )[^|\n]*",
    re.MULTILINE,
)
"""What is said of other programs."""


def _options(name: str) -> set[str]:
    command = dict(commands())[name]
    return {option for parameter in command.params for option in parameter.opts}


def _called(text: str) -> Iterator[tuple[str, list[str]]]:
    """Yield the calls of slimgate in a text: the command, and the words after it."""
    for line in re.findall(r"(?:slimgate|kubectl slim) ([a-z]+ [^`\n|<>#…]*)", text):
        name, *words = line.split()
        if name in dict(commands()):
            yield name, words


def _keys(found: object) -> Iterator[str]:
    if isinstance(found, dict):
        for key, value in found.items():
            yield key
            if key != "platforms":
                yield from _keys(value)
    elif isinstance(found, list):
        for entry in found:
            yield from _keys(entry)


def test_every_option_is_documented() -> None:
    """The reference has a row for each option of each command, in the words of its help.

    `python -m tests.cli.reference` writes them anew.
    """
    assert PAGE.read_text() == with_reference(PAGE.read_text(), reference())
    assert {name for name, _ in commands()} == {
        "inspect",
        "check",
        "checks",
        "preview",
        "top",
        "nodes",
        "cleanup",
    }


def test_every_check_is_documented() -> None:
    """The page of checks has a section for each, in the program's words."""
    assert CHECKS_PAGE.read_text() == with_reference(CHECKS_PAGE.read_text(), checks())


@pytest.mark.parametrize("page", PAGES)
def test_options_in_calls_exist(page: str) -> None:
    """Every option of a call in the pages is one of that command's."""
    calls = list(_called(Path(page).read_text()))

    assert calls
    for name, words in calls:
        used = {word.partition("=")[0] for word in words if re.match(r"--?[A-Za-z]", word)}
        assert used <= _options(name) | OF_ALL, (name, words)


@pytest.mark.parametrize("page", ["docs/check.md", "docs/usage.md"])
def test_options_in_sentences_exist(page: str) -> None:
    """Every option that a page names is one of the commands that the page is about."""
    text = OTHERS.sub("", Path(page).read_text())
    named = set(re.findall(r"(?<![\w-])(?:--[a-z][a-z-]+|-[A-Za-z](?![\w-]))", text))
    parameters = [one for name in PAGES[page] for one in dict(commands())[name].params]
    known = {option for one in parameters for option in one.opts}
    unsaid = {one.opts[0] for one in parameters if not {*one.opts} & named}

    assert named <= known | OF_ALL
    assert {option for option in unsaid if option.startswith("-")} <= {"--config"}


def test_statuses_are_documented() -> None:
    """The table of exit statuses has those that the program has."""
    table = re.findall(r"^\| (\d+) \|", PAGE.read_text(), re.MULTILINE)

    assert table == [
        str(status)
        for status in (exits.WITHIN, exits.VIOLATED, exits.USAGE, exits.NOT_LOOKED_UP, exits.FAULT)
    ]


def test_forms_are_documented() -> None:
    """Every form of output is named, on the page of its command."""
    assert {form.value for form in Output if f"`-o {form.value}`" not in PAGE.read_text()} == set()
    assert {form.value for form in CheckOutput if f"`{form.value}`" not in DOCS} == set()
    assert f"a policy called `{FLAGS}`" in DOCS


async def test_fields_are_documented() -> None:
    """Every field of the documents of check and preview is named, those of inspect aside."""
    preview = await preview_of()
    documents = [
        report_document(await report_of(notes=("x",))),
        report_document(BROKEN),
        preview_document(preview),
    ]
    inspected = {"digest", "mediaType", "platforms"}
    keys = {key for one in documents for key in _keys(read(one))} - inspected

    assert {key for key in keys if f"`{key}`" not in DOCS and f"`{key}[]`" not in DOCS} == set()


async def test_fields_of_usage_are_documented() -> None:
    """Every field of the documents of top and nodes is named, those of inspect aside."""
    usage = await used_images(cluster(), SilentBoard(), UsageScope(everywhere=True))
    found = json.loads(json.dumps(top_document(usage)))
    for image in found["images"]:
        del image["inspection"]
    keys = {*_keys(found), "inspection", *_keys(read(nodes_document(disks())))}

    assert {key for key in keys if f"`{key}`" not in USAGE and f"`{key}[]`" not in USAGE} == set()


@pytest.mark.parametrize("block", re.findall(r"```yaml\n(.*?)```", DOCS, re.DOTALL))
def test_yaml(block: str) -> None:
    """Every file in the docs is YAML."""
    assert isinstance(yaml.safe_load(block), dict)
