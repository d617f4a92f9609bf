"""Running Helm and kubeconform, and reading what they render."""

import json
import subprocess
import tempfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, TypeVar

import yaml

ROOT: Final = Path(__file__).parents[2]
CHART: Final = ROOT / "charts" / "slimgate"
NAMESPACE: Final = "slimgate-system"
_SECONDS: Final = 60

Object = dict[str, Any]
Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class Helm:
    """One of the two Helms; what it has rendered once is not rendered again."""

    path: Path
    _rendered: dict[str, str] = field(default_factory=dict)

    def attempt(
        self, command: str, *options: str | Path, values: Mapping[str, object] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run a command on the chart, which may fail; what it prints is stripped of blank lines."""
        with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
            yaml.safe_dump(dict(values or {}), file)
            file.flush()
            named = [] if command == "lint" else ["slimgate"]
            return subprocess.run(
                [self.path, command, *named, CHART, *options, "--values", file.name],
                capture_output=True,
                text=True,
                check=False,
                timeout=_SECONDS,
            )

    def render(self, *options: str | Path, values: Mapping[str, object] | None = None) -> str:
        """Render the chart, which must succeed."""
        asked = json.dumps([[str(option) for option in options], values or {}])
        if asked not in self._rendered:
            done = self.attempt("template", "--namespace", NAMESPACE, *options, values=values)
            assert done.returncode == 0, done.stderr
            self._rendered[asked] = done.stdout
        return self._rendered[asked]

    def objects(self, *options: str, values: Mapping[str, object] | None = None) -> "Objects":
        """Render the chart and read it."""
        return Objects(parse(self.render(*options, values=values)))


@dataclass(frozen=True, slots=True)
class Objects:
    """What was rendered, by kind and name."""

    all: tuple[Object, ...]

    def find(self, address: str) -> Object | None:
        """Return the object at `Kind/name`, or `Kind/namespace/name`; None if there is none."""
        kind, *names = address.split("/")
        found = [one for one in self.all if one["kind"] == kind and _named(one, names)]
        assert len(found) <= 1, f"{len(found)} objects are {address}"
        return found[0] if found else None

    def one(self, address: str) -> Object:
        """Return the object at an address, which must be there."""
        found = self.find(address)
        assert found is not None, f"there is no {address}"
        return found

    def kind(self, kind: str) -> list[Object]:
        """Return all objects of a kind."""
        return [one for one in self.all if one["kind"] == kind]

    def config(self) -> Object:
        """Return the configuration file of both roles."""
        return self.file("config.yaml")

    def file(self, name: str) -> Object:
        """Return what one of their files holds."""
        (holder,) = [one for one in self.kind("ConfigMap") if name in one["data"]]
        found: Object = yaml.safe_load(holder["data"][name])
        return found


def _named(one: Object, names: Iterable[str]) -> bool:
    metadata = one["metadata"]
    *namespace, name = names
    return metadata["name"] == name and namespace in ([], [metadata.get("namespace")])


def parse(rendered: str) -> tuple[Object, ...]:
    """Read objects, and refuse a key that is there twice."""
    return tuple(one for one in yaml.load_all(rendered, Loader=_Loader) if one)


class _Loader(yaml.CSafeLoader):
    """Refuses what Kubernetes' strict decoding refuses."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:  # noqa: FBT001, FBT002
        names = [key.value for key, _ in node.value]
        assert len(names) == len(set(names)), f"a key is there twice: {names}"
        return super().construct_mapping(node, deep=deep)


def normal(rendered: str) -> list[str]:
    """Return the documents without what Helms differ in: blanks, and where they are in the list.

    Helm 3 does not know webhook configurations, and sorts them among kinds of others by name.
    https://github.com/helm/helm/blob/v4.3.1/pkg/release/v1/util/kind_sorter.go
    https://github.com/londonaicentre/FLIP/issues/860
    """
    lines = "\n".join(line.rstrip() for line in rendered.splitlines() if line.strip())
    return sorted(lines.removeprefix("---\n").split("\n---\n"))


def merged(*values: Mapping[str, Any]) -> Object:
    """Merge values as Helm does: objects key by key, all else whole."""
    found: Object = {}
    for one in values:
        for key, value in one.items():
            both = isinstance(value, Mapping) and isinstance(found.get(key), Mapping)
            found[key] = merged(found[key], value) if both else value
    return found


def nested(path: str, value: object) -> Object:
    """Return values that set one path."""
    for name in reversed(path.split(".")):
        value = {name: value}
    assert isinstance(value, dict)
    return value


def rounds(rows: Iterable[Row], path: Callable[[Row], str]) -> list[list[Row]]:
    """Share rows out so that all of a round can be set together: no path is there twice."""
    found: list[list[Row]] = []
    for row in rows:
        for one in found:
            if path(row) not in map(path, one):
                one.append(row)
                break
        else:
            found.append([row])
    return found


def unnamed(helm: Helm, asked: Iterable[tuple[Mapping[str, Any], str]]) -> list[str]:
    """Return the names that wrong values are not refused by, be it together or each alone."""
    whole = list(asked)
    together = helm.attempt("template", values=merged(*(values for values, _ in whole)))
    assert together.returncode != 0
    left = [one for one in whole if not _names(together.stderr, one[1])]
    alone = [(helm.attempt("template", values=values), name) for values, name in left]
    return [name for done, name in alone if not done.returncode or name not in done.stderr]


def _names(said: str, name: str) -> bool:
    """Whether faults of a schema name a key in quotes, or the end or the middle of a path."""
    return (
        name in said
        if name.startswith("'")
        else any(f"/{name.lstrip('/')}{x}" in said for x in "'/")
    )
