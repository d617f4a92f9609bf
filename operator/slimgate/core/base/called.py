"""Toolchains that a RUN calls without having brought them, so that a lower layer holds them."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from slimgate.core.base.calls import calls_of
from slimgate.core.base.traces import Run

_ANY: Final[frozenset[str]] = frozenset()
_PROGRAMS: Final[Mapping[str, tuple[str, frozenset[str]]]] = {
    "go": ("go", frozenset({"build", "install", "test", "version", "mod", "generate"})),
    "cargo": ("rust", _ANY), "rustc": ("rust", _ANY), "gcc": ("gcc", _ANY), "g++": ("gcc", _ANY),
    "clang": ("clang", _ANY), "mvn": ("maven", _ANY), "gradle": ("gradle", _ANY),
    "ghc": ("ghc", _ANY), "nvcc": ("cuda", _ANY), "swiftc": ("swift", _ANY),
    "swift": ("swift", frozenset({"build", "test", "package", "--version"})),
    "dart": ("dart", frozenset({"pub", "compile", "--version"})),
    "zig": ("zig", frozenset({"build", "cc", "version"})),
    "dotnet": ("dotnet-sdk", frozenset({"build", "publish", "restore", "--list-sdks", "tool"})),
    "cc": ("gcc", _ANY), "c++": ("gcc", _ANY), "emcc": ("clang", _ANY), "sbt": ("sbt", _ANY),
    "lein": ("leiningen", _ANY), "kotlinc": ("kotlin", _ANY), "ldc2": ("d", _ANY),
    "ant": ("ant", _ANY), "bazel": ("bazel", frozenset({"build", "test", "run", "version"})),
    "stack": ("ghc", frozenset({"build", "setup", "install"})),
    "cabal": ("ghc", frozenset({"build", "install", "update"})),
    "opam": ("ocaml", frozenset({"init", "install", "exec", "switch"})),
    "dune": ("ocaml", frozenset({"build"})), "crystal": ("crystal", frozenset({"build"})),
    "nim": ("nim", frozenset({"c", "compile"})),
    "flutter": ("dart", frozenset({"build", "pub", "doctor", "config", "precache"})),
}  # fmt: skip
"""Compilers, and the words with which they are called; none means any, as some share their name."""
_BRINGERS: Final = frozenset(
    {"curl", "wget", "aria2c", "tar", "unzip", "git", "pip", "pip3", "npm", "gem", "sdk", "rustup",
     "rm", "source", ".", "brew", "nix-env", "asdf", "mise", "sh", "bash"}
)  # fmt: skip
"""What may bring a toolchain for this RUN alone, or remove it again."""


def called(runs: Iterable[Run]) -> Iterator[str]:
    """Name the toolchains that are surely called, by a RUN that neither brings nor removes any."""
    for run in runs:
        if "||" in run.step.text or any(calls_of(run)):
            continue
        if any(one.program in _BRINGERS or one.program.endswith(".sh") for one in run.commands):
            continue
        for one in run.commands:
            name, wanted = _PROGRAMS.get(one.program, ("", _ANY))
            own = one.words[0].startswith(".")  # `./go` is the project's
            asked = not wanted or not wanted.isdisjoint(one.words)
            if name and asked and not one.branch and not own:
                yield name
