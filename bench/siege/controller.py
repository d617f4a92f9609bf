"""The real controller in a cluster whose tenants make objects as large as they may be."""

import asyncio
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench.processes import cpu_seconds, forget_peak, memory_mb
from slimgate.cluster.resources import EVENTS, SLIM_POLICIES
from slimgate.core.workloads.kinds import DEPLOYMENTS
from tests.app.api_server import ApiServer
from tests.engine.cluster import policy
from tests.live.programs import Program

CONTROLLER_MB: Final = 512
"""What charts/slimgate/values.yaml limits the controller to."""
_ALL_SECONDS: Final = 120.0
"""For all workloads to be judged, some as unknown; on two busy processors."""
_LEAST_SECONDS: Final = 8.0
"""How long it is looked on at least: events are read besides."""
_SETTINGS: Final = {"node_refresh_interval": "1m", "certificates": "CertManager"}
_STATUS: Final = f"{SLIM_POLICIES.one('', 'default')}/status"
_LARGE: Final = 1_400_000
"""Bytes of an object that the API server takes, with some to spare."""
_EVIL: Final = "evil"


@dataclass(frozen=True, slots=True, kw_only=True)
class Flood:
    """So many objects, each made by its number, which are workloads to be judged or not."""

    name: str
    count: int
    make: Callable[[ApiServer, int], None]
    judged: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """What became of it; memory in MB of 2^20 bytes, times in seconds."""

    peak: float
    live: float
    judged: float | None
    """After how long all workloads were, None where not all are."""
    cpu: float


def _deployment(
    server: ApiServer,
    number: int,
    *,
    images: int = 1,
    text: str = "",
    labels: int = 0,
    secrets: int = 0,
) -> None:
    containers = [
        {"name": f"c{i}", "image": f"no//{number}/{i}{'a' * 150 * (images > 1)}", "args": [text]}
        for i in range(images)
    ]
    named = [{"name": f"s{i:06d}{'n' * 200}"} for i in range(secrets)]
    pod = {"containers": containers, "imagePullSecrets": named}
    marks = {f"l{i:06d}/{'n' * 50}": "v" * 63 for i in range(labels)}
    obj = {"metadata": {"labels": marks}, "spec": {"template": {"spec": pod}}}
    server.add(DEPLOYMENTS, obj, name=f"w{number}", namespace=_EVIL, uid=f"u{number}")


def _pulled(server: ApiServer, number: int) -> None:
    event = {
        "reason": "Pulled",
        "reportingController": "kubelet",
        "reportingInstance": f"n{number}",
        "regarding": {"kind": "Pod", "namespace": _EVIL},
        "note": f'Successfully pulled image "a/{number}" in 1s. Image size: 1 bytes.',
        "metadata": {"annotations": {"a": "x" * 250_000}},
    }
    server.add(EVENTS, event, name=f"e{number}", namespace=_EVIL)


def _texts(server: ApiServer, number: int) -> None:
    _deployment(server, number, text="x" * _LARGE)


def _images(server: ApiServer, number: int) -> None:
    _deployment(server, number, images=7_000)


def _labels(server: ApiServer, number: int) -> None:
    _deployment(server, number, labels=10_000)


def _secrets(server: ApiServer, number: int) -> None:
    _deployment(server, number, secrets=6_000)


FLOODS: Final = (
    Flood(name="200 Deployments of 1.4 MB", count=200, make=_texts),
    Flood(name="100 Deployments of 7,000 images", count=100, make=_images),
    Flood(name="100 Deployments of 10,000 labels", count=100, make=_labels),
    Flood(name="100 Deployments of 6,000 secrets", count=100, make=_secrets),
    Flood(name="1,000 events of 250 KB", count=1_000, make=_pulled, judged=False),
)


async def hold(flood: Flood, scale: float) -> Held:
    """Start a controller in such a cluster, and see what it takes to know it all."""
    server = ApiServer()
    server.add(SLIM_POLICIES, policy())
    _deployment(server, -1)
    count = max(1, int(flood.count * scale))
    for number in range(count):
        flood.make(server, number)
    wanted = 1 + count * flood.judged
    with tempfile.TemporaryDirectory(prefix="slimgate-siege-") as folder:
        async with server.roles(Path(folder), **_SETTINGS) as begin:
            program = begin("controller")
            return await _watched(program, server, wanted)


async def _watched(program: Program, server: ApiServer, wanted: int) -> Held:
    began, judged = time.monotonic(), None
    argv = (sys.executable, "-m", "bench.siege.living", f"{program.health}/livez")
    pipe = asyncio.subprocess.PIPE
    # This process serves what it has made up, and would be late to ask.
    living = await asyncio.create_subprocess_exec(*argv, stdin=pipe, stdout=pipe)
    forget_peak(program.pid)
    while program.runs() and (past := time.monotonic() - began) < _ALL_SECONDS:
        if judged is None and _judged(server) == wanted:
            judged = past
        if judged is not None and past > _LEAST_SECONDS:
            break
        await asyncio.sleep(0.05)
    gone = not program.runs()
    slowest, _ = await living.communicate(b"")
    return Held(
        peak=float("inf") if gone else memory_mb(program.pid, "VmHWM"),
        live=float(slowest),
        judged=judged,
        cpu=0.0 if gone else cpu_seconds(program.pid),
    )


def _judged(server: ApiServer) -> int:
    """Say of how many workloads the policy's status tells."""
    written = server.bodies(_STATUS)
    return int(written[-1]["status"].get("workloads", 0)) if written else 0
