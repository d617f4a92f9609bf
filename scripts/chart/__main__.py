"""`python -m scripts.chart write|check|kubernetes`, from the checkout's root: `make manifests`.

`kubernetes` takes types of values anew from the sources of the Kubernetes that the lab builds.
"""

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import yaml

from scripts.chart import kubernetes
from scripts.chart.readme import ReadmeError, replaced, rights_table, values_tables
from scripts.chart.render import RenderError, install, readers, template
from scripts.chart.rights import read_rights
from scripts.chart.schema import values_schema
from scripts.chart.values import CHART, ValuesError, read_values
from tests.lab import tools
from tests.lab.errors import LabError
from tests.lab.layout import default_layout

_MANIFESTS: Final = Path("manifests")
# Half as much to build as Helm 4; tests/chart holds that both render the same.
_HELM: Final = tools.HELM3


def made(helm: Path) -> Iterator[tuple[Path, str]]:
    """Yield each file that is made, in an order in which the later ones find the earlier."""
    for path in sorted((_MANIFESTS / "crds").glob("*.yaml")):
        yield CHART / "files" / "crds" / path.name, path.read_text(encoding="utf-8")
    values = read_values((CHART / "values.yaml").read_text(encoding="utf-8"))
    yield CHART / "values.schema.json", values_schema(values)
    readme = CHART / "README.md"
    text = replaced(readme.read_text(encoding="utf-8"), "values", values_tables(values))
    switched_on = "rbac.readableByAuthenticated=true,config.refusedImages=true"
    everything = template(helm, "--set", switched_on)
    yield readme, replaced(text, "rights", rights_table(read_rights(everything)))
    yield _MANIFESTS / "install.yaml", install(helm, image())
    yield _MANIFESTS / "readers.yaml", readers(helm)


def image() -> str:
    """Return the image that the chart installs by default."""
    values = yaml.safe_load((CHART / "values.yaml").read_text(encoding="utf-8"))
    version = yaml.safe_load((CHART / "Chart.yaml").read_text(encoding="utf-8"))["appVersion"]
    return f"{values['image']['repository']}:{version}"


def write(helm: Path) -> None:
    """Write all files."""
    for path, text in made(helm):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    for path in strangers():
        path.unlink()


def check(helm: Path) -> list[Path]:
    """Return the files that are not as they would be written."""
    wrong = [p for p, text in made(helm) if not p.exists() or p.read_text(encoding="utf-8") != text]
    return [*wrong, *strangers()]


def strangers() -> list[Path]:
    """Return definitions in the chart that manifests/ no longer has."""
    there = {path.name for path in (_MANIFESTS / "crds").glob("*.yaml")}
    return [p for p in (CHART / "files" / "crds").glob("*.yaml") if p.name not in there]


def take_types() -> None:
    """Write the types of Kubernetes."""
    openapi = json.loads(tools.swagger(Path("go")).read_text(encoding="utf-8"))
    text = kubernetes.extract(openapi)
    (kubernetes.HERE / "kubernetes.json").write_text(text, encoding="utf-8")


def run(command: str) -> int:
    """Do one thing."""
    if command == "kubernetes":
        take_types()
        return 0
    layout = default_layout()
    tools.ensure(layout, [_HELM])
    helm = _HELM.path(layout)
    if command == "write":
        write(helm)
        return 0
    for path in (wrong := check(helm)):
        sys.stderr.write(f"{path} is not what the chart makes of it: run `make manifests`\n")
    return 1 if wrong else 0


def main() -> int:
    """Run one command; every failure is one line."""
    parser = argparse.ArgumentParser(prog="python -m scripts.chart", description=__doc__)
    parser.add_argument("command", choices=["write", "check", "kubernetes"])
    try:
        return run(parser.parse_args().command)
    except (LabError, ReadmeError, RenderError, ValuesError) as error:
        sys.stderr.write(f"chart: {error}\n")
        return 1


if __name__ == "__main__":
    sys.exit(main())
