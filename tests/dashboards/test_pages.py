"""What Grafana's dashboard linter asks for, and that every query uses metrics that there are."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from scripts.dashboards.__main__ import ALL, FILES, files
from scripts.dashboards.grafana import to_json
from scripts.dashboards.model import Dashboard
from scripts.dashboards.rules import ALERTS, COSTS, RECORDINGS

Json = dict[str, Any]
_UNITS = {"short", "bytes", "s", "ops", "opm", "reqps", "percentunit"}
_HEIGHT = {"stat": 4}
_METRIC = re.compile(r"\b(?:slimgate|process)_[a-z0-9_]+")
_READ_SO = r"(rate|increase|min_over_time|last_over_time)"  # the last two: what has just begun
_PARTS = re.compile(r"_(bucket|count|sum)$")
_DOCUMENTED = re.compile(r"^\| `((?:slimgate|process)_\w+)` \|", re.MULTILINE)


def _pages() -> list[Json]:
    return [json.loads(to_json(page)) for page in ALL]


def _panels(page: Json) -> list[Json]:
    return [panel for panel in page["panels"] if panel["type"] != "row"]


def _exprs(page: Json) -> Iterator[str]:
    for panel in _panels(page):
        yield from (target["expr"] for target in panel["targets"])


def test_the_chart_holds_what_the_code_writes() -> None:
    """The committed JSON and rules are those of the code, to the byte."""
    for path, text in files():
        assert path.read_text(encoding="utf-8") == text, (
            f"run python -m scripts.dashboards for {path.name}"
        )
    assert len(list((FILES / "dashboards").iterdir())) == len(ALL)


@pytest.mark.parametrize("page", _pages(), ids=lambda page: page["uid"])
def test_a_page_can_be_provisioned(page: Json) -> None:
    """It can't be edited, keeps its uid, has one data source to choose, and needs no plugin."""
    variables = {one["name"]: one for one in page["templating"]["list"]}

    assert page["editable"] is False
    assert page["uid"].startswith("slimgate-")
    assert [n for n, v in variables.items() if v["type"] == "datasource"] == ["datasource"]
    assert variables["cluster"]["allValue"] == ".*"
    assert {p["type"] for p in _panels(page)} <= {
        "stat", "timeseries", "bargauge", "table", "heatmap"
    }  # fmt: skip


@pytest.mark.parametrize("page", _pages(), ids=lambda page: page["uid"])
def test_every_panel_explains_itself(page: Json) -> None:
    """Each has a title of its own, a sentence, a unit, the chosen source, and its own place."""
    panels = _panels(page)
    taken: set[tuple[int, int]] = set()

    for panel in panels:
        assert panel["title"]
        assert panel["description"].endswith(".")
        assert panel["fieldConfig"]["defaults"]["unit"] in _UNITS
        assert panel["datasource"]["uid"] == "${datasource}"
        spot = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(spot["x"], spot["x"] + spot["w"])
            for y in range(spot["y"], spot["y"] + spot["h"])
        }
        assert spot["x"] + spot["w"] <= 24
        assert not cells & taken
        taken |= cells
    assert len({panel["id"] for panel in panels}) == len(panels)


@pytest.mark.parametrize("page", _pages(), ids=lambda page: page["uid"])
def test_queries_follow_the_linter(page: Json) -> None:
    """Every selector can be narrowed to a cluster, and counters are only read as rates."""
    for expr in _exprs(page):
        selectors = re.findall(r"(?:slimgate|process)_\w+(?::\w+)?(\{[^}]*\})?", expr)
        assert all('cluster=~"$cluster"' in one for one in selectors), expr
        for counter in re.finditer(rf"{_READ_SO}?\(?\b\w+_total\b", expr):
            assert counter[1], f"{counter[0]} is a counter: {expr}"
        assert not re.search(r"rate\([^()]*\[\d", expr), f"use $__rate_interval: {expr}"


def test_links_lead_to_pages() -> None:
    """A click on a cell chooses it by a variable that the page has; the heading is a column."""
    variables = {page.uid: {one.name for one in page.variables} for page in ALL}
    panels = [panel for page in ALL for row in page.rows for panel in row.panels]
    links = [(panel, *link) for panel in panels for link in panel.links]

    assert links
    for panel, heading, url in links:
        label = next(name for name, column in panel.columns if column == heading)
        leads = re.fullmatch(r"/d/([\w-]+)\?.+&var-(\w+)=\$\{__value\.raw\}", url)
        assert leads
        assert leads[2] == label
        assert label in variables[leads[1]]


def test_every_metric_of_a_query_is_documented() -> None:
    """No panel or rule asks for a metric that there is not; the page lists all that is recorded."""
    text = Path("docs/metrics.md").read_text(encoding="utf-8")
    recorded = {rule.record for rule in (*RECORDINGS, *COSTS.values())}
    assert set(re.findall(r"`(\w+:\w+:\w+)`", text)) == recorded
    known = set(_DOCUMENTED.findall(text))
    exprs = [expr for page in _pages() for expr in _exprs(page)]
    exprs += [rule.expr for rule in (*RECORDINGS, *COSTS.values())]
    exprs += [alert.expr for alert in ALERTS]

    for expr in exprs:
        bare = expr
        for name in recorded:
            bare = bare.replace(name, "")
        used = {name if name in known else _PARTS.sub("", name) for name in _METRIC.findall(bare)}
        assert used <= known, f"{used - known} in {expr}"


@pytest.mark.parametrize("page", ALL, ids=lambda page: page.uid)
def test_the_docs_show_every_page(page: Dashboard) -> None:
    """Each has a section with its picture, which is small enough for a docs page."""
    name = f"images/dashboard-{page.uid.removeprefix('slimgate-')}.png"
    text = Path("docs/dashboards.md").read_text(encoding="utf-8")
    sections = re.split(r"^## ", text, flags=re.MULTILINE)
    (section,) = (one for one in sections if one.startswith(page.title.removeprefix("slimgate / ")))
    picture = Path("docs", name).read_bytes()

    assert re.search(rf"^!\[.+\]\({name}\)$", section, re.MULTILINE)
    assert picture.startswith(b"\x89PNG")
    assert len(picture) < 200_000


@pytest.mark.parametrize("name", ["runbooks.md", "dashboards.md"])
def test_docs_name_what_is_there(name: str) -> None:
    """What pages call by its name is a dashboard, a row, a panel, a column or a variable."""
    text = Path("docs", name).read_text(encoding="utf-8")
    known = {"Data source", "Cluster"}
    for page in ALL:
        known |= {page.title, page.title.removeprefix("slimgate / ")}
        known |= {row.title for row in page.rows}
        for panel in (panel for row in page.rows for panel in row.panels):
            known |= {panel.title, *(heading for _, heading in panel.columns)}
    named = set(re.findall(r"(?<![*\w])\*([^*\n]+)\*(?!\*)", text))

    assert named
    assert named <= known
