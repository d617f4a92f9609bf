"""Help in sections, and one plain line for wrong usage.

typer groups options by `rich_help_panel` only with rich, which help must not wait for.
"""

from collections.abc import Mapping
from typing import Any, Final

from typer.core import TyperArgument, TyperCommand, TyperGroup

_ARGUMENTS: Final = "Arguments"
_OTHERS: Final = "Other options"
_SENTENCE: Final = 200


class HelpedCommand(TyperCommand):
    """A command whose help has a section for each panel of options, in the order of the code.

    Its epilog is its examples, one a line.
    """

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        """Write arguments as kubectl does: typer's own way differs from version to version."""
        arguments = [one for one in self.get_params(ctx) if isinstance(one, TyperArgument)]
        return [
            "[OPTIONS]",
            *(_named(one) if one.required else _optional(one) for one in arguments),
        ]

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write arguments, then each group of options."""
        sections: dict[str, list[tuple[str, str]]] = {_ARGUMENTS: []}
        others: list[tuple[str, str]] = []
        for parameter in self.get_params(ctx):
            if isinstance(parameter, TyperArgument):
                sections[_ARGUMENTS].append((_named(parameter), parameter.help or ""))
            elif (record := parameter.get_help_record(ctx)) is not None:
                panel = getattr(parameter, "rich_help_panel", None)
                (sections.setdefault(panel, []) if panel else others).append(record)
        _write({**sections, _OTHERS: others}, formatter)

    def format_epilog(self, ctx: Any, formatter: Any) -> None:
        """Write the examples as they are: a line of a shell must not be wrapped."""
        if self.epilog:
            called = ctx.find_root().info_name
            with formatter.section("Examples"):
                for line in self.epilog.splitlines():
                    formatter.write(f"  {line.replace('slimgate', called)}\n")


class Group(TyperGroup):
    """The program, whose help has a section for each panel of commands."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write each group of commands."""
        sections: dict[str, list[tuple[str, str]]] = {}
        for name in self.list_commands(ctx):
            command = self.get_command(ctx, name)
            if command is not None and not command.hidden:
                panel = getattr(command, "rich_help_panel", None) or "Commands"
                sentence = command.get_short_help_str(_SENTENCE)
                sections.setdefault(panel, []).append((name, sentence))
        _write(sections, formatter)


def complaint(error: Exception) -> str:
    """Say what typer found wrong with the arguments, in one line that names the help."""
    said = str(getattr(error, "format_message", error.__str__)())
    if said.startswith("Usage: "):
        return "name one of the commands\n" + said
    text = " ".join(said.split()).rstrip(".").replace(". Did", ", did")
    path = getattr(getattr(error, "ctx", None), "command_path", None)
    see = " See" if text.endswith("?") else "; see"
    return f"{text[:1].lower()}{text[1:]}" + (f"{see} {path} --help" if path else "")


def _named(argument: TyperArgument) -> str:
    return f"{argument.metavar}{'' if argument.nargs == 1 else '...'}"


def _optional(argument: TyperArgument) -> str:
    return f"[{argument.metavar}]{'' if argument.nargs == 1 else '...'}"


def _write(sections: Mapping[str, list[tuple[str, str]]], formatter: Any) -> None:
    for name, records in sections.items():
        if records:
            with formatter.section(name):
                formatter.write_dl(records)
