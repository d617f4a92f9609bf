"""Toolchains that a RUN fetches from their makers and unpacks, past any package manager."""

import re
from collections.abc import Iterable, Iterator
from typing import Final

from slimgate.core.base.history import Step

_ARCHIVE: Final = r"[\w.$(){}-]{0,60}\.(?:tar\.[gx]z|tgz|zip)"
_SOURCES: Final = (
    ("go", rf"(?:(?:go\.dev|golang\.org)/dl|dl\.google\.com/go|\.com/golang)/{_ARCHIVE}"),
    ("go", rf"(?<![\w.-])go[\d$][\w.${{}}-]{{0,40}}[.-]linux-{_ARCHIVE}"),
    ("rust", r"sh\.rustup\.rs|static\.rust-lang\.org|\brustup(?:-init\b| (?:toolchain|default)\b)"),
    ("dart", rf"dart-archive/|\bdartsdk-linux-{_ARCHIVE}"),
    ("maven", r"\bapache-maven-[\w.$(){}-]{0,60}-bin\."),
    ("gradle", r"services\.gradle\.org/distributions/|\bgradle-[\w.$(){}-]{0,60}-(?:bin|all)\.zip"),
    ("zig", rf"ziglang\.org/(?:download|builds)/|\bzig-linux-{_ARCHIVE}"),
    ("swift", r"(?:download\.)?swift\.org/[\w.$(){}/-]{0,80}release"),
    ("ghc", r"get-ghcup\.haskell\.org|\bghcup install ghc\b"),
    ("cuda", r"\bcuda_[\w.$(){}-]{0,60}_linux\.run"),
)  # fmt: skip
_FETCHED: Final = tuple((name, re.compile(pattern)) for name, pattern in _SOURCES)
_CALLED: Final = re.compile(r"\b(?:curl|wget|tar|unzip|ADD|rustup|ghcup|bsdtar|aria2c)\b")
_PLACES: Final = {
    "go": r"/go|\$\{?GOROOT\}?", "rust": r"\.?(?:cargo|rustup)|\$\{?(?:CARGO|RUSTUP)_HOME\}?",
    "dart": r"/dart[\w-]*|\$\{?DART_SDK\}?", "maven": r"/(?:apache-)?maven[\w.$(){}-]*",
    "gradle": r"/gradle[\w.$(){}-]*", "zig": r"/zig[\w.$(){}-]*", "swift": r"/swift[\w.-]*",
    "ghc": r"\.ghcup", "cuda": r"/cuda[\w.-]*",
}  # fmt: skip
_GONE: Final = {
    name: re.compile(rf"\brm\s[^;&|]{{0,400}}?(?:{place})/?(?=[\s\"';&|]|$)")
    for name, place in _PLACES.items()
}
_UNINSTALLED: Final = re.compile(r"\brustup self uninstall\b")
_TESTED: Final = re.compile(r"(?:^|&&|\b(?:then|else|do)\b)\s{0,99}(?:\[{1,2}|test)\s[^&]{0,400}&&")
_BRANCHES: Final = tuple(
    (re.compile(start), re.compile(end))
    for start, end in ((r"\bthen\b", r"\bfi\b"), (r"\bcase\b", r"\besac\b"))
)


def fetched(steps: Iterable[Step]) -> Iterator[tuple[str, bool]]:
    """Yield what each RUN fetches and does not delete itself, and whether it surely did both."""
    for step in steps:
        text = step.text
        if step.kind != "RUN" or not step.layer or not _CALLED.search(text):
            continue
        for name, pattern in _FETCHED:
            if (match := pattern.search(text)) and not _deleted(name, text, match.end()):
                yield name, not _in_branch(text[: match.start()])


def _deleted(name: str, text: str, start: int) -> bool:
    if name == "rust" and _UNINSTALLED.search(text, start):
        return True
    return _GONE[name].search(text, start) is not None


def _in_branch(before: str) -> bool:
    line = before[before.rfind(";") + 1 :]
    return (
        "||" in line
        or _TESTED.search(line) is not None
        or any(len(start.findall(before)) > len(end.findall(before)) for start, end in _BRANCHES)
    )
