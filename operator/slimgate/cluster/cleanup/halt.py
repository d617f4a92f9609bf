"""Stops slimgate before a clean-up: it gets no more admissions, and its controller ends."""

import asyncio
from typing import Final

from slimgate.cluster.api import ClusterApi
from slimgate.cluster.cleanup.tally import CleanupTally
from slimgate.cluster.resources import WEBHOOK_CONFIGURATIONS
from slimgate.core.errors import ClusterError, MissingError
from slimgate.core.json_object import JsonObject, mapping_at, text_at
from slimgate.core.workloads.kinds import DEPLOYMENTS, PODS

_LOOK_SECONDS: Final = 0.5
_ENDED: Final = frozenset({"Succeeded", "Failed"})


async def delete_configuration(api: ClusterApi, name: str, tally: CleanupTally) -> None:
    """Delete the webhook's configuration, before anything that answers its calls is gone."""
    try:
        await api.delete(WEBHOOK_CONFIGURATIONS.one("", name))
    except MissingError:
        return
    except ClusterError as error:
        tally.failed(f"{WEBHOOK_CONFIGURATIONS.kind} {name}", error)
        return
    tally.did(f"deleted the {WEBHOOK_CONFIGURATIONS.kind} {name}")


async def stop_controllers(
    api: ClusterApi, namespace: str, selector: str, seconds: float, tally: CleanupTally
) -> None:
    """Scale the controller down and wait until its pods are gone: it would write anew.

    Pods may have been told to end by somebody else already, so they are waited for in any case.
    """
    query = {"labelSelector": selector}
    deployments = DEPLOYMENTS
    running: list[str] = []
    try:
        async for found in api.list(deployments.within(namespace), query):
            name = text_at(mapping_at(found, "metadata"), "name")
            if mapping_at(found, "spec").get("replicas") != 0:
                path = f"{deployments.one(namespace, name)}/scale"
                await api.merge_patch(path, {"spec": {"replicas": 0}})
                tally.did(f"scaled the Deployment {name} down to 0")
        async with asyncio.timeout(seconds):
            while running := await _running(api, namespace, query):  # noqa: ASYNC110 - asked
                await asyncio.sleep(_LOOK_SECONDS)
    except TimeoutError:
        tally.failed(
            f"the pod {running[0]}", "it still runs, and what it writes from now on remains"
        )
    except ClusterError as error:
        tally.failed("stopping the controller", error)


async def _running(api: ClusterApi, namespace: str, query: dict[str, str]) -> list[str]:
    pods = api.list(PODS.within(namespace), query)
    return [text_at(mapping_at(pod, "metadata"), "name") async for pod in pods if not _ended(pod)]


def _ended(pod: JsonObject) -> bool:
    return text_at(mapping_at(pod, "status"), "phase") in _ENDED
