"""An hour of a cluster in a minute or more: people deploy, a registry fails, and a webhook."""

import math
import time
from dataclasses import dataclass
from typing import Final

from scripts.dashboards import rules
from scripts.dashboards.__main__ import FILES
from tests.dashboards.hub import Hub
from tests.dashboards.scene import Scene
from tests.dashboards.traffic import Traffic
from tests.lab import prometheus
from tests.lab.api import wait_until
from tests.lab.layout import Layout
from tests.lab.prometheus import SCRAPE_SECONDS, Prometheus

PRICES: Final = {"nodeDisk": 0.08, "registry": 0.10, "pull": 0.02}
RULES: Final = FILES / "rules" / "slimgate.yaml"
PODS: Final = 4
_UP_SECONDS: Final = 60.0
_LONGEST_PAUSE: Final = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Play:
    """What was played, and who watched it from when to when."""

    scene: Scene
    hub: Hub
    prometheus: Prometheus
    traffic: Traffic
    began: float
    """When people began to deploy, in Unix time."""

    def act(self, seconds: float) -> None:
        """Let people deploy; a registry is away for a while, then the hook for a moment."""
        began = time.monotonic()
        away = False
        while (part := (time.monotonic() - began) / seconds) < 1:
            if part > 0.3 and not away:
                away = True
                self.hub.stop()
            if part > 0.6 and not self.hub.pid:
                self.hub.start()
                self.scene.unregister()
                self.scene.retire()
            self.traffic.step()
            # Busy and quiet minutes, so that lines are no straight ones.
            time.sleep(_LONGEST_PAUSE * math.sin(3 * math.pi * part) ** 2 if seconds > 120 else 0)
        time.sleep(2 * SCRAPE_SECONDS)


def prepare(layout: Layout, scene: Scene) -> Play:
    """Set the scene, and have Prometheus scrape it for long enough that rates have values."""
    hub = Hub(layout=layout, own=scene.kubectl.lab.registry)
    hub.start()
    scene.set()
    prometheus.forget(layout)
    costs = layout.home / "costs.yaml"
    costs.write_text(rules.priced(PRICES), encoding="utf-8")
    found = prometheus.start(layout, [RULES, costs])
    wait_until(
        lambda: prometheus.follow(layout) == PODS == _up(found),
        what="not all pods are scraped",
        seconds=_UP_SECONDS,
        hint=lambda: str([(one["labels"], one["lastError"]) for one in found.targets()]),
    )
    # What counters say before anybody deploys.
    time.sleep(2 * SCRAPE_SECONDS)
    traffic = Traffic(scene=scene, hub=hub)
    return Play(scene=scene, hub=hub, prometheus=found, traffic=traffic, began=time.time())


def _up(found: Prometheus) -> int:
    return sum(one["health"] == "up" for one in found.targets())
