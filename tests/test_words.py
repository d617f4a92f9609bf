"""Phrases that nobody should have to read twice are kept out of all that users see."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
import yaml

ROOT: Final = Path(__file__).parents[1]

BANNED: Final = {
    r"speaks? of": "applies to, or is about",
    r"(?:stands?|stood|standing) on": "is based on",
    r"(?<!there )(?:is|are|was|were) no (?!longer|more|other|less)(?-i:[A-Za-z])": "is not a",
    r"by what is no": "say what it is",
    r"told": "estimated, or said",
    r"(?:size|layer|length)s? (?:is|are|was|were) counted": "is measured",
    r"tells? (?:nothing|no |of )": "does not say, or is about",
    r"fatter": "above, or larger",
    r"unjudged": "without being judged",
    r"masters?(?!/)": "owner, or controller",
    r"hollow": "empty",
    r"leave from": "exception to",
    r"(?<![^\s])(?-i:The same)\.": "say it again, or name what is the same",
    r"give an image up": "give up on an image",
    r"to be waited for": "too slow",
    r"answered by no": "say what did not answer",
    r"exempt: \w+": "say what to do",
    r"(?<![:/_-])(?:semi|soya)(?![\w.-])": "distroless, scratch",
    r"what is dear": "what is expensive",
    r"nobody's word": "say whose",
    r"(?:pipx? install|uvx|uv tool install) (?:-\S+ )*['\"]?slimgate\b(?![\w./-])": (
        "no index has it, and anybody could take the name: install a checkout or its wheel"
    ),
}
"""What to write instead of each."""

_PATTERNS: Final = {
    re.compile(rf"(?<![\w-]){phrase}", re.IGNORECASE): better for phrase, better in BANNED.items()
}
_EXAMPLE: Final = "distroless, scratch"
"""The names of the example's images are for the pages that tell its story."""
_STORY: Final = ("README.md", "slimming.md")
# The words that this page bans are in it.
_STYLE: Final = ROOT / "docs" / "style.md"


def faults(text: str, where: str) -> list[str]:
    """List the banned phrases of a text, each with what to write instead."""
    return [
        f"{where}: {found[0]!r}: write {better}: …{text[max(0, found.start() - 40) :][:100]!r}"
        for pattern, better in _PATTERNS.items()
        if better != _EXAMPLE or where not in _STORY
        for found in pattern.finditer(" ".join(text.split()))
    ]


PAGES: Final = sorted(
    path
    for pattern in ("*.md", "docs/**/*.md", "manifests/*.md", "bench/*.md", "charts/**/*.md")
    for path in ROOT.glob(pattern)
    if path != _STYLE
)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_docs(page: Path) -> None:
    """No page has one."""
    text = page.read_text(encoding="utf-8")

    assert faults(text, page.name) == []


def test_messages() -> None:
    """Nor has any text in the code that is not a docstring: messages, help, log lines."""
    package = ROOT / "operator" / "slimgate"
    found = [
        fault
        for path in sorted(package.rglob("*.py"))
        for line, text in _texts(path)
        for fault in faults(text, f"{path.relative_to(package)}:{line}")
    ]

    assert found == []


def test_resources() -> None:
    """Nor has a description or message of a resource, or what the manifests say of themselves."""
    found = [
        fault
        for path in sorted((ROOT / "manifests").rglob("*.yaml"))
        for text in [*_comments(path), *_descriptions(path)]
        for fault in faults(text, str(path.relative_to(ROOT)))
    ]

    assert found == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("it is no digest", 1),
        ("there is no digest", 0),
        ("it is no longer there", 0),
        ("The policy speaks\nof it", 1),
        ("hello:soya, hello-semi and semi.yaml", 0),
        ("a soya policy", 1),
        ("mastermind", 1),
        ("untold", 0),
        ("pip install -q 'slimgate[cluster]'", 1),
        ("pip install https://files.example.com/slimgate-0.1.0-py3-none-any.whl", 0),
    ],
)
def test_faults(text: str, expected: int) -> None:
    """What is looked for is found across lines, and nothing else."""
    assert len(faults(text, "here")) == expected


def _texts(path: Path) -> Iterator[tuple[int, str]]:
    """Yield the texts in a module that have a space, with their lines."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    own = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            own |= {id(part) for part in node.values}
            parts = (part.value if isinstance(part, ast.Constant) else "x" for part in node.values)
            yield node.lineno, "".join(map(str, parts))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in own:
            yield node.lineno, node.value


def _comments(path: Path) -> Iterator[str]:
    lines = path.read_text(encoding="utf-8").splitlines()
    yield " ".join(line.partition("#")[2] for line in lines if line.lstrip().startswith("#"))


def _descriptions(path: Path) -> Iterator[str]:
    """Yield all texts of a file's documents."""
    stack: list[object] = [*yaml.safe_load_all(path.read_text(encoding="utf-8"))]
    while stack:
        value = stack.pop()
        if isinstance(value, dict):
            stack += value.values()
        elif isinstance(value, list):
            stack += value
        elif isinstance(value, str):
            yield value
