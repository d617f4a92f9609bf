"""Kubelets as a user asks them, through the API server."""

import asyncio
from pathlib import Path

import pytest
from aiohttp import web

from slimgate.cluster import kubelet_proxy
from slimgate.cluster.kubelet_proxy import ProxiedKubelets
from slimgate.core.errors import ClusterError, KubeletError
from slimgate.core.images.facts import Platform
from slimgate.core.nodes.node import Node, Runtime
from tests.support.cluster_client import client_of

NODE = Node(name="n1", runtime=Runtime.CONTAINERD, platform=Platform("linux", "amd64"), images=())
SUMMARY = {"node": {"runtime": {"imageFs": {"usedBytes": 7, "capacityBytes": 9}}}}
CONFIG = {"kubeletconfig": {"imageGCHighThresholdPercent": 70, "evictionHard": {}}}
HANGS = -1


def server(summary: object, config: object) -> web.Application:
    """Serve what a kubelet answers: JSON, a status, or nothing for long."""

    def answering(what: object) -> object:
        async def answer(_: web.Request) -> web.Response:
            if what == HANGS:
                await asyncio.sleep(30)
            return web.json_response({} if isinstance(what, int) else what, status=_status(what))

        return answer

    app = web.Application()
    app.router.add_get("/api/v1/nodes/n1/proxy/stats/summary", answering(summary))  # type: ignore[arg-type]
    app.router.add_get("/api/v1/nodes/n1/proxy/configz", answering(config))  # type: ignore[arg-type]
    return app


def _status(what: object) -> int:
    return what if isinstance(what, int) and what > 0 else 200


@pytest.mark.parametrize(
    ("config", "collect"), [(CONFIG, 70), ({}, None), (403, None), (500, None), (HANGS, None)]
)
async def test_read(tmp_path: Path, config: object, collect: int | None) -> None:
    """What it measured is read, and its thresholds where it tells them."""
    async with client_of(server(SUMMARY, config), tmp_path) as api:
        found = await ProxiedKubelets(api, seconds=0.5).image_fs(NODE)

    assert (found.used, found.capacity) == (7, 9)
    assert (None if found.thresholds is None else found.thresholds.collect) == collect


@pytest.mark.parametrize(
    ("summary", "reason"), [(403, "refused"), ({}, "no_stats"), (HANGS, "late"), (502, None)]
)
async def test_not_read(tmp_path: Path, summary: object, reason: str | None) -> None:
    """Why it could not be read is told, and one that hangs is not waited for."""
    async with client_of(server(summary, CONFIG), tmp_path) as api:
        with pytest.raises(ClusterError) as caught:
            await ProxiedKubelets(api, seconds=0.5).image_fs(NODE)

    error = caught.value
    assert (error.reason if isinstance(error, KubeletError) else None) == reason


async def test_too_much(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Reading stops at the size limit, as it does where the kubelet is asked itself."""
    monkeypatch.setattr(kubelet_proxy, "MAX_SUMMARY", 100)
    async with client_of(server({**SUMMARY, "more": "x" * 100}, CONFIG), tmp_path) as api:
        with pytest.raises(ClusterError, match="larger than the 100 bytes"):
            await ProxiedKubelets(api).image_fs(NODE)
