"""What the RUN steps install with a distribution's package manager, and what they remove again.

A package that one instruction installs and removes leaves nothing behind; one removed by a later
instruction stays in the lower layer.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Final

from slimgate.core.base.history import Step
from slimgate.core.base.shell import commands

_MANAGERS: Final = {
    "apt": "apt", "apt-get": "apt", "aptitude": "apt", "apk": "apk", "dnf": "rpm", "dnf5": "rpm",
    "microdnf": "rpm", "yum": "rpm", "tdnf": "tdnf", "zypper": "zypper", "pacman": "pacman",
}  # fmt: skip
_INSTALL: Final = frozenset({"install", "add", "in", "groupinstall", "reinstall", "-S", "-Sy"})
_REMOVE: Final = frozenset({"remove", "purge", "del", "erase", "rm", "autoremove", "-R", "-Rns"})
_VALUED: Final = frozenset(
    {"-t", "-o", "-c", "--virtual", "-X", "--repository", "--target-release"}
)
_MAX_PACKAGES: Final = 2_000


@dataclass(frozen=True, slots=True)
class PackageCall:
    """One call of a package manager: `verb` is `install`, `remove` or something else."""

    manager: str
    program: str
    verb: str
    packages: tuple[str, ...]
    group: str | None = None
    sweeping: bool = False


@dataclass(slots=True)
class _Left:
    packages: list[str] = field(default_factory=list)
    groups: dict[str, list[str]] = field(default_factory=dict)
    all_auto: bool = False

    def apply(self, call: PackageCall) -> None:
        if call.verb == "install":
            target = self.groups.setdefault(call.group, []) if call.group else self.packages
            target += call.packages[:_MAX_PACKAGES]
        elif call.verb == "remove":
            self._remove(call)
        elif call.verb == "mark-auto":
            self.all_auto = True

    def _remove(self, call: PackageCall) -> None:
        for name in call.packages:
            self.groups.pop(name, None)
        if self.all_auto and call.sweeping:
            # `apt-mark auto '.*'` and an auto-removing purge: what the image runs on was marked
            # manual in between, and that is never a compiler.
            self.packages.clear()
        if len(call.packages) * len(self.packages) <= _MAX_PACKAGES * 10:
            self.packages = [
                one for one in self.packages if not any(_named(one, gone) for gone in call.packages)
            ]


def left_behind(steps: Iterable[Step], env: Mapping[str, str]) -> Iterator[str]:
    """Yield the packages that each RUN installs and does not remove itself."""
    for step in steps:
        if step.kind == "RUN" and step.layer:
            left = _Left()
            for call in calls_of(step, env):
                left.apply(call)
            # A `--virtual` group exists to be deleted as one; where its deletion is not seen,
            # the text may have been cut, so only groups of whole instructions count.
            groups = [] if _is_cut(step.text) else [*left.groups.values()]
            for packages in (left.packages, *groups):
                yield from packages


def managers_used(steps: Iterable[Step]) -> frozenset[str]:
    """Name the families of package managers that were run: `apt`, `apk`, `rpm`, `tdnf`…."""
    return frozenset(
        call.manager for step in steps if step.kind == "RUN" for call in calls_of(step, {})
    )


def calls_of(step: Step, env: Mapping[str, str]) -> Iterator[PackageCall]:
    """Yield the package managers' calls in one RUN, in their order."""
    for words in commands(step.text, env):
        program = words[0].rpartition("/")[2]
        if program == "apt-mark" and "auto" in words:
            yield PackageCall("apt", program, "mark-auto", ())
        elif program in _MANAGERS:
            yield _call(program, words[1:])


def _call(program: str, words: tuple[str, ...]) -> PackageCall:
    verb = next((word for word in words if word in _INSTALL | _REMOVE), "")
    group = _group(words)
    names: list[str] = []
    skip = False
    for word in words:
        if skip or word in _VALUED:
            skip = not skip
        elif not word.startswith("-") and word != verb and not word.startswith((">", "<")):
            names.append(_bare(word))
    return PackageCall(
        manager=_MANAGERS[program],
        program=program,
        verb="install" if verb in _INSTALL else "remove" if verb in _REMOVE else verb,
        packages=tuple(names),
        group=group,
        sweeping="--auto-remove" in words or verb == "autoremove" or "--purge" in words,
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


def _named(package: str, pattern: str) -> bool:
    return package == pattern or ("*" in pattern and fnmatchcase(package, pattern))


def _is_cut(text: str) -> bool:
    return text.rstrip().endswith(("…", "..."))
