"""What Grafana would show: queries of the chart's dashboards, answered by a real Prometheus."""

import sys
from typing import Final

from examples.demo.errors import DemoError
from examples.demo.programs import wait_for
from examples.demo.progress import heading, write
from examples.demo.table import written
from tests.dashboards.answers import PAGES, Answered, look
from tests.dashboards.units import shown
from tests.lab import prometheus
from tests.lab.errors import LabError
from tests.lab.layout import default_layout
from tests.lab.prometheus import Prometheus

_OVERVIEW: Final = "slimgate-overview"
_REFUSED: Final = "Refused, 24 h"
_PANELS: Final = (
    (_OVERVIEW, "Over a deny limit"),
    (_OVERVIEW, "Over a warn limit"),
    (_OVERVIEW, "Unknown"),
    (_OVERVIEW, _REFUSED),
    (_OVERVIEW, "Images on disk"),
    (_OVERVIEW, "Unused on disk"),
    ("slimgate-node", "Fullest node"),
    ("slimgate-admission", "Webhook pods"),
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
    """Show what the panels say once the refusal of the demo is among it."""
    heading(8, "What Grafana shows: queries of the chart's dashboards, answered by Prometheus")
    wait_for("Prometheus knows of no refusal", _SECONDS, lambda: _is_counted(asked) or None)
    rows = [(str(PAGES[uid]["title"]), title, _value(asked, uid, title)) for uid, title in _PANELS]
    sys.stdout.write(written(_COLUMNS, rows))
    write(f"\nPrometheus itself: {asked.url}")


def _is_counted(asked: Prometheus) -> bool:
    prometheus.follow(default_layout())
    found = [_last(look(uid, title, asked)) for uid, title in _PANELS]
    refused = found[[title for _, title in _PANELS].index(_REFUSED)]
    return None not in found and bool(refused)


def _value(asked: Prometheus, uid: str, title: str) -> str:
    answered = look(uid, title, asked)
    value = _last(answered)
    return "no data" if value is None else shown(value, answered.unit)


def _last(answered: Answered) -> float | None:
    values = [value for _, value in answered.answers[0].last()]
    return values[0] if values else None
