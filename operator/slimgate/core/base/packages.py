"""What the RUN steps install with a distribution's package manager, and what they remove again.

A package that one instruction installs and removes leaves nothing behind; one removed by a later
instruction stays in the lower layer.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from slimgate.core.base.history import Step
from slimgate.core.base.patterns import names_package
from slimgate.core.base.shell import Command, commands
from slimgate.core.base.wrappers import unwrapped

_MANAGERS: Final = {
    "apt": "apt", "apt-get": "apt", "aptitude": "apt", "apk": "apk", "dnf": "rpm", "dnf5": "rpm",
    "microdnf": "rpm", "yum": "rpm", "tdnf": "tdnf", "zypper": "zypper", "pacman": "pacman",
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
_UNREADABLE: Final = re.compile(r"^\$$|\$[\w({]|`")
_PROGRAMS: Final = frozenset({*_MANAGERS, "apt-mark"})
_MAX_PACKAGES: Final = 2_000
_MAX_WORK: Final = _MAX_PACKAGES * 10
"""Packages that the removals of one RUN are compared with; those beyond remove nothing."""


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


@dataclass(frozen=True, slots=True)
class Package:
    """A package that a RUN leaves behind; `sure` is False where it may be gone, or never came."""

    name: str
    sure: bool = True
    branch: tuple[int, ...] = ()
    call: int = 0


@dataclass(slots=True)
class _Left:
    packages: list[Package] = field(default_factory=list)
    groups: dict[str, list[Package]] = field(default_factory=dict)
    auto: set[str] = field(default_factory=set)
    manual: set[str] = field(default_factory=set)
    calls: int = 0
    last: int | None = None
    work: int = 0

    def apply(self, call: PackageCall) -> None:
        self.calls += 1
        if call.verb == "install":
            target = self.groups.setdefault(call.group, []) if call.group else self.packages
            target += (
                Package(name, not call.branch and name not in call.unsure, call.branch, self.calls)
                for name in call.packages[:_MAX_PACKAGES]
            )
            self.last = self.calls
        elif call.verb == "remove":
            self._remove(call)
            self.last = None
        elif call.verb == "undo":
            self._undo(call)
        elif call.verb == "mark-auto":
            # `apt-mark showmanual | xargs apt-mark auto` means all, as `apt-mark auto '.*'` does.
            names = call.packages[:_MAX_PACKAGES]
            self.auto.update(".*" if _UNREADABLE.search(name) else name for name in names)
        elif call.verb == "mark-manual":
            self.manual.update(call.packages[:_MAX_PACKAGES])

    def _remove(self, call: PackageCall) -> None:
        names = len(call.packages) + (len(self.auto) if call.sweeping else 0)
        known = len(self.packages) + sum(map(len, self.groups.values()))
        self.work += names * known
        if self.work > _MAX_WORK:
            return
        for name in call.packages:
            if name in self.groups:
                self._drop_group(name, call)
        patterns = list(call.packages)
        if call.sweeping:
            # `apt-mark auto '.*'` and an auto-removing purge: what the image runs on was marked
            # manual in between, and that is never a compiler.
            patterns += self.auto
        if any(_UNREADABLE.search(name) for name in patterns):
            self._doubt_all()
            patterns = [name for name in patterns if not _UNREADABLE.search(name)]
        kept = (_without(one, patterns, call, self.manual) for one in self.packages)
        self.packages = [one for one in kept if one is not None]

    def _drop_group(self, name: str, call: PackageCall) -> None:
        if call.branch and any(
            one.branch[: len(call.branch)] != call.branch for one in self.groups[name]
        ):
            self.groups[name] = [replace(one, sure=False) for one in self.groups[name]]
        else:
            del self.groups[name]

    def _undo(self, call: PackageCall) -> None:
        self.work += len(self.packages)
        if self.work > _MAX_WORK:
            return
        if call.packages and call.packages[0] == "last" and self.last and not call.branch:
            self.packages = [one for one in self.packages if one.call != self.last]
        else:
            self._doubt_all()
        self.last = None

    def _doubt_all(self) -> None:
        self.packages = [replace(one, sure=False) for one in self.packages]
        self.groups = {
            key: [replace(one, sure=False) for one in value] for key, value in self.groups.items()
        }


def left_behind(steps: Iterable[Step], env: Mapping[str, str]) -> Iterator[Package]:
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
        call.manager
        for step in steps
        if step.kind == "RUN"
        for call in calls_of(step, {})
        if call.program in _MANAGERS
    )


def calls_of(step: Step, env: Mapping[str, str]) -> Iterator[PackageCall]:
    """Yield the package managers' calls in one RUN, in their order."""
    for command in commands(step.text, env):
        words = unwrapped(command.words, _PROGRAMS)
        program = words[0].rpartition("/")[2]
        if program == "apt-mark":
            verb = next((word for word in words if word in {"auto", "manual"}), "")
            names = tuple(w for w in words[1:] if w != verb and not w.startswith((">", "<", "-")))
            yield PackageCall("apt", program, f"mark-{verb}", names, branch=command.branch)
        elif program in _MANAGERS or not _BARE_REMOVE.get(program, frozenset()).isdisjoint(words):
            yield _call(program, replace(command, words=words))


def _call(program: str, command: Command) -> PackageCall:
    words = command.words[1:]
    removing = _REMOVE | _BARE_REMOVE.get(program, frozenset())
    verb = next((word for word in words if word in _INSTALL | removing), "")
    if "history" in words:
        names = [word for word in words if word not in {"history", "undo", "rollback"}]
        names = [word for word in names if not word.startswith("-")]
        undone = not {"undo", "rollback"}.isdisjoint(words)
        if "rollback" in words:
            names = []
        return PackageCall(
            "rpm", program, "undo" if undone else "", tuple(names), branch=command.branch
        )
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


def _without(
    package: Package, patterns: Iterable[str], call: PackageCall, manual: set[str]
) -> Package | None:
    """Give what is left of a package once these were removed: itself, a doubt, or nothing."""
    doubted = False
    for pattern in patterns:
        if package.name in manual and pattern not in call.packages:
            continue
        named = names_package(package.name, pattern)
        if named and package.branch[: len(call.branch)] == call.branch:
            return None
        doubted = doubted or named is not False
    return replace(package, sure=False) if doubted else package


def _is_cut(text: str) -> bool:
    return text.rstrip().endswith(("…", "..."))
