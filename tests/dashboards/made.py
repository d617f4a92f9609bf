"""Every documented metric of two clusters that share all names, as a Prometheus would hold them."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from typing import Final

from scripts.dashboards.rules import COSTS
from tests.metrics import documented

CLUSTERS: Final = ("east", "west")
TIMES: Final = 12
FIRST: Final = 50
"""What counters begin with."""
_ROLES: Final = ("controller", "webhook")
_BOUNDS: Final = ("0.1", "1.0", "+Inf")
_CHOICES: Final = 3
"""How many values of each label there are at most."""
_OPEN: Final[Mapping[str, Sequence[str]]] = {
    "mode": ("Audit",),
    "on_unknown": ("Allow",),
    "version": ("1.0.0",),
    "outcome": ("deny", "late", "200", "503"),
    "state": ("used", "unused", "waiting", "active"),
    "verdict": ("allow", "warn", "deny", "unknown"),
    "share": ("exclusive", "shared", "unused"),
    "result": ("cached", "success"),
    "effect": ("denied", "warned"),
}


def open_metrics(start: float, step: float) -> str:
    """Write them for some times from a start; all of them grow."""
    lines: list[str] = []
    times = [start + n * step for n in range(TIMES)]
    for row in documented.metrics().values():
        lines.append(f"# TYPE {row.name.removesuffix('_total')} {row.kind}")
        for series, factor in _series(row):
            lines += [f"{series} {(n + FIRST) * factor} {at:.0f}" for n, at in enumerate(times)]
    for name in ("ALERTS", "ALERTS_FOR_STATE"):
        lines.append(f"# TYPE {name} gauge")
        state = {"alertstate": "firing"} if name == "ALERTS" else {}
        for cluster in CLUSTERS:
            labels = {"cluster": cluster, "alertname": "SlimgateAdmissionGap", **state}
            lines += [f"{name}{_written(labels)} 1 {at:.0f}" for at in times]
    for rule, cluster in product(COSTS.values(), CLUSTERS):
        labels = {"cluster": cluster, "workload_namespace": "a", **rule.labels}
        lines += [f"{rule.record}{_written(labels)} {n} {at:.0f}" for n, at in enumerate(times)]
    return "\n".join([*lines, "# EOF", ""])


def _series(row: documented.Documented) -> Iterator[tuple[str, int]]:
    """Yield each series' name, and how fast it grows."""
    known = documented.labels()
    for role, cluster in product(sorted(row.roles), CLUSTERS):
        at = str(_ROLES.index(role) + 1)
        target = {"cluster": cluster, "job": "slimgate", "instance": at, "pod": f"{role}-{at}"}
        choices = {
            name: (role,) if name == "role" else _OPEN.get(name) or sorted(known[name])[:_CHOICES]
            for name in sorted(row.labels)
        }
        for values in product(*(one or ("a", "b") for one in choices.values())):
            labels = {**dict(zip(choices, values, strict=True)), **target}
            if row.kind != "histogram":
                yield f"{row.name}{_written(labels)}", 1
                continue
            for number, bound in enumerate(_BOUNDS, 1):
                yield f"{row.name}_bucket{_written({**labels, 'le': bound})}", number
            for part in ("count", "sum"):
                yield f"{row.name}_{part}{_written(labels)}", len(_BOUNDS)


def _written(labels: Mapping[str, str]) -> str:
    return "{" + ",".join(f'{name}="{value}"' for name, value in labels.items()) + "}"
