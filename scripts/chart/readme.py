"""The parts of the chart's README that are made: the table of values, and of rights."""

import json
from collections.abc import Iterable, Iterator, Sequence

from scripts.chart.rights import Right
from scripts.chart.values import Value


class ReadmeError(Exception):
    """The README has no place for what is made."""


def replaced(text: str, name: str, part: str) -> str:
    """Replace what stands between the two marks of a name."""
    begin, end = f"<!-- {name} -->\n", f"<!-- /{name} -->\n"
    before, found, rest = text.partition(begin)
    _, ended, after = rest.partition(end)
    if not found or not ended:
        raise ReadmeError(f"README.md lacks the marks {begin.strip()} and {end.strip()}")
    return f"{before}{begin}{part}{end}{after}"


def values_tables(values: Sequence[Value]) -> str:
    """Write a table of the values at the root, and one for each section."""
    lines = ["\n", *_table(value for value in values if not value.children)]
    for section in values:
        if section.children:
            lines += [f"\n### {section.name}\n\n{section.sentence}\n\n", *_table(section.leaves())]
    return "".join([*lines, "\n"])


def _table(values: Iterable[Value]) -> Iterator[str]:
    yield "| value | default | meaning |\n|---|---|---|\n"
    for value in values:
        yield f"| `{value.path}` | {_default(value.default)} | {_cell(value.sentence)} |\n"


def _default(default: object) -> str:
    text = default if isinstance(default, str) else json.dumps(default, ensure_ascii=False)
    return f"`{_cell(text)}`" if text else ""


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def rights_table(rights: Iterable[Right]) -> str:
    """Write what each role may do, and why."""
    lines = ["\n| role | where | right | why |\n|---|---|---|---|\n"]
    lines += [
        f"| {one.role} | {one.scope} | {one.verbs} {one.resources} | {_cell(one.why)} |\n"
        for one in rights
    ]
    return "".join([*lines, "\n"])
