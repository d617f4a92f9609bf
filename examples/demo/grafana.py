"""What Grafana would show: queries of the chart's dashboards, answered by a real Prometheus."""

import sys
from collections.abc import Sequence
from typing import Final

from examples.demo.errors import DemoError
from examples.demo.programs import wait_for
from examples.demo.progress import heading, write
from examples.demo.table import written
from tests.dashboards.answers import PAGES, look
from tests.dashboards.units import shown
from tests.lab import prometheus
from tests.lab.errors import LabError
from tests.lab.layout import default_layout
from tests.lab.prometheus import Prometheus

_OVERVIEW: Final = "slimgate-overview"
_REFUSED: Final = "Refused, 24 h"
_PODS: Final = "Webhook pods"
_AT_LEAST: Final = {_REFUSED: 1, _PODS: 2}
_PANELS: Final = (
    (_OVERVIEW, "Over a deny limit"),
    (_OVERVIEW, "Over a warn limit"),
    (_OVERVIEW, "Unknown"),
    (_OVERVIEW, _REFUSED),
    (_OVERVIEW, "Images on disk"),
    (_OVERVIEW, "Unused on disk"),
    ("slimgate-node", "Fullest node"),
    ("slimgate-admission", _PODS),
    ("slimgate-admission", "Certificate ends in"),
)
_COLUMNS: Final = ("DASHBOARD", "PANEL", "SHOWS")
_SECONDS: Final = 60.0


def start() -> Prometheus:
    """Have the lab's Prometheus scrape slimgate's pods."""
    try:
        return prometheus.start(default_layout())
    except LabError as error:
        raise DemoError(str(error)) from error


def show(asked: Prometheus) -> None:
    """Show what the panels say once they know of the demo's refusal and of both webhook pods."""
    heading(8, "What Grafana shows: queries of the chart's dashboards, answered by Prometheus")
    answered = wait_for("Prometheus does not know all of it", _SECONDS, lambda: _answered(asked))
    sys.stdout.write(written(_COLUMNS, answered))
    write(f"\nPrometheus itself: {asked.url}")


def _answered(asked: Prometheus) -> list[Sequence[str]] | None:
    """Ask all panels; None while one is empty, or counts too little yet."""
    prometheus.follow(default_layout())
    rows: list[Sequence[str]] = []
    for uid, title in _PANELS:
        answered = look(uid, title, asked)
        last = answered.answers[0].last()
        if not last or last[0][1] < _AT_LEAST.get(title, 0):
            return None
        rows.append((str(PAGES[uid]["title"]), title, shown(last[0][1], answered.unit)))
    return rows
