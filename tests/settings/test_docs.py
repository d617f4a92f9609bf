"""docs/configuration.md has every key as it is: its variable, its default, its entries."""

import re
from pathlib import Path

import yaml

from slimgate.settings import File, Settings, read
from slimgate.settings.keys import KEYS, variable
from slimgate.settings.schema import as_file, schema

DOCS = Path("docs/configuration.md").read_text(encoding="utf-8")
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in DOCS.splitlines()
    if line.startswith("| `")
]


def _shown(default: object) -> str:
    if default in ([], None):
        return ""
    if isinstance(default, dict):
        return ""
    if isinstance(default, list):
        return f"`[{', '.join(default)}]`"
    return f"`{str(default).lower()}`" if isinstance(default, bool) else f"`{default}`"


def test_keys() -> None:
    """The tables have each key once, with its variable if it has one, and its default."""
    defaults = as_file(Settings())
    found = [row[:3] for row in ROWS if len(row) == 4]
    expected = [
        [f"`{name}`", f"`{variable(name)}`" if key.has_variable else "", _shown(defaults.get(name))]
        for name, key in KEYS.items()
    ]

    assert sorted(found) == sorted(expected)


def test_keys_of_entries() -> None:
    """So have those of registries, of kinds and of leader election."""
    properties = schema()["properties"]
    assert isinstance(properties, dict)
    found = [row[0] for row in ROWS if len(row) == 2]
    expected = [
        f"`{name}`"
        for entries in ("registries", "extraKinds", "leaderElection")
        for name in properties[entries].get("items", properties[entries])["properties"]
    ]

    assert found == expected


def test_the_example() -> None:
    """The file that is shown can be used."""
    (text,) = re.findall(r"```yaml\n(.*?)```", DOCS, re.DOTALL)
    settings = read({}, File("c.yaml", text.encode()))

    assert {name for name, value in as_file(settings).items() if value} >= set(yaml.safe_load(text))
    assert settings != Settings()


def test_bounds() -> None:
    """The bounds of lists are those of the schema."""
    properties = schema()["properties"]
    assert isinstance(properties, dict)
    bounds = {f"`{k}`": v["maxItems"] for k, v in properties.items() if "maxItems" in v}
    found = {
        row[0]: int(most[1])
        for row in ROWS
        if (most := re.search(r"At most (\d+)\.", row[-1])) is not None
    }

    assert found == bounds
