"""A dashboard's queries, asked of a real Prometheus as Grafana asks them."""

import json
import math
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from scripts.dashboards.__main__ import ALL
from scripts.dashboards.grafana import to_json
from tests.lab.prometheus import RATE_SECONDS, Line, Prometheus, Sample

Json = Mapping[str, Any]
PAGES: Final[Mapping[str, Json]] = {page.uid: json.loads(to_json(page)) for page in ALL}
_LABEL_VALUES: Final = re.compile(r"label_values\((?P<selector>.*), (?P<label>\w+)\)")
_POINTS: Final = 240


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """The time that a dashboard shows, in Unix time."""

    start: float
    end: float

    @property
    def step(self) -> float:
        """How far points are apart."""
        return max(5.0, (self.end - self.start) / _POINTS)


@dataclass(frozen=True, slots=True)
class Answer:
    """What one query of a panel gave: series over time, or rows of one moment."""

    expr: str
    legend: str
    lines: Sequence[Line] = ()
    rows: Sequence[Sample] = ()

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to show."""
        return not self.lines and not self.rows

    def names(self) -> list[str]:
        """Name each series by the query's legend."""
        return [_named(self.legend, labels) for labels, _ in (*self.lines, *self.rows)]

    def last(self) -> list[Sample]:
        """Return the values at the end."""
        return [*self.rows, *((labels, values[-1][1]) for labels, values in self.lines)]


@dataclass(frozen=True, slots=True)
class Answered:
    """A panel with its answers."""

    panel: Json
    answers: Sequence[Answer]
    span: Span

    @property
    def title(self) -> str:
        """The panel's title."""
        return str(self.panel["title"])

    @property
    def unit(self) -> str:
        """The unit of its values."""
        return str(self.panel["fieldConfig"]["defaults"]["unit"])

    def value(self) -> float:
        """Return the number that a stat shows."""
        (only,) = self.answers[0].last()
        return only[1]

    def by(self, *labels: str, query: int = 0) -> dict[tuple[str, ...], float]:
        """Return a query's last values by labels."""
        rows = self.answers[query].last()
        return {tuple(found.get(name, "") for name in labels): value for found, value in rows}


ALL_OF_THEM: Final[Mapping[str, str]] = {}


def ask(
    page: Json, prometheus: Prometheus, span: Span, chosen: Mapping[str, str] = ALL_OF_THEM
) -> Iterator[Answered]:
    """Ask all queries of a dashboard, every variable being All unless one value is chosen."""
    for panel in page["panels"]:
        if panel["type"] != "row":
            answers = [_ask(one, prometheus, span, chosen) for one in panel["targets"]]
            yield Answered(panel, answers, span)


def look(
    uid: str,
    title: str,
    prometheus: Prometheus,
    *,
    seconds: float = 60.0,
    chosen: Mapping[str, str] = ALL_OF_THEM,
) -> Answered:
    """Ask the queries of one panel as of now."""
    end = time.time()
    span = Span(start=end - seconds, end=end)
    (panel,) = (one for one in PAGES[uid]["panels"] if one["title"] == title and "targets" in one)
    return next(ask({"panels": [panel]}, prometheus, span, chosen))


def choices(page: Json, prometheus: Prometheus, span: Span) -> dict[str, set[str]]:
    """Ask what each variable has to choose from."""
    found: dict[str, set[str]] = {}
    for variable in page["templating"]["list"]:
        if variable["type"] == "query":
            asked = _LABEL_VALUES.fullmatch(variable["query"])
            assert asked, variable["query"]
            label = asked["label"]
            rows = prometheus.now(
                f"group by ({label}) ({filled(asked['selector'], span)})", at=span.end
            )
            found[variable["name"]] = {labels.get(label, "") for labels, _ in rows}
    return found


def filled(expr: str, span: Span, chosen: Mapping[str, str] = ALL_OF_THEM) -> str:
    """Fill variables in as Grafana does: with one value, else with all."""
    times = {"$__rate_interval": RATE_SECONDS, "$__range": math.ceil(span.end - span.start)}
    for name, seconds in times.items():
        expr = expr.replace(name, f"{seconds}s")
    for name, value in chosen.items():
        # In a string of PromQL each backslash of the pattern is written twice.
        expr = expr.replace(f"${name}", re.escape(value).replace("\\", "\\\\"))
    return re.sub(r"\$\w+", ".*", expr)


def _ask(target: Json, prometheus: Prometheus, span: Span, chosen: Mapping[str, str]) -> Answer:
    expr, legend = filled(target["expr"], span, chosen), target.get("legendFormat", "")
    if target.get("instant"):
        return Answer(expr, legend, rows=prometheus.now(expr, at=span.end))
    lines = prometheus.over(expr, start=span.start, end=span.end, step=span.step)
    return Answer(expr, legend, lines=lines)


def _named(legend: str, labels: Mapping[str, str]) -> str:
    return re.sub(r"\{\{(\w+)\}\}", lambda match: labels.get(match[1], ""), legend)
