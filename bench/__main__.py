"""Measure the webhook beside one that does nothing, the inspector, or the look at nodes.

The first two compare with goals.
"""

import argparse
import asyncio
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench import inspections, nodes, report
from bench.hooks import Hook, Loopback, Place, make_tls, start_null
from bench.images import push
from bench.lab import InLab
from bench.load import send
from bench.measure import Bench
from bench.processes import BenchError, Program, free_port
from tests.lab.errors import LabError
from tests.lab.state import load
from tests.registry import servers

_CONCURRENCIES = (1, 8, 32)
_ADMITTED = 200
_INSPECTED = 1000
_ON_NODES = 10_000


def main() -> int:
    """Run it; 0 if every goal is met, 1 if one is not, 2 if it could not run."""
    options = _options()
    with tempfile.TemporaryDirectory(prefix="slimgate-bench-") as name:
        try:
            if options.what == "nodes":
                asyncio.run(nodes.measure(options.nodes, options.images or _ON_NODES))
                return 0
            if options.what == "inspections":
                return inspections.run(Path(name), options.images or _INSPECTED)
            with _place(Path(name), options.lab) as place, _bench(Path(name), place, options) as it:
                return asyncio.run(_measure(it, Path(name), options))
        except (BenchError, LabError) as error:
            print(f"error: {error}", file=sys.stderr)
            return 2


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    what = ["webhook", "inspections", "nodes"]
    parser.add_argument("what", nargs="?", choices=what, default=what[0])
    of_each = zip((_ADMITTED, _INSPECTED, _ON_NODES), what, strict=True)
    counts = ", ".join(f"{count} for {one}" for count, one in of_each)
    parser.add_argument("--images", type=int, help=counts)
    parser.add_argument("--nodes", type=int, default=5000)
    parser.add_argument("--count", type=int, default=3000, help="requests of one warm run")
    parser.add_argument("--rounds", type=int, default=3, help="runs of which the median is shown")
    parser.add_argument("--memory-step", type=int, default=20_000)
    parser.add_argument(
        "--lab",
        choices=["auto", "yes", "no"],
        default="auto",
        help="run the real webhook against the lab's API server: auto does if the lab is up",
    )
    return parser.parse_args()


@contextmanager
def _place(folder: Path, wanted: str) -> Iterator[Place]:
    state = Path(".lab/lab.json")
    if wanted == "no" or (wanted == "auto" and not state.exists()):
        yield Loopback(folder, make_tls(folder, ["127.0.0.1"]))
        return
    lab = load(state)
    place = InLab(lab, folder, make_tls(folder, ["127.0.0.1", lab.host_address]))
    with place.set_up():
        yield place


@contextmanager
def _bench(folder: Path, place: Place, options: argparse.Namespace) -> Iterator[Bench]:
    if not servers.is_installed():
        raise BenchError("docker-registry is not installed: apt-get install docker-registry")
    registry = servers.start(folder, "registry")
    port = free_port()
    hang = Program(["-m", "bench.hang", str(port)], folder / "hang.log")
    try:
        count = options.images or _ADMITTED
        print(f"pushing {count} images to {registry.host}", file=sys.stderr, flush=True)
        yield Bench(
            place=place,
            registry=registry,
            images=push(registry.host, count),
            hanging_registry=f"127.0.0.1:{port}",
            rounds=options.rounds,
        )
    finally:
        hang.stop()
        registry.stop()


async def _measure(bench: Bench, folder: Path, options: argparse.Namespace) -> int:
    facts = f"{len(bench.images)} images; median of {bench.rounds}; load {os.getloadavg()[0]:.1f}"
    _show([f"{bench.place.description}; {facts}", "", report.heading()])
    cold = [await bench.cold(concurrency) for concurrency in (1, 8)]
    _show([report.cold_line(one) for one in cold])
    null, hook = start_null(folder, bench.place.tls), bench.start()
    try:
        memory = await bench.memory(hook, options.memory_step, 2)
        warm = [await bench.warm(hook, null, c, options.count) for c in _CONCURRENCIES]
        _show(report.warm_lines(warm))
        if isinstance(bench.place, InLab):
            await _through_api_server(bench, bench.place, hook, options.count // 3)
        hanging = await bench.hanging(hook)
        _show(report.hanging_lines(hanging))
    finally:
        hook.program.stop()
        null.program.stop()
    goals = report.goals(warm, cold, memory, hanging)
    _show(["", report.memory_line(memory), "", *map(str, goals)])
    return 0 if all(goal.met for goal in goals) else 1


async def _through_api_server(bench: Bench, place: InLab, hook: Hook, count: int) -> None:
    target = place.api_server()
    for concurrency in (1, 8):
        bare = await send(target, place.creations(bench.images, count, asked=False), concurrency)
        with place.registered(hook):
            place.wait_until_asked(next(image for image in bench.images if image.big))
            creations = place.creations(bench.images, count, asked=True)
            asked = await send(target, creations, concurrency)
        _show(
            [
                report.row(f"API server alone c={concurrency}", bare),
                report.row(f"API server, slimgate c={concurrency}", asked),
            ]
        )


def _show(lines: list[str]) -> None:
    print("\n".join(lines), flush=True)


if __name__ == "__main__":
    sys.exit(main())
