"""Which policies speak of a workload, where its namespace may be newer than what a mirror knows."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final

from slimgate.core.errors import ImageError, SlimgateError, UnavailableError
from slimgate.core.policies.policy import Policy
from slimgate.core.text import printable
from slimgate.core.workloads.workload import Workload
from slimgate.engine.catalog import Catalog
from slimgate.engine.ports import NamespaceReader

_SECONDS: Final = 2.0
"""What reading a namespace may take of a review's time: the images are still to be looked up."""


async def ruling(
    catalog: Catalog,
    reader: NamespaceReader | None,
    workload: Workload,
    seconds: float,
    enter: Callable[[], Awaitable[None]],
) -> tuple[Sequence[Policy], Mapping[str, ImageError]]:
    """Find the policies that apply or may, and for some why nobody knows whether they do.

    Before it waits for the API server it has to `enter`.
    """
    undecided = catalog.undecided(workload)
    if not undecided:
        return catalog.matching(workload), {}
    try:
        if reader is None:
            raise UnavailableError("no mirror has heard of it")
        await enter()
        async with asyncio.timeout(min(seconds, _SECONDS)):
            labels = await reader.labels(workload.namespace)
    except TimeoutError:
        why = "the API server did not answer in time"
    except SlimgateError as error:
        why = str(error)
    else:
        return catalog.matching(workload, labels), {}
    name = printable(workload.namespace, 63)
    fault = UnavailableError(f"the labels of namespace {name} are not known: {why}")
    return catalog.matching(workload), dict.fromkeys(undecided, fault)
