"""Dashboards as Grafana's classic JSON, by its Foundation SDK.

What Grafana's dashboard linter asks for holds for all of them: one `datasource` variable, titles,
descriptions and units everywhere. `job` and `instance` are left out of selectors, as the
kubernetes-mixin does: the names of the metrics are slimgate's own.
"""

import json
from collections.abc import Callable, Mapping
from string import ascii_uppercase
from typing import Final

from grafana_foundation_sdk.builders import bargauge, common, heatmap, prometheus, stat, table
from grafana_foundation_sdk.builders import dashboard as builders
from grafana_foundation_sdk.builders import timeseries as line_charts
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models import common as shapes
from grafana_foundation_sdk.models import dashboard as models
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

from scripts.dashboards.model import Dashboard, Kind, Palette, Panel, Variable

TAG: Final = "slimgate"
_SOURCE: Final = models.DataSourceRef(type_val="prometheus", uid="${datasource}")
_ALL: Final = ".*"
_DAY: Final = 86_400.0
_STEPS: Final[Mapping[Palette, tuple[tuple[float | None, str], ...]]] = {
    Palette.PLAIN: ((None, "blue"),),
    Palette.BAD: ((None, "green"), (1, "red")),
    # The kubelet's defaults: it removes images from 85 %, and evicts at 85 % (imagefs).
    Palette.FULL: ((None, "green"), (0.75, "yellow"), (0.85, "red")),
    Palette.SLOW: ((None, "green"), (0.5, "yellow"), (1, "red")),
    Palette.OLD: ((None, "green"), (120, "yellow"), (300, "red")),
    Palette.THERE: ((None, "red"), (1, "green")),
    Palette.SHORT: ((None, "red"), (2 * _DAY, "yellow"), (7 * _DAY, "green")),
}

Chart = stat.Panel | line_charts.Panel | bargauge.Panel | table.Panel | heatmap.Panel


def to_json(page: Dashboard) -> str:
    """Write a dashboard, the same bytes each time."""
    built = builders.Dashboard(page.title).uid(page.uid).description(page.about)
    built.readonly().timezone("browser").tags([TAG]).refresh("1m").time("now-6h", "now")
    built.tooltip(models.DashboardCursorSync.CROSSHAIR).link(_others())
    built.with_variable(_datasource())
    for variable in (_CLUSTERS, *page.variables):
        built.with_variable(_variable(variable))
    number = 0
    for row in page.rows:
        built.with_row(builders.Row(row.title))
        for panel in row.panels:
            number += 1
            built.with_panel(_chart(panel).id(number))
    written = json.loads(JSONEncoder(sort_keys=True).encode(built.build()))
    # The release's Secret holds it twice.
    return json.dumps(written, separators=(",", ":")) + "\n"


def _others() -> builders.DashboardLink:
    """Lead to the other dashboards of slimgate, with the same choices and time."""
    link = builders.DashboardLink("slimgate").type(models.DashboardLinkType.DASHBOARDS)
    return link.tags([TAG]).include_vars(True).keep_time(True)


def _datasource() -> builders.DatasourceVariable:
    return builders.DatasourceVariable("datasource").label("Data source").type("prometheus")


_CLUSTERS: Final = Variable(
    name="cluster",
    label="Cluster",
    query="label_values(slimgate_build_info, cluster)",
    about="Where several clusters share a Prometheus and name themselves by this label.",
)


def _variable(variable: Variable) -> builders.QueryVariable:
    built = builders.QueryVariable(variable.name).label(variable.label)
    built.description(variable.about).query(variable.query).datasource(_SOURCE)
    built.refresh(models.VariableRefresh.ON_TIME_RANGE_CHANGED)
    built.sort(models.VariableSort.ALPHABETICAL_ASC).multi(True).include_all(True)
    return built.all_value(_ALL).current(
        models.VariableOption(selected=True, text="All", value="$__all")
    )


