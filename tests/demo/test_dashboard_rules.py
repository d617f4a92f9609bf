"""The chart's rules on a real Prometheus: loaded, healthy, with values, and what fires."""

import time
from typing import Final

import pytest

from scripts.dashboards.rules import ALERTS, COSTS, RECORDINGS
from tests.dashboards.play import Play

pytestmark = [
    pytest.mark.lab,
    pytest.mark.node,
    pytest.mark.slow,
    pytest.mark.prometheus,
    pytest.mark.timeout(900),
]
_PATIENCE: Final = 30.0


def test_every_rule_is_evaluated(play: Play) -> None:
    """None is missing, none errs, and each recording has a value of what it is about."""
    rules = {rule["name"]: rule for rule in play.prometheus.rules()}

    records = {one.record for one in (*RECORDINGS, *COSTS.values())}
    assert set(rules) == records | {one.name for one in ALERTS}
    assert {name: rule["health"] for name, rule in rules.items() if rule["health"] != "ok"} == {}
    assert [one for one in records if not play.prometheus.now(one)] == []


def test_recordings_are_what_panels_show(play: Play) -> None:
    """The sums that alerts use are those of the pages."""
    total = "sum(node:slimgate_node_image_bytes:sum) == sum(slimgate_node_image_bytes)"
    unused = (
        "max(node:slimgate_node_image_unused:ratio) == "
        'sum(slimgate_node_image_bytes{share="unused"}) / sum(slimgate_node_image_bytes)'
    )

    deadline = time.monotonic() + _PATIENCE
    for same in (total, unused):
        # What was recorded before the last look at a node is that of the look before.
        while not play.prometheus.now(same):
            assert time.monotonic() < deadline, same
            time.sleep(1)


def test_what_fires(play: Play) -> None:
    """The emptied caBundle is told at once; what lasts longer than the tests is pending only."""
    deadline = time.monotonic() + _PATIENCE
    while (states := _states(play))["firing"] != {"SlimgateAdmissionGap"}:
        assert time.monotonic() < deadline, states
        time.sleep(1)

    # Whether half of the requests to a registry fail that was away for seconds is chance.
    pending = states["pending"] - {"SlimgateRegistryFailing"}
    assert pending == {
        "SlimgateWorkloadsUnknown", "SlimgateObjectInvalid", "SlimgateNamespaceOverBudget"
    }  # fmt: skip


def _states(play: Play) -> dict[str, set[str]]:
    alerts = [rule for rule in play.prometheus.rules() if rule["type"] == "alerting"]
    return {
        state: {rule["name"] for rule in alerts if rule["state"] == state}
        for state in ("firing", "pending")
    }
