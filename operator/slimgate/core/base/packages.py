"""What the RUN steps install with a distribution's package manager, and what they remove again.

A package that one instruction installs and removes leaves nothing behind; one removed by a later
instruction stays in the lower layer.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Final

from slimgate.core.base.calls import PackageCall, calls_of
from slimgate.core.base.patterns import names_package
from slimgate.core.base.shell import FROM_FILE
from slimgate.core.base.traces import Run

_UNREADABLE: Final = re.compile(r"^\$$|\$[\w({]|`")
_FOR_BUILDING: Final = re.compile(
    r"\S+-dev(el)?|autoconf|automake|bison|c?make|flex|libtool|pkg-?conf(ig)?"
)
"""What nobody installs but to build with a compiler, which then stands in the same list."""
_ONLY_FOR_BUILDING: Final = re.compile(r"autoconf|automake|bison|cmake|flex|libtool")
"""Those of them that nothing runs on."""
_FREED_LATER: Final = re.compile(r"(?:crossbuild|build)-essential(-\w+)?")
"""What only depends on compilers, which apt keeps until it is told to remove what nobody needs."""
_KEEPING: Final = frozenset({"apt", "apt-get", "apt-fast", "nala", "dpkg"})
_MAX_PACKAGES: Final = 2_000
_MAX_WORK: Final = 5_000
"""Packages that the removals of one RUN are compared with; those beyond remove nothing."""


@dataclass(frozen=True, slots=True)
class Package:
    """A package that a RUN leaves behind; `sure` is False where it may be gone, or never came.

    `freed` is True for one that is gone, while what it depended on stays until a sweep.
    """

    name: str
    sure: bool = True
    branch: tuple[int, ...] = ()
    call: int = 0
    freed: bool = False


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
            if not call.branch:
                self.packages = [one for one in self.packages if not one.freed]
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


def left_behind(runs: Iterable[Run]) -> Iterator[Package]:
    """Yield the packages that each RUN installs and does not remove itself."""
    for run in runs:
        if run.step.layer:
            # Nothing of what may be there is, where the layer has no room for it.
            room = not run.size.lacks_compiler
            yield from (one for one in _left_by(run) if one.sure or room)


def _left_by(run: Run) -> Iterator[Package]:
    calls: list[PackageCall] = []
    left = _Left()
    for part in run.parts or (run,):
        if "apt-mark showmanual" in part.step.text:
            # What was there before is what this one marks again before it sweeps.
            left.manual.update(one.name for one in left.packages)
        calls += (own := list(calls_of(part)))
        for call in own:
            left.apply(call)
    if not run.step.cut:
        for packages in (left.packages, *left.groups.values()):
            yield from packages
    elif "apt-mark" not in run.step.text:
        # Whoever notes what was there before removes in the end what was not; and a `--virtual`
        # group exists to be deleted as one.
        ends_in_list = bool(calls) and calls[-1].verb == "install" and calls[-1].group is None
        sure = ends_in_list and run.size.is_large
        yield from (replace(one, sure=one.sure and sure) for one in left.packages)
        if sure and any(map(_ONLY_FOR_BUILDING.fullmatch, calls[-1].packages)):
            yield Package("gcc")
        elif ends_in_list and (
            run.size.has_room_for_compiler or any(map(_FOR_BUILDING.fullmatch, calls[-1].packages))
        ):
            yield Package(FROM_FILE, sure=False)


def _without(
    package: Package, patterns: Iterable[str], call: PackageCall, manual: set[str]
) -> Package | None:
    """Give what is left of a package once these were removed: itself, a doubt, or nothing."""
    doubted = False
    for pattern in patterns:
        swept = pattern not in call.packages
        if package.name in manual and swept:
            continue
        named = names_package(package.name, pattern)
        # Who marks what one branch installs, and sweeps it in another, asks the same twice.
        same = package.branch[: len(call.branch)] == call.branch or (swept and not package.sure)
        if named and same:
            return _freed(package, call)
        doubted = doubted or named is not False
    return replace(package, sure=False) if doubted else package


def _freed(package: Package, call: PackageCall) -> Package | None:
    keeps = call.program in _KEEPING and not call.sweeping
    if keeps and _FREED_LATER.fullmatch(package.name) and "gcc" not in call.packages:
        return replace(package, sure=False, freed=True)
    return None
