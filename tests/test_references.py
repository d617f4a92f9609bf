"""What the docs and the code name is there: decisions, and the files of docs/architecture.md."""

import re
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[1]
ADRS: Final = ROOT / "docs" / "adr"
ARCHITECTURE: Final = ROOT / "docs" / "architecture.md"
PACKAGE: Final = ROOT / "operator" / "slimgate"
TESTS: Final = ROOT / "tests"
_PLACES: Final = (
    "*.md", "docs/**/*.md", "charts/**/*.md", "charts/**/*.yaml", "manifests/**/*.yaml",
    "operator/**/*.py", "tests/**/*.py", "scripts/*.py", "examples/**/*.py", "bench/**/*.py",
)  # fmt: skip
_CODE: Final = re.compile(r"`([\w./-]+(?:\.py|/))`")
_NUMBER: Final = re.compile(r"\bADRs? (?P<word>\d+)|\badr/(?P<path>\d{4})")


def numbered() -> dict[int, Path]:
    """Return the decisions by their numbers."""
    return {int(path.name[:4]): path for path in ADRS.glob("[0-9]*.md")}


def test_numbers() -> None:
    """Decisions are numbered from 1 on without a hole, and each says its number itself."""
    found = numbered()

    assert sorted(found) == list(range(1, len(found) + 1))
    for number, path in found.items():
        assert path.read_text(encoding="utf-8").startswith(f"# {number}. "), path.name


def test_index() -> None:
    """The index links to every decision, in their order, and to nothing else."""
    index = (ADRS / "README.md").read_text(encoding="utf-8")
    links = re.findall(r"^\| \[(\d+)\]\((\S+)\)", index, re.MULTILINE)

    assert links == [(str(number), path.name) for number, path in sorted(numbered().items())]


def test_named_decisions() -> None:
    """Every decision that a page, a comment or a docstring names exists."""
    there = numbered()
    missing = [
        f"{path.relative_to(ROOT)}: {found[0]}"
        for pattern in _PLACES
        for path in ROOT.glob(pattern)
        for found in _NUMBER.finditer(path.read_text(encoding="utf-8"))
        if int(found["word"] or found["path"]) not in there
    ]

    assert missing == []


def test_architecture() -> None:
    """Every file and folder that docs/architecture.md names is there."""
    found = [path for root in (PACKAGE, TESTS) for path in root.rglob("*") if path.suffix != ".pyc"]
    short = {f"{path.name}/" if path.is_dir() else path.name for path in found}
    missing = [
        name
        for name in _CODE.findall(ARCHITECTURE.read_text(encoding="utf-8"))
        if name not in short and not (ROOT / name).exists() and not (PACKAGE / name).exists()
    ]

    assert missing == []


def test_rooms() -> None:
    """And it has a line for every room of the package, and names every room of the core."""
    text = ARCHITECTURE.read_text(encoding="utf-8")
    rooms = [f"| `{name}/` |" for name in _folders(PACKAGE)]
    inner = [f"`{name}`" for name in _folders(PACKAGE / "core")]

    assert [room for room in [*rooms, *inner] if room not in text] == []


def _folders(of: Path) -> list[str]:
    return sorted(path.parent.name for path in of.glob("*/__init__.py"))
