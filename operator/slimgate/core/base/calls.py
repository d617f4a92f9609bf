"""Reads the calls of package managers in a RUN: what each installs, removes or marks."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Final

from slimgate.core.base.shell import FROM_FILE, READERS, Command
from slimgate.core.base.traces import Run
from slimgate.core.base.wrappers import unwrapped

_MANAGERS: Final = {
    "apt": "apt", "apt-get": "apt", "aptitude": "apt", "apk": "apk", "dnf": "rpm", "dnf5": "rpm",
    "microdnf": "rpm", "yum": "rpm", "tdnf": "tdnf", "zypper": "zypper", "pacman": "pacman",
    "conda": "conda", "mamba": "conda", "micromamba": "conda",
    "choco": "choco",
}  # fmt: skip
_INSTALL: Final = frozenset(
    {"install", "add", "in", "groupinstall", "reinstall", "build-dep", "builddep", "-S", "-Sy",
     "-Syu", "-Syyu"}
)  # fmt: skip
_REMOVE: Final = frozenset(
    {"remove", "purge", "del", "erase", "rm", "autoremove", "groupremove", "grouperase", "-R",
     "-Rs", "-Rn", "-Rns", "-Rsn", "-Rcns", "-Rnsc"}
)  # fmt: skip
_BARE_REMOVE: Final = {
    "dpkg": frozenset({"-r", "-P", "--remove", "--purge"}), "rpm": frozenset({"-e", "--erase"})
}  # fmt: skip
_VALUED: Final = frozenset(
    {"-t", "-o", "-c", "--virtual", "-X", "--repository", "--target-release"}
)
_GROUP_WORDS: Final = frozenset({"group", "groups"})
_PROGRAMS: Final = frozenset({*_MANAGERS, "apt-mark"})


@dataclass(frozen=True, slots=True)
class PackageCall:
    """One call of a package manager: `verb` is `install`, `remove` or something else.

    `branch` is that of its command, and `unsure` are names which a branch alone may have given.
    """

    manager: str
    program: str
    verb: str
    packages: tuple[str, ...]
    group: str | None = None
    sweeping: bool = False
    branch: tuple[int, ...] = ()
    unsure: frozenset[str] = frozenset()


def managers_used(runs: Iterable[Run]) -> frozenset[str]:
    """Name the families of package managers that were run: `apt`, `apk`, `rpm`, `tdnf`…."""
    calls = (call for run in runs for call in calls_of(run))
    managers = frozenset(call.manager for call in calls if call.program in _MANAGERS)
    return managers - {"conda", "choco"}  # of no distribution


def calls_of(run: Run) -> Iterator[PackageCall]:
    """Yield the package managers' calls in one RUN, in their order."""
    asking: PackageCall | None = None
    for command in run.commands:
        words = unwrapped(command.words, _PROGRAMS)
        program = words[0].rpartition("/")[2]
        if asking is not None:
            # `apt-get install $(cat list)`: what stands in brackets is read as the next command.
            given = words[1:] if program in {"echo", "printf"} else ()
            given = (FROM_FILE,) if program in READERS else given
            yield replace(asking, packages=asking.packages + given)
        asking = _call_in(replace(command, words=words), program)
        if asking is not None and "$" not in asking.packages:
            yield asking
            asking = None
    if asking is not None:
        yield asking


def _call_in(command: Command, program: str) -> PackageCall | None:
    words = command.words
    if program == "apt-mark":
        verb = next((word for word in words if word in {"auto", "manual"}), "")
        names = tuple(w for w in words[1:] if w != verb and not w.startswith((">", "<", "-")))
        return PackageCall("apt", program, f"mark-{verb}", names, branch=command.branch)
    if program in _MANAGERS or not _BARE_REMOVE.get(program, frozenset()).isdisjoint(words):
        return _call(program, command)
    return None


def _call(program: str, command: Command) -> PackageCall:
    words = command.words[1:]
    removing = _REMOVE | _BARE_REMOVE.get(program, frozenset())
    verb = next((word for word in words if word in _INSTALL | removing), "")
    if "history" in words:
        return _undoing(program, command)
    names = []
    skip = False
    for word in words:
        if skip or word in _VALUED:
            skip = not skip
        elif not word.startswith(("-", ">", "<")) and word not in {verb, *_GROUP_WORDS}:
            names.append(_bare(word))
    if verb in {"build-dep", "builddep"}:
        names = ["build-essential"]
    return PackageCall(
        manager=_MANAGERS.get(program, ""),
        program=program,
        verb="install" if verb in _INSTALL else "remove" if verb in removing else verb,
        packages=tuple(names),
        group=_group(words),
        sweeping="--auto-remove" in words or verb == "autoremove" or "--purge" in words,
        branch=command.branch,
        unsure=frozenset(_bare(word) for word in command.unsure)
        | (frozenset(names) if verb in {"build-dep", "builddep"} else frozenset()),
    )


def _undoing(program: str, command: Command) -> PackageCall:
    words = command.words[1:]
    undone = not {"undo", "rollback"}.isdisjoint(words)
    names = [word for word in words if word not in {"history", "undo"} and word[:1] != "-"]
    return PackageCall(
        "rpm",
        program,
        "undo" if undone else "",
        () if "rollback" in words else tuple(names),
        branch=command.branch,
    )


def _group(words: tuple[str, ...]) -> str | None:
    for i, word in enumerate(words):
        if word in {"--virtual", "-t"} and "add" in words and i + 1 < len(words):
            return words[i + 1]
        if word.startswith("--virtual="):
            return word.partition("=")[2]
    return None


def _bare(word: str) -> str:
    """Strip a version off a package's name: `gcc=13.2`, `gcc~13`, `gcc>13`."""
    return re.split(r"[=~<>]", word, maxsplit=1)[0]