def _chart(panel: Panel) -> Chart:
    chart = _CHARTS[panel.kind](panel)
    chart.title(panel.title).description(panel.about).datasource(_SOURCE)
    chart.unit(panel.unit).span(panel.width).height(panel.height)
    for ref, query in zip(ascii_uppercase, panel.queries, strict=False):
        target = prometheus.Dataquery().ref_id(ref).expr(query.expr).datasource(_SOURCE)
        if query.legend:
            target.legend_format(query.legend)
        _SHAPES[panel.kind](target)
        chart.with_target(target)
    if panel.nothing:
        chart.no_value(panel.nothing)
    for name, color in panel.colors:
        chart.override_by_name(name, [_own("color", {"mode": "fixed", "fixedColor": color})])
    for heading, unit in panel.units:
        chart.override_by_name(heading, [_own("unit", unit)])
    for heading, url in panel.links:
        where = {"title": "Show ${__value.text}", "url": url}
        chart.override_by_name(heading, [_own("links", [where])])
    return chart


def _own(what: str, value: object) -> models.DynamicConfigValue:
    return models.DynamicConfigValue(id_val=what, value=value)


def _range(target: prometheus.Dataquery) -> None:
    target.range()


def _instant(target: prometheus.Dataquery) -> None:
    target.instant()


def _rows(target: prometheus.Dataquery) -> None:
    target.instant().format(PromQueryFormat.TABLE)


def _buckets(target: prometheus.Dataquery) -> None:
    target.range().format(PromQueryFormat.HEATMAP)


_SHAPES: Final[Mapping[Kind, Callable[[prometheus.Dataquery], None]]] = {
    Kind.STAT: _range,
    Kind.LINES: _range,
    Kind.BARS: _instant,
    Kind.TABLE: _rows,
    Kind.HEATMAP: _buckets,
}


def _stat(panel: Panel) -> Chart:
    chart = stat.Panel().thresholds(_thresholds(panel)).no_value("no data")
    chart.reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]))
    if panel.unit == "short":
        chart.decimals(0)  # `increase` stretches what it saw, and so tells of parts of events
    return chart.graph_mode(shapes.BigValueGraphMode.AREA)


def _lines(panel: Panel) -> Chart:
    chart = line_charts.Panel().line_width(1).fill_opacity(60 if panel.stacked else 8)
    chart.show_points(shapes.VisibilityMode.AUTO).min(0)
    if panel.unit == "percentunit":
        chart.max(1)
    if panel.stacked:
        chart.stacking(common.StackingConfig().mode(shapes.StackingMode.NORMAL))
    if panel.palette is not Palette.PLAIN:
        chart.thresholds(_thresholds(panel)).thresholds_style(
            common.GraphThresholdsStyleConfig().mode(shapes.GraphThresholdsStyleMode.LINE)
        )
    legend = common.VizLegendOptions().display_mode(shapes.LegendDisplayMode.LIST)
    return chart.legend(legend.placement(shapes.LegendPlacement.BOTTOM).show_legend(True))


def _bars(panel: Panel) -> Chart:
    chart = bargauge.Panel().orientation(shapes.VizOrientation.HORIZONTAL).min(0)
    chart.display_mode(shapes.BarGaugeDisplayMode.BASIC).thresholds(_thresholds(panel))
    return chart.reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]))


def _table(panel: Panel) -> Chart:
    """Join the queries by their labels, and name what they give."""
    names = dict(panel.columns)
    if len(panel.queries) == 1:
        names["Value"] = names.pop("A")
    else:
        names = {f"Value #{key}" if len(key) == 1 else key: to for key, to in names.items()}
    order = {name: place for place, name in enumerate(names)}
    chart = table.Panel().filterable(True)
    chart.with_transformation(models.DataTransformerConfig(id_val="merge", options={}))
    organize = {"excludeByName": {"Time": True}, "renameByName": names, "indexByName": order}
    return chart.with_transformation(
        models.DataTransformerConfig(id_val="organize", options=organize)
    )


def _heatmap(panel: Panel) -> Chart:
    return heatmap.Panel().calculate(False).y_axis(heatmap.YAxisConfig().unit(panel.unit))


_CHARTS: Final[Mapping[Kind, Callable[[Panel], Chart]]] = {
    Kind.STAT: _stat,
    Kind.LINES: _lines,
    Kind.BARS: _bars,
    Kind.TABLE: _table,
    Kind.HEATMAP: _heatmap,
}


def _thresholds(panel: Panel) -> builders.ThresholdsConfig:
    steps = [models.Threshold(value=value, color=color) for value, color in _STEPS[panel.palette]]
    return builders.ThresholdsConfig().mode(models.ThresholdsMode.ABSOLUTE).steps(steps)
