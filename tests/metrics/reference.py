"""Writes the tables of docs/metrics.md from the code: `python -m tests.metrics.reference`.

Bounds are prose, so they stay as they are; tests hold pages against them. Examples are the shortest
queries that dashboards and rules have, else what a metric of that kind is mostly asked for.
"""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Final

from prometheus_client.metrics_core import Metric

from scripts.dashboards.__main__ import ALL
from scripts.dashboards.rules import ALERTS, RECORDINGS
from tests.metrics import documented, full
from tests.metrics.documented import PAGE

UNITS: Final = ("bytes", "seconds", "pulls", "ratio")
_ROW: Final = re.compile(r"^\| `((?:slimgate|process)_\w+)` \|.*$", re.MULTILINE)
_HEAD: Final = re.compile(r"^\| metric \|.*\n\|---.*$", re.MULTILINE)
_CHOSEN: Final = re.compile(r'\w+=~"\$\w+"(?:, )?')
_LONGEST: Final = 130
"""Characters of an example: more would be read by nobody in a table."""


def exposed(role: str) -> dict[str, Metric]:
    """Read a role's page, with counters under the names of their series."""
    made = full.controller() if role == "controller" else full.webhook()
    return {
        f"{family.name}_total" if family.type == "counter" else family.name: family
        for family in full.families(made)
    }


def with_tables(text: str, pages: Mapping[str, Mapping[str, Metric]]) -> str:
    """Write the tables anew."""
    known = documented.metrics()
    heads = ("metric", "type", "unit", "labels", "role", "series at most", "meaning", "example")
    text = _HEAD.sub(f"| {' | '.join(heads)} |\n{'|---' * len(heads)}|", text)

    def row(found: re.Match[str]) -> str:
        name = found[1]
        roles = [role for role, page in pages.items() if name in page]
        family = pages[roles[0]][name]
        last = name.removesuffix("_total").rpartition("_")[2]
        written = known[name]
        labels = {label for sample in family.samples for label in sample.labels} - {"le"}
        order = written.labels if set(written.labels) == labels else sorted(labels)
        cells = (
            f"`{name}`",
            family.type,
            last if last in UNITS else "",
            ", ".join(f"`{label}`" for label in order),
            "both" if len(roles) > 1 else roles[0],
            written.at_most,
            family.documentation,
            f"`{example(name, family.type, order).replace('|', chr(92) + '|')}`",
        )
        return f"| {' | '.join(cells)} |".replace("|  |", "| |")

    return _ROW.sub(row, text)


def example(name: str, kind: str, labels: tuple[str, ...] | list[str]) -> str:
    """Find a query that has a metric."""
    series = f"{name}_bucket" if kind == "histogram" else name
    whole = re.compile(rf"\b{series}\b")
    found = [query for query in _queries() if whole.search(query) and len(query) <= _LONGEST]
    if found:
        return min(found, key=lambda query: (len(query), query))
    if kind == "histogram":
        return f"histogram_quantile(0.99, sum by (le) (rate({series}[5m])))"
    if kind == "counter":
        return f"sum by ({labels[0]}) (rate({series}[5m]))" if labels else f"rate({series}[5m])"
    return f"topk(5, {series})" if labels else series


@cache
def _queries() -> tuple[str, ...]:
    return tuple(dict.fromkeys(_plain(expr) for expr in _expressions()))


def _expressions() -> Iterator[str]:
    for page in ALL:
        for row in page.rows:
            for panel in row.panels:
                yield from (query.expr for query in panel.queries)
    yield from (rule.expr for rule in RECORDINGS)
    yield from (alert.expr for alert in ALERTS)


def _plain(expr: str) -> str:
    """Take from a panel's query what only the panel knows."""
    bare = _CHOSEN.sub("", expr).replace("$__rate_interval", "5m").replace(", }", "}")
    return " ".join(bare.replace("{}", "").split())


if __name__ == "__main__":
    both = {role: exposed(role) for role in ("controller", "webhook")}
    PAGE.write_text(with_tables(PAGE.read_text(encoding="utf-8"), both), encoding="utf-8")
