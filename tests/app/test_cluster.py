"""What both roles share: it waits for the API server, says what it lacks, and follows the rest."""

import asyncio
from pathlib import Path

import pytest

from slimgate.app.cluster import Observers, open_core
from slimgate.cluster.resources import (
    BASE_IMAGES,
    NAMESPACES,
    NODES,
    SLIM_EXCEPTIONS,
    SLIM_POLICIES,
)
from slimgate.metrics import WebhookMetrics
from slimgate.settings import Settings
from tests.app.api_server import HOST, ApiServer
from tests.cluster.conftest import at_last
from tests.engine import cluster
from tests.live.programs import free_port
from tests.support.kubeconfig import kubeconfig


async def test_from_a_cluster_that_is_away_to_its_catalog(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The reason is given until all kinds are loaded, and the bases of BaseImages looked up."""
    server, port = ApiServer(refused={"namespaces"}), free_port(HOST)
    server.add(SLIM_POLICIES, cluster.policy())
    server.add(SLIM_EXCEPTIONS, cluster.exception("legacy"))
    server.add(BASE_IMAGES, cluster.base_image("127.0.0.1:1/golden:1"))
    server.add(NAMESPACES, cluster.namespace({"team": "red"}))
    server.add(NODES, cluster.node("n1", "arm64"))
    config = "slimgate.cluster.connect.KUBE_CONFIG_DEFAULT_LOCATION"
    monkeypatch.setattr(config, kubeconfig(tmp_path, f"http://{HOST}:{port}"))
    waited: list[str] = []
    opening = open_core(Settings(), Observers.of(WebhookMetrics()), waited.append)
    entering = asyncio.ensure_future(opening.__aenter__())
    await at_last(lambda: bool(waited))
    async with server.serving(port):
        core = await entering
        running = asyncio.ensure_future(core.run())
        reasons = [core.unready_reason()]
        await at_last(lambda: "namespaces are not loaded: the API" in (core.unready_reason() or ""))
        reasons.append(core.unready_reason())
        server.refused.clear()
        await core.ready()
        catalog = core.catalog
        running.cancel()
        await opening.__aexit__(None, None, None)

    assert "can't be reached" in waited[0]
    assert reasons == [
        "policies are not loaded: they are being listed",
        "namespaces are not loaded: the API server forbids it: no right",
    ]
    assert core.unready_reason() is None
    assert [len(one) for one in core.mirrors.values()] == [1] * 5
    assert ([*catalog.policies], len(catalog.base_images)) == (["default"], 1)
    assert [str(one) for one in catalog.platforms] == ["linux/arm64"]
    assert [one.name for one in catalog.exceptions_for(cluster.workload("x"))] == ["legacy"]
