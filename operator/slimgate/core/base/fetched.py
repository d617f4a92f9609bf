"""Toolchains that a RUN fetches from their makers and unpacks, past any package manager.

A fetched one is gone where the same RUN removes the folder that it was unpacked in. What a branch
fetches or removes is in doubt.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from slimgate.core.base.history import Step
from slimgate.core.base.shell import Command
from slimgate.core.base.traces import Traces
from slimgate.core.base.unpacking import covers, moved_to, removed_by, unpacked_in
from slimgate.core.base.wrappers import unwrapped

_ARCHIVE: Final = r"[\w.$(){}-]{0,60}\.(?:tar\.(?:[gx]z|bz2|zst)|tgz|zip)"
_SOURCES: Final = (
    ("go", rf"(?:(?:go\.dev|golang\.org)/dl|dl\.google\.com/go|\.com/golang)/{_ARCHIVE}"),
    ("go", rf"(?<![\w.-])go[\d$][\w.${{}}-]{{0,40}}[.-]linux-{_ARCHIVE}"),
    ("rust", r"sh\.rustup\.rs|static\.rust-lang\.org|^(?:\S*/)?rustup-init$"),
    ("dart", rf"dart-archive/|\bdartsdk-linux-{_ARCHIVE}"),
    ("maven", r"\bapache-maven-[\w.$(){}-]{0,60}-bin\."),
    ("gradle", r"services\.gradle\.org/distributions/|\bgradle-[\w.$(){}-]{0,60}-(?:bin|all)\.zip"),
    ("zig", rf"ziglang\.org/(?:download|builds)/|\bzig-(?:\w+-)?linux-{_ARCHIVE}"),
    ("swift", r"(?:download\.)?swift\.org/[\w.$(){}/-]{0,80}release"),
    ("ghc", r"get-ghcup\.haskell\.org|downloads\.haskell\.org/~?ghc/"),
    ("cuda", r"\bcuda_[\w.$(){}-]{0,60}_linux\.run"),
    ("gcc", r"\bgcc-arm-none-eabi|\barm-gnu-toolchain-|//musl\.cc/|-linux-musl-cross"),
    ("clang", r"apt\.llvm\.org/llvm\.sh|\bclang\+llvm-\d|emscripten-core/emsdk"),
    ("dart", r"github\.com/flutter/flutter|\bflutter_linux_"),
    ("go", r"/gvm/[\w./-]{0,40}gvm-installer"),
    ("gcc", rf"(?<![\w.-])gcc-[\d$]{_ARCHIVE}|/w64devkit-|\bllvm-mingw-|\bcrosstool-ng\b"),
    ("clang", rf"(?<![\w.-])LLVM-[\d$]{_ARCHIVE}|\bandroid-ndk-[\w$]"),
    ("ant", rf"\bapache-ant-{_ARCHIVE}"),
    ("ghc", r"get\.haskellstack\.org"),
    ("swift", r"swift\.org/swiftly/"),
    ("d", r"dlang\.org/(?:install\.sh|releases/)|/ldc2-[\d$]"),
    ("msvc", r"(?i:\bvs_?BuildTools\b|\bvs_(?:community|professional|enterprise)\b)"),
    ("msvc", r"\bVisualStudio\.\d+\.BuildTools\b"),
    ("sbt", rf"/sbt/sbt/releases/|\bsbt-[\d$]{_ARCHIVE}"),
    ("kotlin", r"\bkotlin-compiler-[\d$]"),
    ("bazel", r"\bbazel(?:isk)?-[\w.$(){}-]{0,60}linux"),
    ("nim", r"nim-lang\.org/(?:choosenim|download)"),
    ("crystal", r"crystal-lang\.org/install"),
    ("dotnet-sdk", r"\bdotnet-install\.(?:sh|ps1)|/dotnet-sdk-[\d$][\w.${}-]{0,60}\.(?:tar|zip)"),
)  # fmt: skip
_FETCHED: Final = tuple((name, re.compile(pattern)) for name, pattern in _SOURCES)
_FETCHERS: Final = frozenset(
    {"curl", "wget", "aria2c", "tar", "bsdtar", "unzip", "sh", "bash", "git", "rustup-init", "dpkg"}
)
_UNPACKERS: Final = frozenset({"tar", "bsdtar", "unzip"})
_MANAGERS: Final[Mapping[str, tuple[frozenset[str], Mapping[str, str]]]] = {
    "rustup": (frozenset({"toolchain", "default", "target", "component"}), {"": "rust"}),
    "ghcup": (frozenset({"install"}), {"ghc": "ghc"}),
    "sdk": (
        frozenset({"install", "i"}),
        {"maven": "maven", "gradle": "gradle", "sbt": "sbt", "kotlin": "kotlin"},
    ),
}  # fmt: skip
"""Installers of toolchains: the words that make them install, and what they name by which word."""
_SCRIPT: Final = re.compile(
    r"(?!go\.)(?:(?:install|setup|build|get)[-_])?(go|golang|rust|rustup|zig|llvm|clang|gcc|cuda"
    r"|maven|gradle|ghc|ghcup|swift|dotnet-sdk|emsdk)(?:[-_](?:install|setup))?\.(?:sh|bash)"
)
"""What a build calls its own script that brings a toolchain."""
_RUST_HOME: Final = re.compile(r"RUSTUP_HOME=(\S+)")
_PLACES: Final = {
    "go": r"/(?:usr/local|opt|usr/lib)/go[\w.-]*|\$\{?GOROOT\}?", "rust": r"\S*/\.rustup",
    "dart": r"\S*/dart[\w-]*|\$\{?DART_SDK\}?", "maven": r"\S*/(?:apache-)?maven[\w.$(){}-]*",
    "gradle": r"\S*/gradle[\w.$(){}-]*", "zig": r"\S*/zig[\w.$(){}-]*",
    "swift": r"\S*/swift[\w.-]*", "ghc": r"\S*\.ghcup|\S*/ghc[\w.-]*",
    "cuda": r"\S*/cuda[\w.-]*", "dotnet-sdk": r"\S*/dotnet",
}  # fmt: skip
_USUAL: Final = {name: re.compile(pattern) for name, pattern in _PLACES.items()}


def fetched(traces: Traces) -> Iterator[tuple[str, bool]]:
    """Yield what each RUN fetches and does not delete itself, and whether it surely did both."""
    for run in traces.runs:
        left = _Left(run.step.args.get("RUSTUP_HOME") or traces.env.get("RUSTUP_HOME"))
        for command in run.commands if run.step.layer else ():
            left.apply(command)
        room = not run.size.lacks_compiler
        yield from ((one.name, one.sure) for one in left.found if one.sure or room)
        if room and traces.config.platform.os == "windows":
            yield from ((name, True) for name in _named(_told(run.step)))
    for step in traces.layer_steps:
        # What is added from an address stays packed.
        local = [one for one in step.paths()[0] if step.kind == "ADD" and "://" not in one]
        yield from ((name, True) for source in local for name in _named(source))


@dataclass(slots=True)
class _Fetch:
    name: str
    sure: bool
    branch: tuple[int, ...]
    place: str | None = None


@dataclass(slots=True)
class _Left:
    rust_home: str | None
    found: list[_Fetch] = field(default_factory=list)
    folder: str | None = None

    def apply(self, command: Command) -> None:
        words = unwrapped(command.words, _FETCHERS)
        program = words[0].rpartition("/")[2]
        if program in {"cd", "pushd", "export"}:
            self._stand(words)
        elif program in _MANAGERS:
            self._install(program, words, command)
        elif script := next(filter(None, map(_script, words[:2])), ""):
            self._add(script, command, sure=False)
        elif program in _FETCHERS:
            self._fetch(command)
            if program in _UNPACKERS:
                self._unpack(words)
        elif program in {"mv", "cp"}:
            for one in self.found:
                one.place = moved_to(words, one.place) or one.place
        elif program == "rm":
            self._drop(removed_by(words), command)
        if "--runtime" in words:
            # What installs either, was told to install no more than the runtime.
            self.found = [one for one in self.found if one.name != "dotnet-sdk"]

    def _stand(self, words: tuple[str, ...]) -> None:
        homes = (home[1] for home in map(_RUST_HOME.fullmatch, words) if home is not None)
        self.rust_home = next(homes, self.rust_home)
        if words[0] != "export":
            self.folder = words[1] if words[1:] else None

    def _install(self, program: str, words: tuple[str, ...], command: Command) -> None:
        verbs, tools = _MANAGERS[program]
        if program == "rustup" and "uninstall" in words:
            self.found = [one for one in self.found if one.name != "rust"]
        elif not verbs.isdisjoint(words):
            for word, name in tools.items():
                if not word or word in words:
                    self._add(name, command, sure=not command.branch)

    def _fetch(self, command: Command) -> None:
        for name in dict.fromkeys(name for word in command.words for name in _named(word)):
            # Where every branch sets an address of the same tool, it is that one which came.
            same = all(name in _named(word) for word in command.unsure if "/" in word)
            self._add(name, command, sure=not command.branch and same)

    def _add(self, name: str, command: Command, *, sure: bool) -> None:
        known = next((one for one in self.found if one.name == name), None)
        if known is None:
            place = self.rust_home if name == "rust" else self.folder
            self.found.append(_Fetch(name, sure, command.branch, place))
        elif sure:
            known.sure, known.branch = True, ()

    def _unpack(self, words: tuple[str, ...]) -> None:
        place, members = unpacked_in(words)
        if members and all("/lib" in member for member in members):
            # Libraries alone, as what swift programs run on: the compiler stays in its archive.
            self.found = [one for one in self.found if one.name == "rust"]
        for one in self.found:
            if one.name != "rust":
                one.place = place or one.place

    def _drop(self, targets: tuple[str, ...], command: Command) -> None:
        kept: list[_Fetch] = []
        for one in self.found:
            if not any(self._is_at(one, target) for target in targets):
                kept.append(one)
            elif one.branch[: len(command.branch)] != command.branch:
                one.sure = False
                kept.append(one)
        self.found = kept

    def _is_at(self, one: _Fetch, target: str) -> bool:
        place = self.rust_home if one.name == "rust" else one.place
        if place is not None and covers(target, place):
            return True
        usual = _USUAL.get(one.name)
        return usual is not None and usual.fullmatch(target.rstrip("/")) is not None


def _script(word: str) -> str:
    found = _SCRIPT.fullmatch(word.rpartition("/")[2])
    return found[1] if found else ""


def _told(step: Step) -> str:
    """Give a RUN's text for PowerShell or cmd, which is not read, with the arguments it names."""
    words = set(re.findall(r"\w+", step.text))
    used = (value for name, value in step.args.items() if name in words)
    return " ".join([step.text, *used])


def _named(word: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for name, pattern in _FETCHED if pattern.search(word)))
