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
from slimgate.cli.shared.forms import By, CheckOutput, Output, UsageOutput
from slimgate.cli.shared.progress import SilentBoard
from slimgate.cli.usage.bill import Bill
from slimgate.cli.usage.images import used_images
from slimgate.cli.usage.scope import UsageScope
from slimgate.cli.usage.usage_json import nodes_document, top_document
from slimgate.cli.usage.who import who
from slimgate.cli.usage.who_json import who_document
from tests.cli.check.reports.cases import BROKEN, report_of
from tests.cli.make import read
from tests.cli.preview.cases import cluster, preview_of
from tests.cli.reference import CHECKS_PAGE, PAGE, checks, commands, reference, with_reference
from tests.cli.usage.test_nodes import disks

DOCS = Path("docs/check.md").read_text()
USAGE = Path("docs/usage.md").read_text()
PAGES = {
    "docs/check.md": {"check", "preview"},
    "docs/usage.md": {"top", "nodes", "report"},
    "README.md": {"inspect", "check", "preview", "top", "nodes", "cleanup"},
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


def _line(text: str, start: str, after: str = "") -> str:
    """Return the first line that starts so, of those after some words."""
    (found,) = re.findall(f"^{re.escape(start)}.*", text[text.index(after) :], re.MULTILINE)[:1]
    return str(found)


def _unsaid(found: object, line: str, bullets: str = "", depth: int = 0) -> set[str]:
    """Return the fields that the line does not name: that of their own object, if it has one."""
    if isinstance(found, list):
        return {name for one in found for name in _unsaid(one, line, bullets, depth)}
    if not isinstance(found, dict):
        return set()
    unsaid = set[str]()
    for key, value in found.items():
        own = re.search(rf"^{'  ' * depth}- `{key}\[\].*", bullets, re.MULTILINE)
        if own is None and not re.search(rf"`{key}(\[\])?`", line):
            unsaid.add(key)
        inner = (line, bullets, depth) if own is None else (own[0], bullets, depth + 1)
        unsaid |= {f"{key}.{name}" for name in _unsaid(value, *inner)}
    return unsaid


def test_every_option_is_documented() -> None:
    """The reference has a row for each option of each command, in the words of its help.

    `python -m tests.cli.reference` writes them anew.
    """
    assert PAGE.read_text() == with_reference(PAGE.read_text(), reference())
    assert {name for name, _ in commands()} == {
        "inspect", "check", "checks", "preview", "top", "nodes", "report", "cleanup"
    }  # fmt: skip


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
    assert {form.value for form in UsageOutput if f"`-o {form.value}`" not in USAGE} == {"table"}
    assert {form.value for form in CheckOutput if f"`{form.value}`" not in DOCS} == set()
    assert f"a policy called `{FLAGS}`" in DOCS


async def test_fields_are_documented() -> None:
    """Each field is named where its page describes its object, those of inspect aside."""
    bullets = DOCS.partition("### JSON and YAML")[2]
    finding = _line(bullets, "  - `findings[]`")
    bullets = bullets.replace("as a finding", finding.strip(" -"))
    for one in (report_document(await report_of(notes=("x",))), report_document(BROKEN)):
        found = json.loads(json.dumps(read(one)))
        found["images"] = [dict.fromkeys(image, 1) for image in found["images"]]
        assert _unsaid(found, _line(bullets, "- `schema`"), bullets) <= {
            f"images.{name}" for name in ("digest", "mediaType", "platforms")
        }
    preview = _line(DOCS, "`-o json` and", "# Trying a policy") + finding
    assert _unsaid(read(preview_document(await preview_of())), preview) == set()


async def test_fields_of_usage_are_documented() -> None:
    """Each field is named where the command is described, those of inspect aside."""
    usage = await used_images(cluster(), SilentBoard(), UsageScope(everywhere=True))
    top = json.loads(json.dumps(top_document(usage)))
    for image in top["images"]:
        image["inspection"] = None

    of_top, of_nodes = (
        f"`schema`{_line(USAGE, 'JSON: ', f'## `slimgate {name}`')}" for name in ("top", "nodes")
    )
    assert "with `schema` 1" in USAGE
    assert _unsaid(top, of_top) == _unsaid(read(nodes_document(disks())), of_nodes) == set()
    by = read(who_document(who(disks(), By.WORKLOAD), Bill()))
    assert (
        _unsaid(by, f"`schema`{_line(USAGE, 'Fields of `--by`', '## Who fills')}{of_nodes}")
        == set()
    )


@pytest.mark.parametrize("block", re.findall(r"```yaml\n(.*?)```", DOCS, re.DOTALL))
def test_yaml(block: str) -> None:
    """Every file in the docs is YAML."""
    assert isinstance(yaml.safe_load(block), dict)
