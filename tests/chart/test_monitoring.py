"""What is rendered for Prometheus and Grafana, and where."""

import json
import operator
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from scripts.dashboards.__main__ import ALL
from scripts.dashboards.rules import COSTS, RUNBOOKS, priced
from tests.chart.helm import CHART, NAMESPACE, Helm, Objects, nested

_MONITOR: Final = "monitoring.coreos.com/v1/ServiceMonitor"
_RULE: Final = "monitoring.coreos.com/v1/PrometheusRule"
_GRAFANA: Final = "grafana.integreatly.org/v1beta1/GrafanaDashboard"
_BY_OPERATOR: Final[Mapping[str, Any]] = nested(
    "metrics.dashboards.grafanaDashboard.enabled", value=True
)


def dashboards(objects: Objects) -> list[str]:
    """Return the names of the dashboards' ConfigMaps."""
    names = [one["metadata"]["name"] for one in objects.kind("ConfigMap")]
    return [name for name in names if "-dashboard-" in name]


def test_what_others_kinds_need_is_rendered_where_they_are(helm4: Helm) -> None:
    """By default by what the cluster serves, and not at all elsewhere."""
    nowhere = helm4.objects()
    served = helm4.objects("--api-versions", _MONITOR, "--api-versions", _RULE)

    assert not nowhere.kind("ServiceMonitor")
    assert not nowhere.kind("PrometheusRule")
    assert not dashboards(nowhere)
    assert served.one("ServiceMonitor/slimgate")
    assert served.one("PrometheusRule/slimgate")
    assert len(dashboards(served)) == len(ALL)


@pytest.mark.parametrize(
    ("value", "api", "given"),
    [
        ("metrics.serviceMonitor", _MONITOR, {}),
        ("metrics.prometheusRule", _RULE, {}),
        ("metrics.dashboards", _MONITOR, {}),
        ("metrics.dashboards.grafanaDashboard", _GRAFANA, {"enabled": True}),
    ],
)
def test_what_must_be_there_fails_by_its_name(
    helm: Helm, value: str, api: str, given: Mapping[str, Any]
) -> None:
    """With FailIfMissing, the error says which value asks for what."""
    values = nested(value, {"renderMode": "FailIfMissing", **given})
    refused = helm.attempt("template", values=values)
    taken = helm.attempt("template", "--api-versions", api, values=values)

    assert f"{value}.renderMode" in refused.stderr
    assert api in refused.stderr
    assert taken.returncode == 0


def test_the_metrics_service_is_what_the_monitor_selects(helm4: Helm) -> None:
    """Its labels and port are those of the ServiceMonitor, and its selector finds both roles."""
    objects = helm4.objects("--api-versions", _MONITOR)
    monitor = objects.one("ServiceMonitor/slimgate")["spec"]
    service = objects.one("Service/slimgate-metrics")

    wanted = monitor["selector"]["matchLabels"].items()
    assert wanted <= service["metadata"]["labels"].items()
    assert [one["port"] for one in monitor["endpoints"]] == [
        port["name"] for port in service["spec"]["ports"]
    ]
    for role in ("controller", "webhook"):
        pod = objects.one(f"Deployment/slimgate-{role}")["spec"]["template"]["metadata"]
        assert service["spec"]["selector"].items() <= pod["labels"].items()


def test_dashboards_are_what_code_writes(helm4: Helm, case: Path) -> None:
    """Each has a ConfigMap with its file, to the byte, whatever the values are."""
    objects = helm4.objects("--values", str(case), "--api-versions", _MONITOR)
    files = {path.name: path.read_text().strip() for path in (CHART / "files/dashboards").iterdir()}

    found = {
        file: text
        for one in objects.kind("ConfigMap")
        if one["metadata"]["name"] in dashboards(objects)
        for file, text in one["data"].items()
    }
    assert found == files
    assert {json.loads(text)["uid"] for text in found.values()} == {page.uid for page in ALL}


def test_grafanas_operator_finds_each_dashboard(helm4: Helm) -> None:
    """Each of its objects refers to a ConfigMap, which no sidecar loads besides."""
    objects = helm4.objects("--api-versions", _GRAFANA, values=_BY_OPERATOR)

    for one in (found := objects.kind("GrafanaDashboard")):
        reference = one["spec"]["configMapRef"]
        holder = objects.one(f"ConfigMap/{one['metadata']['namespace']}/{reference['name']}")
        assert reference["key"] in holder["data"]
        assert "grafana_dashboard" not in holder["metadata"]["labels"]
    assert len(found) == len(ALL)


def test_dashboards_follow_their_sidecar(helm4: Helm) -> None:
    """ConfigMaps and what refers to them are in the namespace that is named."""
    values = nested(
        "metrics.dashboards", {"namespace": "monitoring", "grafanaDashboard": {"enabled": True}}
    )
    apis = ("--api-versions", _GRAFANA, "--api-versions", _MONITOR)
    objects = helm4.objects(*apis, values=values)

    for name in dashboards(objects):
        assert objects.one(f"ConfigMap/monitoring/{name}")
        assert objects.one(f"GrafanaDashboard/monitoring/{name}")
    assert objects.one(f"ConfigMap/{NAMESPACE}/slimgate-config")


@pytest.mark.prometheus
@pytest.mark.parametrize("page", [RUNBOOKS, "https://wiki.example.com/a?b=c"])
def test_promtool_accepts_the_rules(helm4: Helm, page: str, tmp_path: Path) -> None:
    """As rendered, and each alert leads to the page that the values name."""
    prices = {} if page == RUNBOOKS else dict.fromkeys(COSTS, 0.08)
    values = nested("metrics.prometheusRule", {"runbookURL": page, "prices": prices})
    spec = helm4.objects("--api-versions", _RULE, values=values).one("PrometheusRule/slimgate")[
        "spec"
    ]
    file = tmp_path / "rules.yaml"
    file.write_text(yaml.safe_dump(spec), encoding="utf-8")
    done = subprocess.run(
        ["promtool", "check", "rules", "--lint=all", "--lint-fatal", file],
        capture_output=True,
        text=True,
        check=False,
    )

    written = yaml.safe_load((CHART / "files/rules/slimgate.yaml").read_text())
    alerts = [rule for group in spec["groups"] for rule in group["rules"] if "alert" in rule]
    assert done.returncode == 0, done.stdout + done.stderr
    assert alerts
    for alert in alerts:
        assert alert["annotations"]["runbook_url"] == f"{page}#{alert['alert'].lower()}"
    if page == RUNBOOKS:
        assert spec == written
    else:
        key = operator.itemgetter("record", "expr")
        (made,) = yaml.safe_load(priced(prices))["groups"]
        assert sorted(spec["groups"][2]["rules"], key=key) == sorted(made["rules"], key=key)
