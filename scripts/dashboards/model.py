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
    SLOW = "slow"
    """Seconds that somebody waits; the alert is at one."""
    OLD = "old"
    """Seconds since something was heard; the alert is at five minutes."""
    THERE = "there"
    """None of something is what needs somebody."""


VERDICTS: Final = (("deny", "red"), ("warn", "yellow"), ("unknown", "purple"), ("allow", "green"))
FAULTS: Final = (("late", "dark-red"), ("overloaded", "dark-orange"), ("error", "dark-purple"))
NOTHING: Final = "none, or slimgate is not scraped"
EFFECTS: Final = (("denied", "red"), ("warned", "yellow"), ("noted", "blue"))
SHARES: Final = (("exclusive", "blue"), ("shared", "green"), ("unused", "orange"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """One PromQL query; `legend` names its series, by labels in double braces."""

    expr: str
    legend: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """One picture. `columns` gives a table's labels and values their headings, in that order.

    `colors` are those of series, by their names; `units` those of columns that differ.
    """

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
    colors: tuple[tuple[str, str], ...] = ()
    units: tuple[tuple[str, str], ...] = ()
    links: tuple[tuple[str, str], ...] = ()
    """Where a click on a column's cell leads, by its heading."""
    nothing: str = ""
    """What is shown where there is nothing, if that is good news."""


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


def seen(metric: str, *labels: str, where: str = CLUSTER) -> str:
    """Write the same, without what never grew in the time shown: legends stay short."""
    grown = f"sum by ({', '.join(labels)}) (increase({metric}{{{where}}}[$__range])) > 0"
    return f"{rate_by(metric, *labels, where=where)} and {grown}"


def a_minute(rate: str) -> str:
    """Write a rate by the minute, for what happens less than once a second."""
    return f"60 * ({rate})"


def counted(metric: str, where: str = CLUSTER) -> str:
    """Write by how much a counter grew within a day; 0 where it has no series yet.

    `increase` does not see a series' first value, which is 1 where the first refusal in a namespace
    makes the series: whatever has begun within the day counts from nothing.
    """
    series = f"{metric}{{{where}}}"
    grown = f"sum(increase({series}[24h]))"
    begun = f"min_over_time({series}[24h]) unless last_over_time({series}[2h] offset 24h)"
    return f"({grown} or vector(0)) + (sum({begun}) or vector(0))"


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


def certificate_end() -> Panel:
    """Show how long the webhook's certificate lasts."""
    return stat(
        "Certificate ends in",
        f"min(slimgate_webhook_certificate_expiration_timestamp_seconds{{{CLUSTER}}}) - time()",
        "Until the certificate that the webhook serves with ends.",
        unit="s",
        palette=Palette.SHORT,
    )


def lines(
    title: str,
    about: str,
    *queries: tuple[str, str],
    unit: str = "short",
    width: int = 12,
    stacked: bool = False,
    palette: Palette = Palette.PLAIN,
    colors: tuple[tuple[str, str], ...] = (),
    nothing: str = "",
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
        colors=colors,
        nothing=nothing,
    )


def bars(
    title: str,
    about: str,
    expr: str,
    legend: str,
    *,
    unit: str = "short",
    width: int = 8,
    nothing: str = "",
) -> Panel:
    """Show something now, one bar for each, the longest first."""
    return Panel(
        title=title,
        about=about,
        kind=Kind.BARS,
        unit=unit,
        queries=(Query(expr=f"sort_desc({expr})", legend=legend),),
        width=width,
        nothing=nothing,
    )


def table(
    title: str,
    about: str,
    columns: tuple[tuple[str, str], ...],
    *exprs: str,
    unit: str = "short",
    units: tuple[tuple[str, str], ...] = (),
    width: int = 12,
    height: int = 8,
    links: tuple[tuple[str, str], ...] = (),
    nothing: str = "",
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
        units=units,
        height=height,
        links=links,
        nothing=nothing,
    )
