"""Every metric of slimgate: events as they happen, and state as it is when Prometheus asks.

State comes in by Protocols and is read at each scrape, so that what is gone is gone here too; what
is on nodes is written at each look at them. No label has a value that outsiders can make up without
end. docs/metrics.md lists all of them. It may import engine and core only.
"""

from slimgate.metrics.named import Named
from slimgate.metrics.page import CONTENT_TYPE, exposition
from slimgate.metrics.roles import ControllerMetrics, Metrics, WebhookMetrics

__all__ = ["CONTENT_TYPE", "ControllerMetrics", "Metrics", "Named", "WebhookMetrics", "exposition"]
