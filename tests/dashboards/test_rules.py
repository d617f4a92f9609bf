"""The rules, by Prometheus' own promtool."""

import re
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import pytest
import yaml

from scripts.dashboards import rules
from scripts.dashboards.rules import ALERTS, COSTS, RECORDINGS, RUNBOOKS

_RUNBOOKS = Path("docs/runbooks.md")
_CASES = yaml.safe_load((Path(__file__).parent / "alerts.yaml").read_text(encoding="utf-8"))
_WEBHOOK_A: Final = 'slimgate_build_info{cluster="a", role="webhook"}'
_BOTH: Final = [
    f'slimgate_build_info{{cluster="{cluster}", role="{role}"}}'
    for cluster in "ab"
    for role in ("controller", "webhook")
]


def _promtool(*argv: str | Path) -> str:
    """Run promtool; its complaint if it has one."""
    ran = subprocess.run(["promtool", *argv], capture_output=True, text=True, check=False)
    return "" if ran.returncode == 0 else ran.stdout + ran.stderr


@pytest.fixture
def rule_file(tmp_path: Path) -> Path:
    """Write the rules as the chart ships them."""
    path = tmp_path / "rules.yaml"
    path.write_text(rules.to_yaml(), encoding="utf-8")
    return path


@pytest.mark.prometheus
def test_promtool_accepts_the_rules(rule_file: Path) -> None:
    """Every rule is one that Prometheus can load, and none stands there twice."""
    assert _promtool("check", "rules", "--lint=all", "--lint-fatal", rule_file) == ""


@pytest.mark.prometheus
@pytest.mark.parametrize("name", [alert.name for alert in ALERTS])
def test_an_alert_fires_when_it_should_and_only_then(name: str, rule_file: Path) -> None:
    """Each alert has values with which it fires, and others, close to its limit, where not."""
    case = _CASES[name]
    tests = [_unit_test(name, case, kind) for kind in ("fires", "silent")]
    file = rule_file.with_name("tests.yaml")
    content = {"rule_files": [rule_file.name], "evaluation_interval": "1m", "tests": tests}
    file.write_text(yaml.safe_dump(content), encoding="utf-8")

    assert _promtool("test", "rules", file) == ""


def _unit_test(name: str, case: Mapping[str, object], kind: str) -> dict[str, object]:
    series = case[kind]
    assert isinstance(series, Mapping)
    firing = {"labels": "{}", "value": 1}
    return {
        "interval": "1m",
        "input_series": [{"series": one, "values": values} for one, values in series.items()],
        "promql_expr_test": [
            {
                "expr": f'count(ALERTS{{alertname="{name}", alertstate="firing"}})',
                "eval_time": case["at"],
                "exp_samples": [firing] if kind == "fires" else [],
            }
        ],
    }


@pytest.mark.prometheus
@pytest.mark.parametrize(
    ("series", "minute", "expected"),
    [
        ({}, 3, ["{}"]),
        (dict.fromkeys(_BOTH, "1x10"), 8, []),
        # One role of one cluster ends, or never was.
        (dict.fromkeys(_BOTH, "1x20") | {_WEBHOOK_A: "1x5 stale"}, 9, ['{cluster="a"}']),
        ({one: "1x20" for one in _BOTH if one != _WEBHOOK_A}, 9, ['{cluster="a"}']),
        # All of a cluster ends, and is forgotten in the end.
        ({one: "1x500" if '"b"' in one else "1x5 stale" for one in _BOTH}, 360, ['{cluster="a"}']),
        ({one: "1x500" if '"b"' in one else "1x5 stale" for one in _BOTH}, 370, []),
        # All of the only one, without a label.
        ({'slimgate_build_info{role="webhook"}': "1x5 stale"}, 300, ["{}"]),
        ({'slimgate_build_info{role="webhook"}': "1x5 stale"}, 500, ["{}"]),
    ],
)
def test_a_role_is_missed_in_each_cluster(
    series: Mapping[str, str], minute: int, expected: list[str], rule_file: Path
) -> None:
    """Another cluster's pods do not stand in for those that are gone."""
    firing = 'count by (cluster) (ALERTS{alertname="SlimgateWebhookDown", alertstate="firing"})'
    case = {
        "interval": "1m",
        "input_series": [{"series": one, "values": values} for one, values in series.items()],
        "promql_expr_test": [
            {
                "expr": firing,
                "eval_time": f"{minute}m",
                "exp_samples": [{"labels": one, "value": 1} for one in expected],
            }
        ],
    }
    file = rule_file.with_name("tests.yaml")
    content = {"rule_files": [rule_file.name], "evaluation_interval": "1m", "tests": [case]}
    file.write_text(yaml.safe_dump(content), encoding="utf-8")

    assert _promtool("test", "rules", file) == ""


def test_every_alert_has_its_cases_and_its_runbook() -> None:
    """No alert is without a test, and none leads to a section that is not there."""
    headings = re.findall(r"^## (\w+)$", _RUNBOOKS.read_text(encoding="utf-8"), re.MULTILINE)

    assert sorted(_CASES) == sorted(headings) == sorted(alert.name for alert in ALERTS)
    for rule in yaml.safe_load(rules.to_yaml())["groups"][1]["rules"]:
        assert rule["annotations"]["runbook_url"] == f"{RUNBOOKS}#{rule['alert'].lower()}"


def test_recording_rules_are_named_by_level_metric_and_operation() -> None:
    """Names say what is kept, as Prometheus' own naming of rules asks for."""
    for rule in (*RECORDINGS, *COSTS.values()):
        assert re.fullmatch(
            r"(node|namespace|cluster):slimgate_\w+:(sum|ratio|ratio_rate5m|month)", rule.record
        )
