"""What pages have from the program: `python -m tests.cli.reference` writes it.

That is the options of every command in docs/cli.md, and every check in docs/checks.md. The tests
compare; what is written by hand stands outside the marks.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from typer.core import TyperArgument, TyperCommand, TyperGroup, TyperOption
from typer.main import get_command

from slimgate.cli.main import build
from slimgate.core.policies.checks import CHECKS

PAGE, CHECKS_PAGE = Path("docs/cli.md"), Path("docs/checks.md")
BEGIN, END = "<!-- generated: begin -->\n", "<!-- generated: end -->"


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


def checks() -> str:
    """Write a section a check."""
    return "".join(
        f"\n## {one.name}\n\n{one.title}: `{one.field}`.\n\n{_marked(one.advice)} "
        f"More: [slimming.md](slimming.md#{one.section}).\n"
        for one in CHECKS.values()
    )


def with_reference(page: str, sections: str) -> str:
    """Put sections into a page, between the marks."""
    head, rest = page.split(BEGIN)
    return f"{head}{BEGIN}{sections}\n{END}{rest.split(END)[1]}"


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
    PAGE.write_text(with_reference(PAGE.read_text(), reference()))
    CHECKS_PAGE.write_text(with_reference(CHECKS_PAGE.read_text(), checks()))
