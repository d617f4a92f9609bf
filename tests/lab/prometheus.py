"""A real Prometheus in the lab, which scrapes slimgate's pods as the chart's ServiceMonitor has it.

Debian's Prometheus is built without discovery in Kubernetes, so that `follow` writes a file of
targets from EndpointSlices, with the labels that Prometheus' operator would give them.
"""

import json
import os
import shutil
import signal
import time
import urllib.error
import urllib.parse
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from tests.lab.api import Api, answers, get, wait_until
from tests.lab.errors import LabError
from tests.lab.layout import ANY, INSIDE, Layout
from tests.lab.processes import Processes, end, is_ours, recorded, tail
from tests.lab.state import load

NAME: Final = "prometheus"
PORT: Final = 9090
SCRAPE_SECONDS: Final = 3
RATE_SECONDS: Final = 4 * SCRAPE_SECONDS
"""What Grafana sets $__rate_interval to: four scrapes."""
_METRICS: Final = "app.kubernetes.io/name=slimgate,app.kubernetes.io/component=metrics"
_SERVICE: Final = "kubernetes.io/service-name"
_READY_SECONDS: Final = 30.0
_END_SECONDS: Final = 20.0

Json = Mapping[str, Any]
Sample = tuple[Mapping[str, str], float]
Line = tuple[Mapping[str, str], Sequence[tuple[float, float]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Prometheus:
    """Answers PromQL; what it refuses is a LabError with its own words."""

    url: str = f"http://{INSIDE}:{PORT}"

    def ready(self) -> bool:
        """Tell whether it answers queries."""
        return answers(lambda: get(f"{self.url}/-/ready"))

    def now(self, expr: str, *, at: float | None = None) -> list[Sample]:
        """Evaluate a query as of now, or of another time."""
        found = self._ask("query", {"query": expr, "time": str(at or time.time())})
        if found["resultType"] == "scalar":
            return [({}, float(found["result"][1]))]
        return [(one["metric"], float(one["value"][1])) for one in found["result"]]

    def over(self, expr: str, *, start: float, end: float, step: float) -> list[Line]:
        """Evaluate a query over a time."""
        span = {"start": str(start), "end": str(end), "step": str(step)}
        found = self._ask("query_range", {"query": expr, **span})
        return [
            (one["metric"], [(float(at), float(value)) for at, value in one["values"]])
            for one in found["result"]
        ]

    def targets(self) -> list[Json]:
        """List what is scraped."""
        found: list[Json] = self._ask("targets", {"state": "active"})["activeTargets"]
        return found

    def rules(self) -> list[Json]:
        """List the rules and what they evaluate to."""
        return [rule for group in self._groups() for rule in group["rules"]]

    def rule_files(self) -> set[str]:
        """Name the files that the rules are from."""
        return {group["file"] for group in self._groups()}

    def _groups(self) -> list[Json]:
        found: list[Json] = self._ask("rules", {})["groups"]
        return found

    def _ask(self, what: str, parameters: Mapping[str, str]) -> Any:
        query = urllib.parse.urlencode(parameters)
        try:
            answer = json.loads(get(f"{self.url}/api/v1/{what}?{query}", timeout=30))
        except urllib.error.HTTPError as error:
            said = json.loads(error.read()).get("error", error.reason)
            raise LabError(f"Prometheus refuses {dict(parameters)}: {said}") from None
        return answer["data"]


def start(layout: Layout, rules: Sequence[Path] = ()) -> Prometheus:
    """Start it, or have the one that runs read rules and targets anew; the lab's end ends it."""
    folder = layout.data / NAME
    folder.mkdir(parents=True, exist_ok=True)
    follow(layout)
    config = folder / "prometheus.yml"
    config.write_text(yaml.safe_dump(_config(folder, rules)), encoding="utf-8")
    files = {str(path.resolve()) for path in rules}
    found, pid = Prometheus(), recorded(layout.run).get(NAME, 0)
    if pid and is_ours(pid, layout.run):
        os.kill(pid, signal.SIGHUP)
    else:
        Processes(layout=layout).start(NAME, command(config, folder / "tsdb", f"{ANY}:{PORT}"))
    wait_until(
        lambda: found.ready() and found.rule_files() == files,
        what="Prometheus is not ready",
        seconds=_READY_SECONDS,
        hint=lambda: tail(layout.logs / f"{NAME}.log"),
    )
    return found


def forget(layout: Layout) -> None:
    """End it if it runs, and remove all that it has stored."""
    pid = recorded(layout.run).get(NAME, 0)
    if pid and is_ours(pid, layout.run):
        end({pid}, grace=_END_SECONDS)
    shutil.rmtree(layout.data / NAME, ignore_errors=True)


def command(config: Path, storage: Path, address: str) -> list[str]:
    """Return the command line that serves a storage at an address."""
    return [
        NAME,
        f"--config.file={config}",
        f"--storage.tsdb.path={storage}",
        f"--web.listen-address={address}",
        "--storage.tsdb.retention.time=10y",
    ]


def follow(layout: Layout) -> int:
    """Write the pods that are to be scraped as they are now, and return how many there are.

    Prometheus sees by itself that the file is another.
    """
    api = Api(server=load(layout.lab_json).apiserver, pki=layout.pki)
    targets = list(_targets(api))
    path = layout.data / NAME / "targets.json"
    temporary = path.with_suffix(".tmp")
    temporary.write_text(json.dumps(targets, indent=2), encoding="utf-8")
    temporary.replace(path)
    return len(targets)


def _targets(api: Api) -> Iterator[Json]:
    query = urllib.parse.urlencode({"labelSelector": _METRICS})
    found = json.loads(api.call(f"/apis/discovery.k8s.io/v1/endpointslices?{query}"))
    for one in found["items"]:
        service, namespace = one["metadata"]["labels"][_SERVICE], one["metadata"]["namespace"]
        for port in one["ports"] or ():
            for endpoint in one["endpoints"] or ():
                yield {
                    "targets": [f"{endpoint['addresses'][0]}:{port['port']}"],
                    "labels": {
                        "namespace": namespace,
                        "service": service,
                        "job": service,
                        "pod": endpoint["targetRef"]["name"],
                        "endpoint": port["name"],
                    },
                }


def _config(folder: Path, rules: Sequence[Path]) -> Json:
    every = f"{SCRAPE_SECONDS}s"
    return {
        "global": {"scrape_interval": every, "evaluation_interval": every},
        "rule_files": [str(path.resolve()) for path in rules],
        "scrape_configs": [
            {"job_name": "slimgate", "file_sd_configs": [{"files": [str(folder / "targets.json")]}]}
        ],
    }
