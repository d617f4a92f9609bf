"""Measures how frugally images are inspected: a thousand of them, of a real local registry.

Beside it a client that does no more than fetch the same documents, in the same run: the floor.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench.images import push
from bench.measure import AGENT
from bench.processes import BenchError
from bench.report import Goal
from tests.registry import servers
from tests.registry.servers import Registry
from tests.support.configuration import plain, write_configuration

CONCURRENCY: Final = 8
"""As many requests as slimgate has in flight to one registry; the floor has no more."""
_FILE_BYTES: Final = (1_000, 20_000)
_HEADS: Final = ("", "seconds", "images/s", "of floor", "CPU s/1k", "requests", "peak MB")
_WIDTHS: Final = (40, 9, 10, 10, 10, 10, 9)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pass:
    """One pass over all images; `requests` is counted in the registry's access log, per image."""

    name: str
    count: int
    seconds: float
    cpu: float
    requests: float
    peak_mb: float
    floor: float | None = None
    """Seconds of the client that only fetches."""

    def __str__(self) -> str:
        cells = [
            f"{self.seconds:.2f}",
            f"{self.count / self.seconds:,.0f}",
            f"{self.seconds / self.floor:.2f}x" if self.floor else "",
            f"{self.cpu * 1000 / self.count:.2f}",
            f"{self.requests:.3f}",
            f"{self.peak_mb:.0f}",
        ]
        widths = zip(cells, _WIDTHS[1:], strict=True)
        return self.name.ljust(_WIDTHS[0]) + "".join(cell.rjust(width) for cell, width in widths)


def run(folder: Path, count: int) -> int:
    """Measure and print; 0 if every goal is met, else 1."""
    if not servers.is_installed():
        raise BenchError("docker-registry is not installed: apt-get install docker-registry")
    registry = servers.start(folder, "registry")
    try:
        print(f"pushing {count} images to {registry.host}", file=sys.stderr, flush=True)
        images = push(registry.host, count, file_bytes=_FILE_BYTES, big_every=0)
        references = [image.reference for image in images]
        layers = sum(image.layers for image in images) / count
        config = write_configuration(folder, registries=plain([registry.host]))
        print(f"{count} images of {layers:.2f} layers; load {os.getloadavg()[0]:.1f}")
        print(_heading(), flush=True)
        passes = _show(_measure(registry, references, config))
    finally:
        registry.stop()
    goals = _goals(passes, layers)
    print("", *goals, sep="\n", flush=True)
    return 0 if all(goal.met for goal in goals) else 1


def _measure(registry: Registry, references: Sequence[str], config: str) -> Iterator[Pass]:
    for wants, what in (("config", "manifest, config"), ("layers", "manifest, config, layers")):
        with _child(registry, references, "floor", wants, 1) as floor:
            yield floor.go(f"fetch {what} c=1", "now")
        with _child(registry, references, "floor", wants, CONCURRENCY) as floor:
            least = floor.go(f"fetch {what} c={CONCURRENCY}", "now")
            yield least
        with _child(registry, references, "inspect", wants, CONCURRENCY) as child:
            yield child.go(f"inspect {what}: cold", "now", least.seconds)
            yield child.go("  known, every tag due again", "later", least.seconds)
            yield child.go("  warm", "now", least.seconds)
    yield _command(registry, references, config, least.seconds)


class _Child:
    """A process of bench.inspector."""

    def __init__(self, registry: Registry, order: Mapping[str, object], count: int) -> None:
        self._registry = registry
        self._agent = str(order["agent"])
        self._count = count
        self.process = subprocess.Popen(
            [sys.executable, "-m", "bench.inspector"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._ask(json.dumps(order))

    def go(self, name: str, line: str, floor: float | None = None) -> Pass:
        before = len(self._registry.requests(self._agent))
        told = self._ask(line)
        requests = len(self._registry.requests(self._agent)) - before
        return Pass(
            name=name,
            count=self._count,
            seconds=told["seconds"],
            cpu=told["cpu"],
            requests=requests / self._count,
            peak_mb=told["peak_mb"],
            floor=floor,
        )

    def _ask(self, line: str) -> Mapping[str, float]:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(f"{line}\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            raise BenchError("the process that inspects has ended")
        told: Mapping[str, float] = json.loads(answer)
        return told


@contextmanager
def _child(
    registry: Registry, references: Sequence[str], role: str, wants: str, concurrency: int
) -> Iterator[_Child]:
    order = {
        "role": role,
        "wants": wants,
        "concurrency": concurrency,
        "agent": f"bench-{role}-{wants}-{concurrency}",
        "references": list(references),
    }
    child = _Child(registry, order, len(references))
    try:
        yield child
    finally:
        child.process.communicate(timeout=60)


def _command(registry: Registry, references: Sequence[str], config: str, floor: float) -> Pass:
    """Run the command itself, start and output and all."""
    program = str(Path(sys.executable).with_name("slimgate"))
    argv = [program, "inspect", "--config", config, "-o", "json", *references]
    started = time.perf_counter()
    process = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    assert process.stdout is not None
    peak, lines = 0.0, 0
    with process.stdout:
        for _ in process.stdout:
            lines += 1
            peak = max(peak, _peak_mb(process.pid))
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode or lines != len(references):
        raise BenchError(f"slimgate inspect ended with {process.returncode} after {lines} lines")
    return Pass(
        name=f"slimgate inspect -o json, {lines} references",
        count=lines,
        seconds=seconds,
        cpu=usage.ru_utime + usage.ru_stime,
        requests=len(registry.requests(AGENT)) / lines,
        peak_mb=peak,
        floor=floor,
    )


def _peak_mb(pid: int) -> float:
    for line in Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    return 0.0


def _heading() -> str:
    heads = zip(_HEADS[1:], _WIDTHS[1:], strict=True)
    return "".join([" " * _WIDTHS[0], *(head.rjust(width) for head, width in heads)])


def _show(passes: Iterator[Pass]) -> list[Pass]:
    shown = []
    for one in passes:
        print(one, flush=True)
        shown.append(one)
    return shown


def _goals(passes: Sequence[Pass], layers: float) -> list[Goal]:
    inspected = [one for one in passes if one.floor is not None]
    cold, known, warm, cold_layers, known_layers, warm_layers, command = inspected
    return [
        Goal("requests per image, cold", cold.requests, 2),
        Goal("requests, cold, with its layers", cold_layers.requests, 2 + layers),
        Goal("requests, known and due again", max(known.requests, known_layers.requests), 1),
        Goal("requests, warm", max(warm.requests, warm_layers.requests), 0),
        Goal("requests of slimgate inspect", command.requests, 2 + layers),
        Goal("time, cold, of the floor's", cold.seconds / (cold.floor or 1), 3, "x"),
        Goal("with layers", cold_layers.seconds / (cold_layers.floor or 1), 3, "x"),
        Goal("peak memory", max(one.peak_mb for one in inspected), 100, "MB"),
    ]
