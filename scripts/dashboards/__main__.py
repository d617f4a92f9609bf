"""`python -m scripts.dashboards [--check]`: write the files of the chart, or compare them."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from scripts.dashboards import rules
from scripts.dashboards.admission import ADMISSION
from scripts.dashboards.fleet import FLEET
from scripts.dashboards.grafana import to_json
from scripts.dashboards.image import IMAGE
from scripts.dashboards.itself import ITSELF
from scripts.dashboards.namespace import WORKLOADS
from scripts.dashboards.node import NODE
from scripts.dashboards.overview import OVERVIEW

FILES: Final = Path(__file__).parents[2] / "charts" / "slimgate" / "files"
ALL: Final = (OVERVIEW, FLEET, WORKLOADS, IMAGE, NODE, ADMISSION, ITSELF)


def files() -> Iterator[tuple[Path, str]]:
    """Yield each file and what it should hold."""
    for page in ALL:
        yield FILES / "dashboards" / f"{page.uid}.json", to_json(page)
    yield FILES / "rules" / "slimgate.yaml", rules.to_yaml()
    yield FILES / "rules" / "costs.yaml", rules.costs_yaml()


def main(words: list[str]) -> int:
    """Do what the command line says; 1 if a check finds differences."""
    if words not in ([], ["--check"]):
        sys.stderr.write("dashboards: say --check, or nothing to write the files\n")
        return 2
    stale = [(path, text) for path, text in files() if not _holds(path, text)]
    for path, text in stale:
        if words:
            sys.stderr.write(f"{path.name} is not what `python -m scripts.dashboards` writes\n")
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    return 1 if words and stale else 0


def _holds(path: Path, text: str) -> bool:
    return path.is_file() and path.read_text(encoding="utf-8") == text


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
