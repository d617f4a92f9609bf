"""What a dashboard is made of, as data; `grafana` turns it into Grafana's JSON."""

from dataclasses import dataclass
from enum import Enum
from typing import Final

CLUSTER: Final = 'cluster=~"$cluster"'
"""In every selector. Most installations have no such label, which `.*` matches, too."""


class Kind(Enum):
    """How a panel shows its queries; all of them are in Grafana itself, without a plugin."""

    STAT = "stat"
    LINES = "timeseries"
    BARS = "bargauge"
    TABLE = "table"
    HEATMAP = "heatmap"


class Palette(Enum):
    """What colours mean in a panel."""

    PLAIN = "plain"
    BAD = "bad"
    """Any value above zero needs somebody."""
    FULL = "full"
    """A ratio that approaches the point at which the kubelet removes images, and then evicts."""
    SHORT = "short"
    """Seconds that are left of something."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """One PromQL query; `legend` names its series, by labels in double braces."""

    expr: str
    legend: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """One picture. `columns` gives a table's labels and values their headings, in that order."""

    title: str
    about: str
    kind: Kind
    unit: str
    queries: tuple[Query, ...]
    width: int = 8
    height: int = 8
    stacked: bool = False
    palette: Palette = Palette.PLAIN
    columns: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """Panels under a heading."""

    title: str
    panels: tuple[Panel, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Variable:
    """A choice of label values that queries read as `$name`."""

    name: str
    label: str
    query: str
    about: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Dashboard:
    """A page; the uid never changes, since links hold it."""

    uid: str
    title: str
    about: str
    rows: tuple[Row, ...]
    variables: tuple[Variable, ...] = ()


def rate_by(metric: str, *labels: str, where: str = CLUSTER) -> str:
    """Write how fast a counter grows each second, added up by labels."""
    return f"sum by ({', '.join(labels)}) (rate({metric}{{{where}}}[$__rate_interval]))"


def stat(
    title: str,
    expr: str,
    about: str,
    *,
    unit: str = "short",
    palette: Palette = Palette.PLAIN,
    width: int = 4,
) -> Panel:
    """Show one number."""
    return Panel(
        title=title,
        about=about,
        kind=Kind.STAT,
        unit=unit,
        queries=(Query(expr=expr),),
        width=width,
        height=4,
        palette=palette,
    )


def lines(
    title: str,
    about: str,
    *queries: tuple[str, str],
    unit: str = "short",
    width: int = 12,
    stacked: bool = False,
    palette: Palette = Palette.PLAIN,
) -> Panel:
    """Show how something went, one line for each series of `(expr, legend)`."""
    return Panel(
        title=title,
        about=about,
        kind=Kind.LINES,
        unit=unit,
        queries=tuple(Query(expr=expr, legend=legend) for expr, legend in queries),
        width=width,
        stacked=stacked,
        palette=palette,
    )


def bars(
    title: str, about: str, expr: str, legend: str, *, unit: str = "short", width: int = 8
) -> Panel:
    """Show the largest of something now, one bar for each."""
    return Panel(
        title=title,
        about=about,
        kind=Kind.BARS,
        unit=unit,
        queries=(Query(expr=expr, legend=legend),),
        width=width,
    )


def table(
    title: str,
    about: str,
    columns: tuple[tuple[str, str], ...],
    *exprs: str,
    unit: str = "short",
    width: int = 12,
) -> Panel:
    """Show queries side by side, joined by their labels.

    `columns` are `(label, heading)` for labels and `(A, heading)`, `(B, heading)`, … for values.
    """
    return Panel(
        title=title,
        about=about,
        kind=Kind.TABLE,
        unit=unit,
        queries=tuple(Query(expr=expr) for expr in exprs),
        width=width,
        columns=columns,
    )
