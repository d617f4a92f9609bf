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
    "apt-fast": "apt", "nala": "apt", "clean-install": "apt",
    "apt-install": "apt", "mk-build-deps": "apt", "yum-builddep": "rpm",
    "yay": "pacman", "paru": "pacman",
    **dict.fromkeys(
        ("conda", "mamba", "micromamba", "pixi", "choco", "brew", "nix", "nix-env", "guix", "spack",
         "snap", "asdf", "mise", "scoop", "sdkmanager", "install_packages"), "other"
    ),
}  # fmt: skip
_ALWAYS_INSTALL: Final = frozenset(
    {"install_packages", "clean-install", "apt-install", "sdkmanager"}
)
_FOR_SOURCES: Final = frozenset({"build-dep", "builddep", "mk-build-deps", "yum-builddep"})
_INSTALL: Final = frozenset(
    {"install", "add", "in", "groupinstall", "localinstall", "reinstall", "satisfy", "build-dep",
     "builddep", "-S", "-Sy", "-Syu", "-Syyu"}
)  # fmt: skip
_INSTALL_ELSE: Final = _INSTALL | {"-i", "-iA", "use", "create"}
"""Those of managers of no distribution: `nix-env -iA`, `mise use`, `conda create`."""
_REMOVE: Final = frozenset(
    {"remove", "purge", "del", "erase", "rm", "autoremove", "autopurge", "groupremove",
     "grouperase", "uninstall", "-R", "-Rs", "-Rn", "-Rns", "-Rsn", "-Rcns", "-Rnsc"}
)  # fmt: skip
_BARE_REMOVE: Final = {
    "dpkg": frozenset({"-r", "-P", "--remove", "--purge"}), "rpm": frozenset({"-e", "--erase"})
}  # fmt: skip
_VALUED: Final = frozenset(
    {"-t", "-o", "-c", "--virtual", "-X", "--repository", "--target-release"}
)
_VALUED_ELSE: Final = frozenset({"-n", "--name", "-p", "--prefix", "--channel", "-f", "--file"})
_GROUP_WORDS: Final = frozenset({"group", "groups"})
_SWEEPING: Final = frozenset({"--auto-remove", "--autoremove", "autoremove", "autopurge"})
_RELEASE: Final = re.compile(r"-\d+(?:\.\d+)+(?:-\d[\w.+~^]*)?$")
_QUALIFIED: Final = re.compile(
    r"(?<=.)[=~<>:@;].*|\s*\([<>=].*|\.(?:x86_64|aarch64|i686|noarch|ppc64le|s390x)$|(?<=\w)/.*"
)
_CHANNEL: Final = re.compile(r"(?:[\w./-]+::|(?:nixpkgs|nixos)[.#])(?=\w)")
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
    return managers - {"other"}  # of no distribution


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
    is_other = _MANAGERS.get(program) == "other"
    installing = _INSTALL_ELSE if is_other else _INSTALL
    valued = _VALUED | _VALUED_ELSE if is_other else _VALUED
    verb = next((word for word in words if word in installing | removing), "")
    if not verb and program in _ALWAYS_INSTALL | _FOR_SOURCES:
        verb = "install"
    if "history" in words:
        return _undoing(program, command)
    names = []
    skip = False
    for word in words:
        if skip or word in valued:
            skip = not skip
        elif not word.startswith(("-", ">", "<")) and word not in {verb, *_GROUP_WORDS}:
            names.append(_bare(word, program))
    unsure = frozenset(_bare(word, program) for word in command.unsure)
    if not _FOR_SOURCES.isdisjoint({verb, program}):
        names, unsure = ["build-essential"], frozenset({"build-essential"})
    installs = verb in installing and "plugin" not in words
    return PackageCall(
        manager=_MANAGERS.get(program, ""),
        program=program,
        verb="install" if installs else "remove" if verb in removing else verb,
        packages=tuple(names),
        group=_group(words),
        sweeping=not _SWEEPING.isdisjoint(words),
        branch=command.branch,
        unsure=unsure,
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
        if word.startswith(("--virtual=", "-t=")):
            return word.partition("=")[2]
    return None


def _bare(word: str, program: str) -> str:
    """Strip off a package's name what qualifies it: `gcc=13.2`, `gcc:amd64`, `conda-forge::gcc`.

    RPM's names carry their version and architecture: `gcc-11.4.1-2.el9.x86_64`.
    """
    name = _QUALIFIED.sub("", word[_end(_CHANNEL.match(word)) :])
    return _RELEASE.sub("", name) if _MANAGERS.get(program) in {"rpm", "tdnf", "zypper"} else name


def _end(match: re.Match[str] | None) -> int:
    return match.end() if match else 0
