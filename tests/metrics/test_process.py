"""What every process has, and what it asks of the API server."""

import asyncio
import time
from importlib.metadata import version

import pytest
from prometheus_client import CollectorRegistry

from slimgate.metrics import ControllerMetrics, Metrics, WebhookMetrics
from slimgate.metrics.process import ProcessMetrics
from slimgate.process.loop import WatchedLoop, watch_loop
from tests.metrics.series import bounds, by
from tests.support.clock import Clock

REQUESTS = "slimgate_kubernetes_requests_total"
LONGEST = "slimgate_event_loop_longest_turn_seconds"
DURATION = "slimgate_kubernetes_request_duration_seconds"


@pytest.mark.parametrize(
    ("made", "role"), [(ControllerMetrics(), "controller"), (WebhookMetrics(), "webhook")]
)
def test_build(made: Metrics, role: str) -> None:
    """The version that runs, and as what."""
    assert by(made.registry, "slimgate_build_info") == {(role, version("slimgate")): 1}


def test_requests() -> None:
    """They are counted by method and outcome, and timed; the length of a watch says nothing."""
    metrics = ControllerMetrics()
    metrics.api_request("GET", 200, 0.1)
    metrics.api_request("PATCH", 409, 0.1)
    metrics.api_request("PATCH", 415, 0.1)
    metrics.api_request("GET", "unreachable", 30.0)
    metrics.api_request("WATCH", 410, 300.0)

    assert by(metrics.registry, REQUESTS) == {
        ("GET", "200"): 1.0,
        ("PATCH", "409"): 1.0,
        ("PATCH", "4xx"): 1.0,
        ("GET", "unreachable"): 1.0,
        ("WATCH", "410"): 1.0,
    }
    assert by(metrics.registry, f"{DURATION}_count") == {("GET",): 2.0, ("PATCH",): 2.0}
    assert {30.0, 60.0} <= bounds(metrics.registry, DURATION)


async def test_a_loop_that_is_held_up() -> None:
    """Whoever keeps the event loop to himself is seen."""
    metrics = ControllerMetrics()
    watching = asyncio.create_task(watch_loop(metrics.loop_delayed, period=0.01))
    await asyncio.sleep(0.05)
    time.sleep(0.3)  # noqa: ASYNC251 - the fault that is to be seen
    await asyncio.sleep(0.05)
    watching.cancel()

    name = "slimgate_event_loop_delay_seconds"
    buckets = by(metrics.registry, f"{name}_bucket")
    assert by(metrics.registry, f"{name}_count")[()] > 1
    assert buckets["+Inf",] - buckets["0.25",] == 1


def test_the_longest_turn() -> None:
    """Each turn counts, and the longest of the last minute or two is shown."""
    metrics = ControllerMetrics()

    async def work() -> None:
        watching = asyncio.create_task(
            watch_loop(metrics.loop_delayed, metrics.loop_held, period=0.01)
        )
        await asyncio.sleep(0.05)
        for seconds in (0.2, 0.001):
            time.sleep(seconds)  # noqa: ASYNC251 - the fault that is to be seen
            await asyncio.sleep(0.05)
        watching.cancel()

    with asyncio.Runner(loop_factory=WatchedLoop) as runner:
        runner.run(work())

    (longest,) = by(metrics.registry, LONGEST).values()
    assert 0.2 <= longest < 1


def test_turns_that_are_long_ago() -> None:
    """They are shown no more."""
    clock, registry = Clock(), CollectorRegistry()
    process = ProcessMetrics(registry, "controller", clock)
    shown: list[float] = []
    for seconds, held in ((0, 0.5), (59, 0.1), (30, 0.2), (60, 0.0), (120, None)):
        clock.now += seconds
        if held is not None:
            process.loop_held(held)
        shown.extend(by(registry, LONGEST).values())

    assert shown == [0.5, 0.5, 0.2, 0.2, 0.0]
