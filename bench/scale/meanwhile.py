"""What happens in a cluster anyway: workloads come, and kubelets say that they are there."""

import asyncio
from datetime import UTC, datetime
from typing import Final

from bench.scale import objects
from bench.scale.client import Call
from bench.scale.objects import Json
from bench.scale.place import Place, create, status_patch
from slimgate.core.wording.annotations import VERDICT
from slimgate.core.workloads.kinds import DEPLOYMENTS

_BEAT_SECONDS: Final = 300.0
"""How often a kubelet writes its node's status where nothing changes."""
_NEWCOMER_PAUSE: Final = 3.0
_PATIENCE: Final = 600.0


async def newcomers(place: Place) -> list[float]:
    """Make a workload now and then, and see when it has its verdict."""
    waits: list[float] = []
    within = place.size.turned_namespaces()
    try:
        while True:
            namespace = within[len(waits) % len(within)]
            name = f"new-{len(waits):04d}"
            made = objects.deployment(namespace, name, place.images[0].reference, 1)
            await create(place.admin, [made])
            seen = Call(method="GET", path=DEPLOYMENTS.one(namespace, name))
            waits.append(await place.admin.until(seen, _has_verdict, _PATIENCE))
            await asyncio.sleep(_NEWCOMER_PAUSE)
    except asyncio.CancelledError:
        return waits


async def beats(place: Place) -> None:
    """Have each node's kubelet say every five minutes that it is there."""
    size, number = place.size, 0
    while size.nodes:
        beat = {"type": "Ready", "status": "True", "lastHeartbeatTime": _now()}
        await place.admin.call(status_patch(number % size.nodes, {"conditions": [beat]}))
        number += 1
        await asyncio.sleep(_BEAT_SECONDS / size.nodes)


def _has_verdict(deployment: Json) -> bool:
    return VERDICT in deployment["metadata"].get("annotations", {})


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
