"""The options of every command as docs/cli.md has them: `python -m tests.cli.reference` writes it.

The test compares; what is written by hand stands outside the marks.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from typer.core import TyperArgument, TyperCommand, TyperGroup, TyperOption
from typer.main import get_command

from slimgate.cli.main import build

PAGE = Path("docs/cli.md")
BEGIN, END = "<!-- options: begin -->\n", "<!-- options: end -->"


def commands() -> Iterator[tuple[str, TyperCommand]]:
    """Yield the commands that people call, by name."""
    program = get_command(build())
    assert isinstance(program, TyperGroup)
    for name, command in program.commands.items():
        if isinstance(command, TyperCommand) and command.epilog:
            yield name, command


def reference() -> str:
    """Write a section a command, with a table of its arguments and options."""
    return "".join(_section(name, command) for name, command in commands())


def with_reference(page: str) -> str:
    """Put the sections into a page, between the marks."""
    head, rest = page.split(BEGIN)
    return f"{head}{BEGIN}{reference()}\n{END}{rest.split(END)[1]}"


def _section(name: str, command: TyperCommand) -> str:
    rows = "".join(_row(parameter) for parameter in command.params)
    sentence = (command.help or "").partition("\n")[0]
    return f"\n### slimgate {name}\n\n{sentence}\n\n| option | meaning |\n|---|---|\n{rows}"


def _row(parameter: object) -> str:
    assert isinstance(parameter, TyperArgument | TyperOption)
    named = parameter.metavar or ""
    if isinstance(parameter, TyperOption):
        options = ", ".join(sorted(parameter.opts, key=len))
        named = f"{options} {named}".strip()
    elif parameter.nargs != 1:
        named += "…"
    return f"| `{named}` | {_marked(parameter.help or '')} |\n"


def _marked(text: str) -> str:
    """Mark as code what would be formatted or hidden otherwise."""
    return re.sub(r"[^\s,;]*[*<\[][^\s,;]*?(?=[,;.]?(\s|$))", r"`\g<0>`", text)


if __name__ == "__main__":
    PAGE.write_text(with_reference(PAGE.read_text()))
