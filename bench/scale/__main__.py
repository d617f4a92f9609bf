"""Measure the controller on a cluster of made-up workloads, nodes and pods, in a table."""

import argparse
import asyncio
import os
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import Final

from bench.processes import BenchError
from bench.scale import steps
from bench.scale.objects import Size
from bench.scale.place import place
from bench.scale.steps import Course
from bench.scale.table import Figure, line
from tests.lab.errors import LabError
from tests.registry import servers

Part = Callable[[Course], AsyncIterator[Figure]]
_SHORT: Final[Sequence[Part]] = (steps.bare, steps.from_start)
_LONG: Final[Sequence[Part]] = (*_SHORT, steps.bare, steps.again, steps.over_from_start)
_WHOLE: Final = Size(
    deployments=10_000,
    images=500,
    namespaces=50,
    nodes=5_000,
    node_images=50,
    pods=50_000,
    policies=100,
    exceptions=1_000,
    turned=10_000,
    seed=1,
)


def main() -> int:
    """Run it; 0 if every goal was met, 1 if one was not, 2 if it could not run."""
    options = _options()
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    if not servers.is_installed():
        print(
            "error: docker-registry is not installed: apt-get install docker-registry",
            file=sys.stderr,
        )
        return 2
    with tempfile.TemporaryDirectory(prefix="slimgate-scale-") as folder:
        try:
            figures = asyncio.run(_run(Path(folder), options))
        except (AssertionError, BenchError, LabError) as error:
            print(f"error: {error}", file=sys.stderr)
            return 2
        except KeyboardInterrupt:
            return 130
    return 0 if all(one.met is not False for one in figures) else 1


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    """End as by Ctrl-C, so that nothing is left."""
    raise KeyboardInterrupt


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.scale", description=__doc__)
    for name in Size.__slots__:
        flag = f"--{name.replace('_', '-')}"
        parser.add_argument(flag, type=int, default=getattr(_WHOLE, name))
    parser.add_argument("--rest", type=float, default=360, help="seconds to look on at rest")
    parser.add_argument("--pause", type=float, default=2, help="seconds between metrics' readings")
    text = "in seconds: without kwok, nodes, pods and restarts"
    parser.add_argument("--short", action="store_true", help=text)
    return parser.parse_args()


async def _run(folder: Path, options: argparse.Namespace) -> list[Figure]:
    size = Size(**{name: getattr(options, name) for name in Size.__slots__})
    if options.short:
        size = replace(size, nodes=0, pods=0)
    print(f"{size}\nload of this machine: {os.getloadavg()[0]:.1f}", flush=True)
    figures = []
    async with place(folder, size, crowded=not options.short) as made:
        print(f"made; load of this machine: {os.getloadavg()[0]:.1f}", flush=True)
        course = Course(place=made, pause=options.pause, rest_seconds=options.rest)
        async for figure in _figures(course, _SHORT if options.short else _LONG):
            figures.append(figure)
            print(line(figure), flush=True)
    return figures


async def _figures(course: Course, parts: Sequence[Part]) -> AsyncIterator[Figure]:
    for part in parts:
        async for figure in part(course):
            yield figure
    for figure in steps.loop(course):
        yield figure


if __name__ == "__main__":
    sys.exit(main())
