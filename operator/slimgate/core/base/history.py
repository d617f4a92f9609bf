"""The grammar of history entries: what each builder writes for each instruction.

Docker's classic builder and buildah write `/bin/sh -c #(nop) COPY file:… in /x`, BuildKit writes
`COPY x /x # buildkit`, kaniko the line as it stands in the Dockerfile. A `created_by` is at most
read up to a limit: it is hostile text. BuildKit's entries:
https://github.com/moby/buildkit/blob/master/frontend/dockerfile/dockerfile2llb/convert.go
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from slimgate.core.images.oci import HistoryEntry

_MAX_TEXT: Final = 32_768
_MAX_TOTAL: Final = 262_144
"""Characters of all entries; real images stay under 60,000. What is beyond is no instruction."""
_NOP: Final = re.compile(r"(?:\S+ ){1,8}?#\(nop\)\s*")
_CALL: Final = (
    r"(?:(?:ba|da|a|z)?sh (?:-[a-z]{1,12} (?:pipefail )?){0,4}?-[a-z]{0,12}c\s"
    r"|(?:cmd|powershell|pwsh)(?:\.exe)?\s(?=[/-]\S)"
    r"(?:[^;&|]{0,160}?(?<=\s)[/-][cC](?:ommand)?\s|[/-]\S))"
)
_SHELL: Final = re.compile(rf"(?:\S{{0,200}}[/\\])?{_CALL}")
_SHELL_LATER: Final = re.compile(rf"(?<![^\s/\\]){_CALL}")
_BUILD_ARGS: Final = re.compile(r"\|\d+ ")
_INSTRUCTION: Final = re.compile(
    r"(ADD|ARG|CMD|COPY|ENTRYPOINT|ENV|EXPOSE|HEALTHCHECK|LABEL|MAINTAINER|ONBUILD|RUN|SHELL"
    r"|STOPSIGNAL|USER|VOLUME|WORKDIR)(?=\s|$)\s*"
)
_BUILD_ARG: Final = re.compile(r"([A-Za-z_]\w*)=(.*?)(?=\s[A-Za-z_]\w*=|$)", re.DOTALL | re.ASCII)
_SHELL_ARGS_END: Final = re.compile(rf"(?<!\S)(?:\S{{0,200}}/)?{_CALL}")
_CUT: Final = re.compile(r"…|\[\.\.\.\]|\s\.\.\.$")
_BUILDKIT: Final = " # buildkit"
_SIGNED: Final = frozenset({"RUN", "COPY", "ADD"})
"""What BuildKit ends with its mark, so that one without it was cut."""
_SESSION: Final = re.compile(r"(?:/\S{0,40}/)?(?:ba|da|a|z)?sh(?: -[il]+)?")
"""What `docker commit` writes of a container in which somebody typed."""
_FLAG: Final = re.compile(r"--[a-z]+(?:=\S*)?\s+")
_CLASSIC_COPY: Final = re.compile(r"((?:(?:file|dir|multi):[0-9a-f]+\s*)+) in (\S+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One history entry as an instruction; `kind` is `RUN`, `COPY`…, or empty if it is none.

    `text` is what follows the instruction. `shell` is True for a RUN that a shell carried out,
    so one was there. `layer` is False for a step that made no layer. `args` are a RUN's build
    arguments. `cut` is True where the end of the text is seen to be missing.
    """

    kind: str = ""
    text: str = ""
    shell: bool = False
    layer: bool = True
    comment: str = ""
    args: Mapping[str, str] = field(default_factory=dict)
    cut: bool = False

    @property
    def is_silent(self) -> bool:
        """Whether nothing is said of what was done."""
        told = self.kind or self.comment
        return not told and (not self.text or _SESSION.fullmatch(self.text) is not None)

    def paths(self) -> tuple[tuple[str, ...], str]:
        """Name the sources and the destination of a COPY or ADD; both empty for other steps."""
        if self.kind not in {"COPY", "ADD"}:
            return (), ""
        start = 0
        while flag := _FLAG.match(self.text, start):
            start = flag.end()
        rest = self.text[start:]
        if classic := _CLASSIC_COPY.match(rest):
            return tuple(classic[1].split()), classic[2]
        words = rest.split()
        return (tuple(words[:-1]), words[-1]) if len(words) > 1 else ((), "")


def steps_of(history: Iterable[HistoryEntry]) -> tuple[Step, ...]:
    """Read history entries, oldest first."""
    steps: list[Step] = []
    left = _MAX_TOTAL
    for entry in history:
        text = entry.created_by[: min(_MAX_TEXT, left)]
        left -= len(text)
        steps.append(_step(entry, text.strip().removesuffix(_BUILDKIT).rstrip()))
    return tuple(steps)


def instruction_of(created_by: str) -> str:
    """Write a history entry as the line that stands in a Dockerfile, on one line."""
    (step,) = steps_of([HistoryEntry(created_by=created_by)])
    return " ".join(f"{step.kind} {step.text}".split())


def _step(entry: HistoryEntry, text: str) -> Step:
    nop = _NOP.match(text)
    kind, rest, shell = _instruction(text[nop.end() :] if nop else text)
    if kind == "" and _is_shell(text):
        kind, rest, shell = "RUN", _command(text), True
    elif kind == "RUN":
        # BuildKit names the shell that it calls; kaniko writes the line and leaves it out.
        bare = "buildkit" not in entry.comment and not rest.startswith("[")
        shell = _is_shell(rest) or bare
        rest = _command(rest)
    signed = entry.created_by.rstrip().endswith(_BUILDKIT)
    from_buildkit = entry.comment.startswith("buildkit.dockerfile")
    return Step(
        kind=kind,
        text=rest,
        shell=shell,
        layer=not entry.empty_layer,
        comment=entry.comment,
        args=_args(text) if kind == "RUN" else {},
        cut=(kind in _SIGNED and from_buildkit and not signed) or _CUT.search(text) is not None,
    )


def _args(text: str) -> Mapping[str, str]:
    """Read the build arguments that a RUN was called with: `RUN |1 NAME=value /bin/sh -c …`."""
    start = _BUILD_ARGS.match(text.removeprefix("RUN "))
    if start is None:
        return {}
    told = text.removeprefix("RUN ")[start.end() :]
    shell = _SHELL_ARGS_END.search(told)
    found = _BUILD_ARG.finditer(told[: shell.start()] if shell else "")
    return {one[1]: one[2].strip() for one in found}


def _instruction(text: str) -> tuple[str, str, bool]:
    match = _INSTRUCTION.match(text)
    return (match[1], text[match.end() :], False) if match else ("", text, False)


def _is_shell(text: str) -> bool:
    return _shell(text) is not None


def _command(text: str) -> str:
    match = _shell(text)
    return text[match.end() :] if match else text


def _shell(text: str) -> re.Match[str] | None:
    # `|1 NAME=value /bin/sh -c …`: the values are free text, so only look for the shell.
    return _SHELL_LATER.search(text) if _BUILD_ARGS.match(text) else _SHELL.match(text)
