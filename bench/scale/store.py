"""Writes objects into etcd as the API server keeps them, by etcd's own HTTP interface.

https://etcd.io/docs/v3.6/dev-guide/api_grpc_gateway/
"""

import asyncio
import base64
import json
from collections.abc import Iterable
from itertools import islice
from typing import Final

import aiohttp

from bench.processes import BenchError
from bench.scale.kept import Kept

_PREFIX: Final = "/registry/"
_TOGETHER: Final = 50
"""Below etcd's bounds of 128 operations and 1.5 MiB."""
_AT_ONCE: Final = 4
_SECONDS: Final = 120.0


async def keep(url: str, kept: Iterable[Kept]) -> None:
    """Write all of them."""
    left, timeout = iter(kept), aiohttp.ClientTimeout(total=_SECONDS)

    async def work(session: aiohttp.ClientSession) -> None:
        while some := list(islice(left, _TOGETHER)):
            body = {"success": [{"requestPut": _put(key, made)} for key, made in some]}
            async with session.post(f"{url}/v3/kv/txn", json=body) as answer:
                if not answer.ok:
                    raise BenchError(f"etcd: {await answer.text()}")

    async with aiohttp.ClientSession(timeout=timeout) as session, asyncio.TaskGroup() as tasks:
        for _ in range(_AT_ONCE):
            tasks.create_task(work(session))


def _put(key: str, made: object) -> dict[str, str]:
    return {"key": _encoded(f"{_PREFIX}{key}"), "value": _encoded(json.dumps(made))}


def _encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()
